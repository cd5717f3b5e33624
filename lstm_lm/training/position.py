"""Where a training is, whatever computes it: counts, what is due, and what its lines say.

All of it goes into a checkpoint, so it holds nothing but numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from lstm_lm.training.outcomes import TrainingDivergedError

N_LOGS = 100  # log lines over the budget


class Budget(Protocol):
    """What of a training's configuration says how long it goes on, and how often it validates."""

    @property
    def epochs(self) -> float: ...
    @property
    def minutes(self) -> float | None: ...
    @property
    def n_validations(self) -> int: ...


@dataclass(kw_only=True)
class Position:
    """Where training is, and what was counted since the latest line of metrics.jsonl.

    `chunk` counts chunks of the current epoch; `best_*` tell of the lowest validation loss;
    `sample_tokens` counts since the latest look at whether to sample.
    """

    epoch: int = 0
    chunk: int = 0
    step: int = 0
    tokens_seen: int = 0
    seconds: float = 0.0
    n_logs: int = 0
    n_validations: int = 0
    validation_losses: list[float] = field(default_factory=list)
    best_step: int | None = None
    best_epoch: float | None = None
    metrics_size: int = 0
    new_steps: int = 0
    new_tokens: int = 0
    new_seconds: float = 0.0
    sample_tokens: int = 0
    finished: bool = False

    def count(self, n_tokens: int, seconds: float) -> None:
        """Count one update from a chunk of so many targets, which took so long."""
        self.chunk += 1
        self.step += 1
        self.new_steps += 1
        self.tokens_seen += n_tokens
        self.new_tokens += n_tokens
        self.sample_tokens += n_tokens
        self.count_seconds(seconds)

    def count_seconds(self, seconds: float) -> None:
        """Count time that updates took."""
        self.seconds += seconds
        self.new_seconds += seconds

    def progress(self, budget: Budget, tokens_per_epoch: int) -> float:
        """Return the share of the budget that is used, 0 to 1."""
        if budget.minutes is not None:
            return min(1.0, self.seconds / (60 * budget.minutes))
        return min(1.0, self.tokens_seen / (budget.epochs * tokens_per_epoch))

    def is_validation_due(self, budget: Budget, progress: float) -> bool:
        """Whether a validation is due: at even points of the budget, and at its end."""
        return int(progress * budget.n_validations) > self.n_validations or progress >= 1

    def is_log_due(self, progress: float) -> bool:
        """Whether a line is due: a hundred over the budget."""
        return int(progress * N_LOGS) > self.n_logs

    def look(self, budget: Budget, progress: float) -> None:
        """Note that everything due at this progress is done."""
        self.n_validations = int(progress * budget.n_validations)
        self.n_logs = int(progress * N_LOGS)

    def add_loss(self, loss_nats: float, tokens_per_epoch: int) -> bool:
        """Add the loss of a validation; return whether it is the lowest so far.

        Raises: TrainingDivergedError if it is not a number.
        """
        if not math.isfinite(loss_nats):
            self.diverged(f"the validation loss is {loss_nats}")
        is_best = not self.validation_losses or loss_nats < min(self.validation_losses)
        if is_best:
            self.best_step, self.best_epoch = self.step, self.tokens_seen / tokens_per_epoch
        self.validation_losses.append(loss_nats)
        return is_best

    def line(
        self,
        *,
        progress: float,
        tokens_per_epoch: int,
        bytes_per_epoch: int,
        nats: float,
        norms: float,
        learning_rate: float,
    ) -> dict[str, Any]:
        """Return the line of metrics on training since the line before.

        Args:   nats, norms: sums since then, of the loss over targets and of the gradient's norm
                over updates.
        Raises: TrainingDivergedError if the loss is not a number.
        """
        epochs, loss_nats = self.tokens_seen / tokens_per_epoch, nats / self.new_tokens
        if not math.isfinite(loss_nats):
            self.diverged(f"the training loss is {loss_nats}")
        return {
            "event": "log",
            "step": self.step,
            "epoch": epochs,
            "progress": progress,
            "tokens_seen": self.tokens_seen,
            "bytes_seen": round(epochs * bytes_per_epoch),
            "training_seconds": self.seconds,
            "train_loss_nats": loss_nats,
            "learning_rate": learning_rate,
            "gradient_norm": norms / self.new_steps,
            "tokens_per_second": self.new_tokens / max(self.new_seconds, 1e-9),
        }

    def begin_line(self) -> None:
        """Begin to count for the next line of metrics."""
        self.new_steps = self.new_tokens = 0
        self.new_seconds = 0.0

    def diverged(self, what: str) -> NoReturn:
        """Raise TrainingDivergedError, and say which weights are kept."""
        kept = (
            "no weights were kept"
            if self.best_step is None
            else f"the weights of step {self.best_step} are kept"
        )
        raise TrainingDivergedError(
            f"training diverged: {what} at step {self.step}; {kept}; "
            "lower learning_rate (--learning-rate) or clip_norm (--clip-norm)"
        )
