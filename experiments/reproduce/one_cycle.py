"""Training by one cycle as fastai's Learner does it: Adam, rate and momentum on two half cosines.

The constants are fastai's. The rate rises for a quarter of the updates from a 25th of its highest
value, then falls to a 100,000th; momentum moves against it. Weights decay by themselves, apart from
the gradient: all but the biases of linear layers.

Source: Smith and Topin 2018, arXiv:1708.07120; Loshchilov and Hutter 2019, arXiv:1711.05101;
        fastai 2, `Learner.fit_one_cycle`, for the constants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments.reproduce.human_numbers_data import Batch
from experiments.reproduce.human_numbers_models import Output
from lstm_lm.model import State, detach, evaluating

WARM_UP, FIRST_DIVISOR, LAST_DIVISOR = 0.25, 25.0, 1e5
SQUARES, EPSILON = 0.99, 1e-5


@dataclass(frozen=True, kw_only=True)
class OneCycle:
    """One cycle.

    Attributes:
        n_epochs, rate: how long, and the highest learning rate.
        weight_decay: the share of a weight that goes with each update is this times the rate.
        momentum: where it begins and ends, and where it is when the rate is highest.
    """

    n_epochs: int
    rate: float
    weight_decay: float = 0.01
    momentum: tuple[float, float] = (0.95, 0.85)

    def at(self, progress: float) -> tuple[float, float]:
        """Return learning rate and momentum at `progress` in [0, 1].

        Example:
            >>> OneCycle(n_epochs=1, rate=1.0).at(0.0), OneCycle(n_epochs=1, rate=1.0).at(0.25)
            ((0.04, 0.95), (1.0, 0.85))
        """
        high, low = self.momentum
        if progress < WARM_UP:
            share = progress / WARM_UP
            return _slope(self.rate / FIRST_DIVISOR, self.rate, share), _slope(high, low, share)
        share = (progress - WARM_UP) / (1 - WARM_UP)
        return _slope(self.rate, self.rate / LAST_DIVISOR, share), _slope(low, high, share)


def _slope(start: float, end: float, share: float) -> float:
    """Return the half cosine from `start` to `end`."""
    return start + (end - start) * 0.5 * (1 - math.cos(math.pi * share))


class Trainer:
    """A model, its optimiser, and one cycle over the batches.

    Args: keeps_state: go on from the state of the batch before; each pass begins without one.
    """

    def __init__(
        self, model: nn.Module, batches: Sequence[Batch], cycle: OneCycle, *, keeps_state: bool
    ) -> None:
        self._model, self._batches, self._cycle = model, batches, cycle
        self._keeps_state = keeps_state
        self._optimizer = torch.optim.AdamW(_groups(model, cycle.weight_decay), eps=EPSILON)
        self._n_steps = 0

    def epoch(self) -> float:
        """Read the batches once; return the mean loss, without penalties, in nats per target."""
        self._model.train()
        losses, state = list[float](), None
        for x_TB, y in self._batches:
            loss, state = self.step(x_TB, y, state)
            losses.append(loss)
        return sum(losses) / len(losses)

    def step(self, x_TB: Tensor, y: Tensor, state: State | None) -> tuple[float, State | None]:
        """Make one update; return the loss before it, and the state to go on from."""
        rate, momentum = self._cycle.at(self._n_steps / (self._cycle.n_epochs * len(self._batches)))
        for group in self._optimizer.param_groups:
            group.update(lr=rate, betas=(momentum, SQUARES))
        output: Output = self._model(x_TB, state)
        loss = _loss(output, y)
        self._optimizer.zero_grad()
        (loss + output.penalty).backward()
        self._optimizer.step()
        self._n_steps += 1
        return loss.item(), detach(output.state) if self._keeps_state else None


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the parameters in two groups: those that decay, and the biases of linear layers."""
    biases = [module.bias for module in model.modules() if isinstance(module, nn.Linear)]
    others = [p for p in model.parameters() if all(p is not bias for bias in biases)]
    return [
        {"params": others, "weight_decay": weight_decay},
        {"params": biases, "weight_decay": 0.0},
    ]


def _loss(output: Output, y: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats per target."""
    return functional.cross_entropy(output.logits.flatten(0, -2), y.flatten())


def evaluate(
    model: nn.Module, batches: Sequence[Batch], *, keeps_state: bool
) -> tuple[float, float]:
    """Return loss (nats per target) and accuracy over the batches, read from no state."""
    total, n_right, n, state = 0.0, 0, 0, None
    with evaluating(model):
        for x_TB, y in batches:
            output: Output = model(x_TB, state)
            total += _loss(output, y).item() * y.numel()
            n_right += int((output.logits.argmax(dim=-1) == y).sum())
            n += y.numel()
            state = output.state if keeps_state else None
    return total / n, n_right / n
