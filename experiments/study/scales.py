"""How large the study is: which tokenizers, which model, how much of each budget.

`small` is sized for six hours on two cores, `large` for a GPU; `trial` takes a minute and shows
that everything goes. The reckoning is in docs/study.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from experiments.comparison.budgets import Budget
from experiments.comparison.plan import TRAINING, Plan, TokenizerSpec
from experiments.study.texts import BUILT_IN, STUDIED, StudyText
from lstm_lm.config import ModelConfig, TrainingConfig


@dataclass(frozen=True, kw_only=True)
class Scale:
    """One size of the study.

    Attributes:
        texts: what is read. tokenizers: what is compared on each of them, as one types it.
        amounts: how much of each budget, by its name.
        model, training, context_bytes, seeds: see `experiments.comparison.plan.Plan`.
    """

    texts: tuple[StudyText, ...]
    tokenizers: tuple[str, ...]
    model: ModelConfig
    training: TrainingConfig
    amounts: Mapping[str, float]
    context_bytes: int = 192
    seeds: tuple[int, ...] = (0, 1, 2)

    def plan(self, text: StudyText, budget: str, seeds: tuple[int, ...] = ()) -> Plan:
        """Return the comparison of one text under one budget."""
        return Plan(
            corpus=text.corpus(),
            tokenizers=tuple(map(TokenizerSpec, self.tokenizers)),
            model=self.model,
            training=self.training,
            context_bytes=self.context_bytes,
            seeds=seeds or self.seeds,
            prompts=text.prompts,
            analogies=text.analogies,
            budget=Budget(equal=budget, amount=self.amounts[budget]),
        )


def tokenizers(
    *, bpe: tuple[int, ...], wordpiece: tuple[int, ...], unigram: tuple[int, ...], words: int
) -> tuple[str, ...]:
    """Return words, characters and bytes, and the rest at these sizes, WordPiece by both criteria.

    Args: words: the most frequent ones that a word tokenizer knows.
    Example:
        >>> tokenizers(bpe=(300,), wordpiece=(), unigram=(), words=5000)
        ('word:max_vocab=5000', 'character', 'byte', 'bpe:300')
    """
    return (
        *(f"word:max_vocab={words}", "character", "byte"),
        *(f"bpe:{size}" for size in bpe),
        *(f"wordpiece:{size}" for size in wordpiece),
        *(f"wordpiece:{size},criterion=likelihood,min_frequency=5" for size in wordpiece),
        *(f"sentencepiece:{size}" for size in unigram),
    )


def small() -> Scale:
    """Five texts, eleven tokenizers, a network of one layer: six hours on two cores."""
    return Scale(
        texts=STUDIED,
        tokenizers=tokenizers(
            bpe=(1000, 4000, 8000), wordpiece=(4000, 8000), unigram=(4000,), words=10_000
        ),
        model=ModelConfig(embedding_size=128, hidden_size=192, n_layers=1, dropout=0.2),
        training=replace(
            TRAINING,
            batch_size=16,
            learning_rate=4e-3,
            precision="bfloat16",
            n_validations=4,
            validation_bytes=100_000,
        ),
        amounts={"bytes": 1_000_000, "flops": 2e12},
    )


def large() -> Scale:
    """The same texts and more sizes, a network of two layers: for a GPU."""
    return Scale(
        texts=STUDIED,
        tokenizers=tokenizers(
            bpe=(1000, 2000, 4000, 8000, 16_000),
            wordpiece=(4000, 8000, 16_000),
            unigram=(4000, 8000, 16_000),
            words=20_000,
        ),
        model=ModelConfig(embedding_size=512, hidden_size=1024, n_layers=2, dropout=0.4),
        training=replace(
            TRAINING,
            batch_size=64,
            learning_rate=2e-3,
            precision="bfloat16",
            n_validations=20,
            validation_bytes=400_000,
            checkpoint_every="60s",
        ),
        amounts={"bytes": 40_000_000, "flops": 3e15},
        context_bytes=384,
        seeds=(0, 1, 2, 3, 4),
    )


def trial() -> Scale:
    """Two built-in texts, three tokenizers, a tiny network: a minute, and no finding."""
    return Scale(
        texts=BUILT_IN,
        tokenizers=(
            "word:min_count=2",
            "wordpiece:300",
            "wordpiece:300,criterion=likelihood,min_frequency=5",
        ),
        model=ModelConfig(embedding_size=16, hidden_size=24, n_layers=1),
        training=replace(TRAINING, batch_size=4, learning_rate=4e-3, n_validations=2),
        amounts={"bytes": 10_000, "flops": 1e8},
        context_bytes=32,
        seeds=(0, 1),
    )


SCALES = {"small": small, "large": large, "trial": trial}
