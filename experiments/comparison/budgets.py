"""What is held equal between the runs of a comparison, and how each run is fitted to it.

bytes        each reads the same text, as often. steps: as many updates of the weights.
flops        as many floating-point operations of training, by `flops.size_of`.
parameters   a layer's size is changed until all have as many, within 1 %; each reads the same text.
seconds      as much time for training, validation not counted.

All but parameters are turned into a number of passes over the training text, or into minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.config.settings import check_types, one_of, setting
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.data.batching import Batches

EQUAL = ("bytes", "steps", "flops", "parameters", "seconds")
SIZES = ("hidden_size", "embedding_size")
TOLERANCE = 0.01


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every run gets the same amount of.

    Raises: ToktoolsError at an unknown name, or an amount that is missing or not positive.
    Example:
        >>> Budget(equal="flops", amount=2e12).sentence(TrainingConfig())
        '2e+12 floating-point operations of training'
    """

    equal: str = setting("bytes", "What every run gets the same amount of.", choices=EQUAL)
    amount: float | None = setting(
        None, "How much of it; bytes, without an amount: the passes over the text."
    )
    adjust: str = setting("hidden_size", "The size that makes parameters equal.", choices=SIZES)

    def __post_init__(self) -> None:
        check_types(self)
        one_of(self, "equal", EQUAL)
        one_of(self, "adjust", SIZES)
        if self.amount is None and self.equal != "bytes":
            raise ToktoolsError(
                f"a budget of equal {self.equal} needs an amount; give one with --amount, or as "
                "amount in [budget]"
            )
        if self.amount is not None and not 0 < self.amount < float("inf"):
            raise ToktoolsError(f"amount must be > 0 and finite, got {self.amount}")
        if self.adjust != "hidden_size" and self.equal != "parameters":
            raise ToktoolsError(f"adjust is for equal parameters, got equal {self.equal}")

    def sentence(self, training: TrainingConfig) -> str:
        """Return what is held equal in words, as every figure prints it."""
        amount = self.amount or 0
        if self.equal == "parameters":
            size = self.adjust.replace("_", " ")
            return f"{amount:,.0f} parameters (within 1%, by {size}) and {_length(training)}"
        if self.amount is None:
            return _length(training)
        return {
            "bytes": f"{amount:,.0f} bytes of training text",
            "steps": f"{amount:,.0f} updates",
            "flops": f"{amount:.4g} floating-point operations of training",
            "seconds": f"{amount:,.10g} seconds of training",
        }[self.equal]

    def fit_model(self, model: ModelConfig, n_vocab: int) -> ModelConfig:
        """Return the shape of the model of one run; see `fit_parameters`."""
        if self.equal != "parameters":
            return model
        return fit_parameters(model, n_vocab, self.amount or 0, adjust=self.adjust)

    def fit_training(
        self, training: TrainingConfig, batches: Batches, *, n_bytes: int, flops_per_token: int
    ) -> TrainingConfig:
        """Return how long one run is trained.

        Args:   batches: its training split; n_bytes: of the source text of that.
        Raises: ToktoolsError if the steps are no whole number.
        """
        amount = self.amount
        if amount is None or self.equal == "parameters":
            return training
        if self.equal == "seconds":
            return replace(training, minutes=amount / 60)
        if self.equal == "steps":
            return replace(training, epochs=passes_of_steps(batches, amount))
        per_pass = n_bytes if self.equal == "bytes" else flops_per_token * batches.n_tokens
        return replace(training, epochs=amount / per_pass)


def fit_parameters(
    model: ModelConfig, n_vocab: int, wanted: float, *, adjust: str = "hidden_size"
) -> ModelConfig:
    """Return the model with the size that brings it nearest to so many parameters.

    Tied embeddings have the length of what the head reads, so both change together.

    Raises: ToktoolsError if none comes within 1 %.
    Example:
        >>> fitted = fit_parameters(ModelConfig(embedding_size=16, n_layers=1), 100, 50_000)
        >>> fitted.hidden_size, fitted.embedding_size
        (90, 16)
    """
    from experiments.comparison.flops import size_of

    def n_parameters(size: int) -> int:
        return size_of(with_size(model, adjust, size), n_vocab).n_parameters

    size = _last_below(n_parameters, wanted)
    best = min((size, size + 1), key=lambda s: abs(n_parameters(s) - wanted))
    got = n_parameters(best)
    if abs(got - wanted) > TOLERANCE * wanted:
        raise ToktoolsError(
            f"no {adjust} gives {wanted:,.0f} parameters within 1% for a vocabulary of "
            f"{n_vocab:,}; the nearest, {best:,}, has {got:,}; give another amount, or a smaller "
            "vocabulary"
        )
    return with_size(model, adjust, best)


def with_size(model: ModelConfig, adjust: str, size: int) -> ModelConfig:
    """Return the model with another hidden or embedding size, and what is tied to it."""
    if not model.tied:
        return replace(model, **{adjust: size})
    if model.last_size is None:
        return replace(model, embedding_size=size, hidden_size=size)
    if adjust == "hidden_size":
        return replace(model, hidden_size=size)
    return replace(model, embedding_size=size, last_size=size)


def _last_below(n_parameters: Callable[[int], int], wanted: float) -> int:
    """Return the largest size with at most so many parameters; 1 if there is none."""
    high = 2
    while n_parameters(high) <= wanted:
        high *= 2
    low = max(1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if n_parameters(middle) <= wanted else (low, middle)
    return low


def passes_of_steps(batches: Batches, n_steps: float) -> float:
    """Return the passes over a split that end with update number `n_steps`.

    Half a token is taken off, so that the update before does not reach it, and this one does.

    Raises: ToktoolsError unless it is a whole number of 1 or more.
    """
    if n_steps != int(n_steps) or n_steps < 1:
        raise ToktoolsError(f"amount of steps must be a whole number >= 1, got {n_steps}")
    left, n_tokens, epoch = int(n_steps), 0, 0
    while left:
        for chunk in batches.epoch(epoch):
            n_tokens += chunk.n_tokens
            left -= 1
            if not left:
                break
        epoch += 1
    return (n_tokens - 0.5) / batches.n_tokens


def _length(training: TrainingConfig) -> str:
    if training.minutes is not None:
        return f"{training.minutes:g} minutes of training"
    passes = "pass" if training.epochs == 1 else "passes"
    return f"{training.epochs:g} {passes} over the training text"
