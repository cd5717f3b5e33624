"""Comparisons that are ready to run."""

from __future__ import annotations

from dataclasses import replace

from experiments.comparison.plan import TRAINING, Plan, TokenizerSpec
from lstm_lm.config import ModelConfig


def demo() -> Plan:
    """The built-in English text, four kinds of tokenizer, a small network: a few minutes."""
    return Plan(
        corpus={"source": "python-docs", "normalize": ["whitespace"]},
        tokenizers=tuple(map(TokenizerSpec, ("word", "character", "bpe:2000", "wordpiece:2000"))),
        model=ModelConfig(embedding_size=128, hidden_size=192, n_layers=1, dropout=0.2),
        training=replace(TRAINING, batch_size=16, epochs=4, learning_rate=4e-3, n_validations=6),
        context_bytes=192,
        seeds=(0, 1, 2),
        prompts=("The with statement", "If an exception is raised", "Unreachable objects"),
    )


PRESETS = {"demo": demo}
