"""SGD with momentum, Adagrad and Adam: each changes the parameters in place. No weight decay.

An optimiser's own arrays can be taken out and put back, so that a run can be resumed.
Letters: p parameter, g gradient.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from lstm_lm.numpy_lm.cell import Array, Arrays
from lstm_lm.numpy_lm.config import NumpyTrainingConfig


class Optimizer(ABC):
    """Changes `parameters` by their gradients.

    Args: parameters: by name; changed in place. learning_rate: may be set anew before any step.
    """

    slots: ClassVar[tuple[str, ...]]
    """The names of the arrays kept for each parameter, all zero at first."""

    def __init__(self, parameters: Arrays, learning_rate: float) -> None:
        self.parameters, self.learning_rate = parameters, learning_rate
        self.n_steps = 0
        self._kept = {
            f"{name}/{slot}": np.zeros_like(p)
            for name, p in parameters.items()
            for slot in self.slots
        }

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Make one update."""
        self.n_steps += 1
        for name, p in self.parameters.items():
            self._update(p, gradients[name], *(self._kept[f"{name}/{slot}"] for slot in self.slots))

    @abstractmethod
    def _update(self, p: Array, g: Array, *kept: Array) -> None:
        """Update one parameter and what is kept for it."""

    def state(self) -> Arrays:
        """Return copies of all arrays kept."""
        return {name: array.copy() for name, array in self._kept.items()}

    def load_state(self, state: Mapping[str, Array], n_steps: int) -> None:
        """Go back to what `state` gave after `n_steps` steps; KeyError if an array is missing."""
        self.n_steps = n_steps
        for name, array in self._kept.items():
            array[...] = state[name]


class SGD(Optimizer):
    """Gradient descent; with momentum, v = momentum v + g and p -= learning_rate v.

    Source: Polyak 1964. As torch.optim.SGD without dampening.
    """

    slots = ("velocity",)

    def __init__(self, parameters: Arrays, learning_rate: float, *, momentum: float = 0.0) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum = momentum

    def _update(self, p: Array, g: Array, *kept: Array) -> None:
        (v,) = kept
        v *= self.momentum
        v += g
        p -= self.learning_rate * v


class Adagrad(Optimizer):
    """Each element's rate falls with the squares of its gradients so far.

    s += g^2 and p -= learning_rate g / (sqrt(s) + epsilon).

    Source: Duchi et al. 2011, JMLR 12, with a diagonal matrix.
    """

    slots = ("sum_of_squares",)

    def __init__(self, parameters: Arrays, learning_rate: float, *, epsilon: float = 1e-10) -> None:
        super().__init__(parameters, learning_rate)
        self.epsilon = epsilon

    def _update(self, p: Array, g: Array, *kept: Array) -> None:
        (s,) = kept
        s += g * g
        update = np.sqrt(s)
        update += self.epsilon
        np.divide(g, update, out=update)
        update *= self.learning_rate
        p -= update


class Adam(Optimizer):
    """Moving means of the gradient (m) and of its square (v), both freed of their start at zero.

    p -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).

    Source: Kingma and Ba 2014, arXiv:1412.6980, algorithm 1.
    """

    slots = ("m", "v")

    def __init__(
        self,
        parameters: Arrays,
        learning_rate: float,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.betas, self.epsilon = betas, epsilon

    def _update(self, p: Array, g: Array, *kept: Array) -> None:
        (m, v), (beta1, beta2) = kept, self.betas
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g * g
        update = np.sqrt(v)
        update /= (1 - beta2**self.n_steps) ** 0.5
        update += self.epsilon
        np.divide(m, update, out=update)
        update *= self.learning_rate / (1 - beta1**self.n_steps)
        p -= update


OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": Adam, "adagrad": Adagrad, "sgd": SGD}


def make_optimizer(config: NumpyTrainingConfig, parameters: Arrays) -> Optimizer:
    """Return the optimiser that `config` names, for these parameters."""
    if config.optimizer == "sgd":
        return SGD(parameters, config.learning_rate, momentum=config.momentum)
    return OPTIMIZERS[config.optimizer](parameters, config.learning_rate)
