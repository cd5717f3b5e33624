"""Two tiny runs and what the playground makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_lm
from experiments.play.opening import Entry, open_entries
from lstm_lm import ModelConfig, TrainingConfig
from toktools import open_corpus, train_bpe, train_word


@pytest.fixture(scope="session")
def corpus():
    return open_corpus("human-numbers", limit=240, normalize="lowercase")


@pytest.fixture(scope="session")
def runs(tmp_path_factory, corpus) -> list[Path]:
    """A run on frequent words, one on byte-level BPE; their text was put in lower case."""
    folder = tmp_path_factory.mktemp("runs")
    train = list(corpus.split("train"))
    made = {"word": train_word(train, min_count=12), "bpe": train_bpe(train, vocab_size=275)}
    for name, tokenizer in made.items():
        lstm_lm.train(
            folder / name,
            corpus,
            tokenizer,
            model=ModelConfig(embedding_size=12, hidden_size=16, n_layers=1),
            training=TrainingConfig(batch_size=8, bptt=10, epochs=1, n_validations=1),
        )
    return [folder / name for name in made]


@pytest.fixture(scope="session")
def entries(runs, corpus) -> list[Entry]:
    """The two runs, with a tokenizer between them that has no model."""
    return open_entries([str(runs[0]), "character", str(runs[1])], corpus, lambda line: None)
