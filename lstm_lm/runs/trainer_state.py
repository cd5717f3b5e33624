"""All that a training is made of besides its configuration and data, to a file and back.

The newest weights, what the optimiser remembers, the state carried along the text, the random
state, the sums since the latest line of metrics, and the position. Learning rates, early stopping
and the lengths of chunks are functions of the position, so they need no room of their own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lstm_lm.runs.directory import RunDirectory, set_weights, weights
from lstm_lm.training.learner import Learner
from toktools.errors import ToktoolsError


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

    def count(self, n_tokens: int) -> None:
        """Count one update from a chunk of so many targets."""
        self.chunk += 1
        self.step += 1
        self.new_steps += 1
        self.tokens_seen += n_tokens
        self.new_tokens += n_tokens
        self.sample_tokens += n_tokens


class Sums:
    """Running sums over updates, kept on the device so that adding does not wait for it."""

    def __init__(self, device: torch.device) -> None:
        self.nats, self.norms, self.probability = (
            torch.zeros((), dtype=torch.float64, device=device) for _ in range(3)
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return the sums by name."""
        return {"nats": self.nats, "norms": self.norms, "probability": self.probability}

    def set_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` returned."""
        for name, own in self.tensors().items():
            own.copy_(tensors[name])


def save_state(run: RunDirectory, position: Position, learner: Learner, sums: Sums) -> None:
    """Write all that a resumed run needs to go on bit by bit."""
    position.metrics_size = run.metrics_size()
    tensors = {
        "model": weights(learner.model),
        **learner.tensors(),
        "sums": sums.tensors(),
        "random": _random_state(learner.model.device),
    }
    run.save_last(tensors, dataclasses.asdict(position))


def load_state(run: RunDirectory, learner: Learner, sums: Sums) -> Position:
    """Go back to the latest checkpoint, and cut metrics.jsonl to where it was taken.

    Raises: ToktoolsError if the checkpoint is damaged or does not fit.
    """
    tensors, values = run.load_last()
    try:
        position = Position(**values)
        set_weights(learner.model, tensors["model"], run.last)
        learner.set_tensors(tensors)
        sums.set_tensors(tensors["sums"])
        _set_random_state(tensors["random"], learner.model.device)
    except (KeyError, TypeError, ValueError) as e:
        if isinstance(e, ToktoolsError):
            raise
        raise ToktoolsError(f"{run.last}: damaged: {e!r}") from e
    run.cut_metrics(position.metrics_size)
    return position


def _random_state(device: torch.device) -> dict[str, Tensor]:
    """Return the state of torch's random numbers, from which dropout draws."""
    random = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        random["cuda"] = torch.cuda.get_rng_state(device)
    return random


def _set_random_state(random: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(random["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(random["cuda"], device)
