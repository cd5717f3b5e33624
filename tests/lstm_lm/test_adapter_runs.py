"""A run directory holds any library's tokenizer, and what it hides is charged for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiktoken
import tokenizers as hf

import lstm_lm
from lstm_lm import ModelConfig, TrainingConfig
from toktools import HuggingFaceTokenizer, TiktokenTokenizer, Tokenizer, train_sentencepiece


def word_level(documents: list[str]) -> Tokenizer:
    """Words between white space, as the Hugging Face library cuts them; rare ones unknown."""
    tokenizer = hf.Tokenizer(hf.models.WordLevel({"?": 0, "</s>": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = hf.pre_tokenizers.WhitespaceSplit()
    trainer = hf.trainers.WordLevelTrainer(
        min_frequency=12, special_tokens=["?", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(documents, trainer)
    return HuggingFaceTokenizer(tokenizer)


def some_letters(documents: list[str]) -> Tokenizer:
    """SentencePiece that has not seen an x."""
    return train_sentencepiece([text for text in documents if "x" not in text], vocab_size=30)


def ranks(documents: list[str]) -> Tokenizer:
    """Bytes and one merge."""
    return TiktokenTokenizer(
        tiktoken.Encoding(
            "tiny",
            pat_str=r"\w+|[\s\S]",
            mergeable_ranks={bytes([byte]): byte for byte in range(256)} | {b"ne": 256},
            special_tokens={"<|endoftext|>": 257},
        )
    )


@pytest.mark.parametrize(
    ("make", "batching", "hides"),
    [(word_level, "stream", True), (some_letters, "sentence", True), (ranks, "stream", False)],
)
def test_a_run_loads_with_the_same_figures_and_all_text_is_accounted_for(
    make: Callable[[list[str]], Tokenizer],
    batching: str,
    hides: bool,
    texts: dict[str, list[str]],
    tmp_path: Path,
):
    run = lstm_lm.train(
        tmp_path / "run",
        texts,
        make(texts["train"]),
        model=ModelConfig(embedding_size=8, hidden_size=8, n_layers=1),
        training=TrainingConfig(batching=batching, epochs=0.5, batch_size=4),
    )
    loaded = lstm_lm.load(run.path)
    evaluation = loaded.evaluate(texts["validation"]).as_dict()
    assert evaluation == run.evaluate(texts["validation"]).as_dict()
    assert (evaluation["n_any"] > 0) == hides
    assert evaluation["documents_reproduced"] == len(texts["validation"])
    assert evaluation["n_bytes"] == sum(len(d.encode()) + 1 for d in texts["validation"])
    assert str(loaded.generate("one")).startswith("one")
