"""Training that starts from the frequencies of tokens."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.head import MixtureHead
from lstm_lm.runs.run import train
from lstm_lm.training.outcomes import TrainingInterrupted
from lstm_lm.training.unigram_start import start_from_frequencies
from toktools import train_byte

TEXT = ["abab cab", "ab", "cabba"] * 40
SPLITS = {"train": TEXT, "validation": ["ab cab"]}
MODEL = ModelConfig(embedding_size=8, hidden_size=8, n_layers=1)
TRAINING = TrainingConfig(epochs=0.05, batch_size=2, bptt=8, learning_rate=1e-9, n_validations=1)


def untrained(path: Path, **changes):
    """Train with next to no learning rate: what is left is the start."""
    training = dataclasses.replace(TRAINING, **changes)
    return train(path, SPLITS, train_byte(TEXT), model=MODEL, training=training)


def entropy_in_nats(texts: list[str]) -> float:
    counts = Counter("".join(texts))
    counts["<EOS>"] = len(texts)
    n = sum(counts.values())
    return -sum(count / n * math.log(count / n) for count in counts.values())


def test_the_first_loss_is_the_entropy_of_the_tokens_and_not_the_log_of_their_number(tmp_path):
    plain = untrained(tmp_path / "plain").metrics[0]["train_loss_nats"]
    begun = untrained(tmp_path / "begun", unigram_start=True).metrics[0]["train_loss_nats"]
    assert abs(plain - math.log(258)) < 0.2
    assert abs(begun - entropy_in_nats(TEXT)) < 0.2


def test_nothing_but_the_bias_begins_otherwise(tmp_path: Path):
    plain = untrained(tmp_path / "plain").model.state_dict()
    begun = untrained(tmp_path / "begun", unigram_start=True).model.state_dict()
    for name in plain:
        same = torch.allclose(plain[name], begun[name], atol=1e-6)
        assert same == (name != "head.bias"), name


def test_a_token_never_seen_is_rare_and_not_impossible():
    head = torch.nn.Linear(2, 3)
    start_from_frequencies(head, np.array([0] * 99 + [1], np.uint32))
    shares = head.bias.softmax(0)
    assert 0 < shares[2] < shares[1] < shares[0]


def test_a_mixture_has_one_bias_for_all():
    head = MixtureHead(4, 3, 5, 2)
    start_from_frequencies(head, np.array([0, 0, 0, 0, 0, 0, 0, 2], np.uint32))
    p_V = head(torch.zeros(1, 1, 4)).exp()[0, 0]
    assert p_V.argmax() == 0


def test_a_run_that_goes_on_keeps_what_it_has_learned(tmp_path: Path):
    whole = untrained(tmp_path / "whole", unigram_start=True, learning_rate=0.1, epochs=0.5)
    calls = []

    def stop() -> bool:
        calls.append(0)
        return len(calls) == 3

    training = dataclasses.replace(TRAINING, unigram_start=True, learning_rate=0.1, epochs=0.5)
    options = {"model": MODEL, "training": training}
    with pytest.raises(TrainingInterrupted):
        train(tmp_path / "cut", SPLITS, train_byte(TEXT), **options, stop=stop)
    again = train(tmp_path / "cut", SPLITS, train_byte(TEXT), **options, resume=True)
    for name, weights in whole.model.state_dict().items():
        assert torch.equal(weights, again.model.state_dict()[name]), name
