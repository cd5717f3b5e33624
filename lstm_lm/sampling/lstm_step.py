"""One step of a stack of LSTM layers, written for a step alone.

torch.nn.LSTM is made for whole texts: called for one step, it prepares all its weights anew. Here
they are prepared once: both matrices of a layer stand side by side, one product serves all gates,
and one tanh squashes them (see `lstm_lm.numpy_lm.cell.Squash`).
Legend: B texts, V vocabulary, L layers, H units, G = 4H, N = inputs of a layer + H.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.numpy_lm.cell import Squash
from lstm_lm.sampling.stepping import Ids, Logits, State

Array = NDArray[Any]
Layer = tuple[Array, Array, Array, Array]
"""weight_ih (G, E), weight_hh (G, H), bias_ih (G,), bias_hh (G,), gates in the order i, f, g, o."""
Product = Callable[[Array, Array, Array], Array]
"""From x (B, N), w (M, N), bias (M,) to x w^T + bias."""


def product(x_BN: Array, w_MN: Array, bias_M: Array) -> Array:
    """Return x w^T + bias, by NumPy."""
    y_BM = x_BN @ w_MN.T
    y_BM += bias_M
    return y_BM


class LSTMStep:
    """Makes single steps: embedding, LSTM layers, head.

    Args:   embedding_VE, layers, head: the weights; head is weight (V, H) and bias (V,).
            product: how matrices are multiplied.
    Cost:   copies the layers' weights once.
    """

    def __init__(
        self,
        embedding_VE: Array,
        layers: Sequence[Layer],
        head: tuple[Array, Array],
        product: Product = product,
    ) -> None:
        self._embedding_VE, self._head, self._product = embedding_VE, head, product
        self._n_units = layers[0][1].shape[1]
        self._squash = Squash("ssts", self._n_units, embedding_VE.dtype)
        scale_G = self._squash.scale_G
        self._layers = [
            (np.concatenate([w_ih, w_hh], axis=1) * scale_G[:, None], (b_ih + b_hh) * scale_G)
            for w_ih, w_hh, b_ih, b_hh in layers
        ]

    def __call__(self, ids_B: Ids, state: State) -> tuple[Logits, State]:
        """Read one token of each text; see `Stepper.step`."""
        h_LBH, c_LBH = state
        after = np.empty_like(h_LBH), np.empty_like(c_LBH)
        x_BH, n = self._embedding_VE[ids_B], self._n_units
        for layer, (w_GN, bias_G) in enumerate(self._layers):
            gates_BG = self._product(np.concatenate([x_BH, h_LBH[layer]], axis=1), w_GN, bias_G)
            self._squash(gates_BG)
            x_BH, c_BH = after[0][layer], after[1][layer]
            np.multiply(gates_BG[:, n : 2 * n], c_LBH[layer], out=c_BH)
            c_BH += gates_BG[:, :n] * gates_BG[:, 2 * n : 3 * n]
            np.tanh(c_BH, out=x_BH)
            x_BH *= gates_BG[:, 3 * n :]
        return self._product(x_BH, *self._head), after
