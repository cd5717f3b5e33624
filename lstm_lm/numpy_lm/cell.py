"""What the recurrent cells share: the contract, one product over all of time, squashing, gradients.

A cell reads a text step by step and carries a state. Its four parameters have torch's names, shapes
and order of gates, so that weights can be copied in either direction. The equations of every cell
are in docs/numpy-backward.md, in the letters used here.
Legend: T time steps, B rows, E inputs of a step, H units, G = H times the number of gates.
A name that begins with d is the derivative of the loss by what follows: da is d loss / d a.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of float32 or float64: the model's dtype."""
Arrays = dict[str, Array]
State = tuple[Array, ...]
"""What a cell carries from step to step, each (B, H): h, and for the LSTMs also c."""


class Cell(ABC):
    """One recurrent layer whose backward pass is written by hand.

    Args:   parameters: `weight_ih` (G, E), `weight_hh` (G, H), `bias_ih` (G,), `bias_hh` (G,);
            they are used as they are, so that an optimiser may change them in place.
    Example:
        >>> from lstm_lm.numpy_lm.lstm import LSTMCell
        >>> shapes = LSTMCell.shapes(n_inputs=3, n_units=2)
        >>> shapes["weight_ih"], shapes["bias_hh"]
        ((8, 3), (8,))
        >>> cell = LSTMCell({name: np.zeros(shape) for name, shape in shapes.items()})
        >>> y_TBH, state, cache = cell.forward(np.ones((5, 1, 3)), cell.init_state(1))
        >>> y_TBH.shape, len(state)
        ((5, 1, 2), 2)
    """

    gates: ClassVar[str]
    """The gates in the order of their rows: t for one squashed by tanh, s for a sigmoid."""
    n_states: ClassVar[int] = 1

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        self.weight_ih, self.weight_hh = parameters["weight_ih"], parameters["weight_hh"]
        self.bias_ih, self.bias_hh = parameters["bias_ih"], parameters["bias_hh"]
        self.n_units = self.weight_hh.shape[1]
        self.squash = Squash(self.gates, self.n_units, self.weight_hh.dtype)

    @classmethod
    def shapes(cls, *, n_inputs: int, n_units: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter by name."""
        n_rows = len(cls.gates) * n_units
        return {
            "weight_ih": (n_rows, n_inputs),
            "weight_hh": (n_rows, n_units),
            "bias_ih": (n_rows,),
            "bias_hh": (n_rows,),
        }

    def init_state(self, n_rows: int) -> State:
        """Return the state before any text: zeros."""
        shape = (n_rows, self.n_units)
        return tuple(np.zeros(shape, self.weight_hh.dtype) for _ in range(self.n_states))

    @abstractmethod
    def forward(self, x_TBE: Array, state: State) -> tuple[Array, State, Any]:
        """Read all steps, and return h after each (T, B, H), the last state, and a cache."""

    @abstractmethod
    def backward(self, dy_TBH: Array, dstate: State, cache: Any) -> tuple[Array, State, Arrays]:
        """Return the derivatives by the inputs, by the first state, and by each parameter.

        Args: dy_TBH: by the outputs; dstate: by the last state; cache: what `forward` gave.
        """

    # What all of them do the same

    def _split(self, a_TBG: Array) -> list[Array]:
        """Return a view (T, B, H) of each gate."""
        return np.split(a_TBG, len(self.gates), axis=-1)

    def _history(self, before_BH: Array, n_steps: int) -> Array:
        """Return room for T + 1 states, the first of them filled in: step t leads from t to t+1."""
        history = np.empty((n_steps + 1, *before_BH.shape), self.weight_hh.dtype)
        history[0] = before_BH
        return history

    def _gradients(self, x_TBE: Array, h_TBH: Array, da_TBG: Array) -> tuple[Array, Arrays]:
        """Return dx and the gradients where both products add up to the same a.

        h_TBH is the state before each step.
        """
        dbias_G = sum_steps(da_TBG)
        gradients = {
            "weight_ih": outer(da_TBG, x_TBE),
            "weight_hh": outer(da_TBG, h_TBH),
            "bias_ih": dbias_G,
            "bias_hh": dbias_G.copy(),
        }
        return product(da_TBG, self.weight_ih), gradients


class Squash:
    """Squashes all gates of a step in one pass: tanh for some, a sigmoid for the others.

    sigmoid(a) = 1/2 + 1/2 tanh(a / 2), so one tanh serves both, and it cannot overflow: a gate is
    shift + scale * tanh(scale * a), where scale = 1 and shift = 0 for tanh, and both are 1/2 for
    a sigmoid. The inner factor is put into the weights, once for all of time; the powers of two
    change no digit of a product.

    Args: gates: a letter per gate, t or s; n_units: H.
    """

    def __init__(self, gates: str, n_units: int, dtype: Any) -> None:
        self.scale_G = np.repeat([0.5 if gate == "s" else 1.0 for gate in gates], n_units)
        self.scale_G = self.scale_G.astype(dtype)
        self.shift_G = np.where(self.scale_G == 0.5, 0.5, 0.0).astype(dtype)
        self._top_G = self.scale_G**2

    def weights(self, weight_GN: Array) -> Array:
        """Return the transpose (N, G), scaled, so that a product with it is scale * a."""
        return np.ascontiguousarray((weight_GN * self.scale_G[:, None]).T)

    def __call__(self, a_BG: Array) -> None:
        """Turn scale * a into the gates, in place."""
        np.tanh(a_BG, out=a_BG)
        a_BG *= self.scale_G
        a_BG += self.shift_G

    def slope(self, gates_BG: Array, out_BG: Array) -> None:
        """Put d gate / d a into `out_BG`: scale^2 - (gate - shift)^2."""
        np.subtract(gates_BG, self.shift_G, out=out_BG)
        np.multiply(out_BG, out_BG, out=out_BG)
        np.subtract(self._top_G, out_BG, out=out_BG)


def product(x_TBN: Array, weight_NM: Array) -> Array:
    """Return the product (T, B, M) of every step of `x_TBN` with one matrix."""
    n_steps, n_rows, n = x_TBN.shape
    return (x_TBN.reshape(n_steps * n_rows, n) @ weight_NM).reshape(n_steps, n_rows, -1)


def outer(da_TBG: Array, x_TBN: Array) -> Array:
    """Return the gradient (G, N) of a weight: da times x, summed over steps and rows."""
    return da_TBG.reshape(-1, da_TBG.shape[-1]).T @ x_TBN.reshape(-1, x_TBN.shape[-1])


def sum_steps(da_TBG: Array) -> Array:
    """Return the gradient (G,) of a bias: da summed over steps and rows."""
    return da_TBG.sum(axis=(0, 1))
