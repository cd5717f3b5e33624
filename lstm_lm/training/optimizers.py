"""What turns gradients into steps: torch's own optimisers by name.

NT-ASGD is SGD here; what sets it apart is the average of its weights, `lstm_lm.training.averaging`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lstm_lm.config import TrainingConfig
from lstm_lm.model import LanguageModel

Group = dict[str, Any]
"""Parameters ("params"), and what their learning rate is multiplied by ("scale")."""


def parameter_groups(model: LanguageModel, config: TrainingConfig) -> list[Group]:
    """Return the parameters of a model by learning rate, the recurrent layers' first.

    Where all have the same, they are one group, in the model's order.
    """
    if config.vocabulary_rate == 1:
        return [{"params": list(model.parameters()), "scale": 1.0}]
    between = list(model.recurrent.parameters())
    own = {id(p) for p in between}
    others = [p for p in model.parameters() if id(p) not in own]
    return [
        {"params": between, "scale": 1.0},
        {"params": others, "scale": config.vocabulary_rate},
    ]


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the rate of every group, scaled as it says."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def make_optimizer(
    parameters: Iterable[nn.Parameter] | list[Group], config: TrainingConfig
) -> Optimizer:
    """Return the optimiser that `config` names, of parameters or of groups of them.

    Source: adam: Kingma and Ba 2015, arXiv:1412.6980; adamw: Loshchilov and Hutter 2019,
            arXiv:1711.05101; adagrad: Duchi et al. 2011; rmsprop: Hinton 2012, lecture 6e.
    """
    rate, decay, momentum = config.learning_rate, config.weight_decay, config.momentum
    if config.optimizer in ("sgd", "nt-asgd"):
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
