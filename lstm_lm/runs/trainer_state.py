"""All that a training is made of besides its configuration and data, to a file and back.

The newest weights, what the optimiser remembers, the state carried along the text, the random
state, the sums since the latest line of metrics, and the position. Learning rates, early stopping
and the lengths of chunks are functions of the position, so they need no room of their own.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from lstm_lm.runs.directory import RunDirectory, set_weights, weights
from lstm_lm.training.learner import Learner
from lstm_lm.training.position import Position
from toktools.errors import ToktoolsError


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
