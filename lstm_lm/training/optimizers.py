"""What turns gradients into steps: torch's own optimisers by name, and NT-ASGD.

Legend of NT-ASGD: w the weights, T the update at which averaging begins, K the latest update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lstm_lm.config import TrainingConfig


class NTASGD(Optimizer):
    """Plain SGD that, once told to, keeps the average of its weights beside them.

    Training always goes on from the newest weights; the average is for evaluation. When to begin
    is decided from the validation losses: `lstm_lm.training.schedules.averaging_begins`.

    Args:
        parameters: what is trained. weight_decay: is added, times the weight, to the gradient.
    Source: Merity et al. 2018, arXiv:1708.02182, algorithm 1: the result is the mean of w_T, ...,
            w_K. Polyak and Juditsky 1992, for averaging.
    Example:
        >>> w = nn.Parameter(torch.tensor([4.0]))
        >>> optimizer = NTASGD([w], lr=1.0)
        >>> optimizer.begin_averaging()
        >>> w.grad = torch.tensor([2.0])
        >>> optimizer.step()
        >>> with optimizer.averaged():
        ...     w.item()
        3.0
        >>> w.item()
        2.0
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    def _parameters(self) -> Iterator[tuple[Tensor, dict[str, Any]]]:
        for group in self.param_groups:
            for w in group["params"]:
                yield w, group

    @property
    def is_averaging(self) -> bool:
        """Whether averaging has begun."""
        return any(self.state[w] for w, _ in self._parameters())

    @torch.no_grad()
    def begin_averaging(self) -> None:
        """Begin with the weights as they are now, w_T; a second call changes nothing."""
        if self.is_averaging:
            return
        for w, _ in self._parameters():
            self.state[w] = {"average": w.detach().clone(), "n_averaged": torch.tensor(1.0)}

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step down the gradients, and take the new weights into the average."""
        for w, group in self._parameters():
            if w.grad is not None:
                w.sub_(w.grad.add(w, alpha=group["weight_decay"]), alpha=group["lr"])
            if self.state[w]:
                self.state[w]["n_averaged"] += 1
                average = self.state[w]["average"]
                average.add_((w - average) / self.state[w]["n_averaged"])

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the average in the place of the weights meanwhile, if averaging has begun."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for w, _ in self._parameters():
            if self.state[w]:
                newest, average = w.clone(), self.state[w]["average"]
                w.copy_(average)
                average.copy_(newest)


def make_optimizer(parameters: Iterable[nn.Parameter], config: TrainingConfig) -> Optimizer:
    """Return the optimiser that `config` names.

    Source: adam: Kingma and Ba 2015, arXiv:1412.6980; adamw: Loshchilov and Hutter 2019,
            arXiv:1711.05101; adagrad: Duchi et al. 2011; rmsprop: Hinton 2012, lecture 6e.
    """
    rate, decay, momentum = config.learning_rate, config.weight_decay, config.momentum
    if config.optimizer == "nt-asgd":
        return NTASGD(parameters, rate, decay)
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=momentum, weight_decay=decay, fused=True)
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, rate, momentum=momentum, weight_decay=decay)
    if config.optimizer == "adagrad":
        return torch.optim.Adagrad(parameters, rate, weight_decay=decay)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, rate, weight_decay=decay, fused=True)


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return all that an optimiser remembers, by `parameter number/name`."""
    slots = optimizer.state_dict()["state"].items()
    return {
        f"{i}/{name}": tensor
        for i, slot in slots
        for name, tensor in slot.items()
        if isinstance(tensor, Tensor)
    }


def set_optimizer_tensors(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimiser back what `optimizer_tensors` returned."""
    slots: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition("/")
        slots.setdefault(int(index), {})[name] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": slots, "param_groups": groups})
