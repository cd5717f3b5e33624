"""The simple recurrent cell: the state is squashed input plus squashed memory, with no gates.

Source: Elman 1990, Finding Structure in Time. Letters: see lstm_lm.numpy_lm.cell.
"""
# ruff: noqa: N815 (names carry shapes)

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lstm_lm.numpy_lm.cell import Array, Arrays, Cell, State, product


class Cache(NamedTuple):
    """x_TBE: the inputs; h_SBH: the state before the first step and after each (S = T + 1)."""

    x_TBE: Array
    h_SBH: Array


class RNNCell(Cell):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), as torch.nn.RNN."""

    gates = "t"

    def forward(self, x_TBE: Array, state: State) -> tuple[Array, State, Cache]:
        """Read all steps; see `Cell.forward`."""
        h_SBH = self._history(state[0], len(x_TBE))
        w_HG = self.squash.weights(self.weight_hh)
        a_TBG = product(x_TBE, self.weight_ih.T)
        a_TBG += self.bias_ih + self.bias_hh
        for t, a_BG in enumerate(a_TBG):
            np.matmul(h_SBH[t], w_HG, out=h_SBH[t + 1])
            h_SBH[t + 1] += a_BG
            np.tanh(h_SBH[t + 1], out=h_SBH[t + 1])
        return h_SBH[1:], (h_SBH[-1].copy(),), Cache(x_TBE, h_SBH)

    def backward(self, dy_TBH: Array, dstate: State, cache: Cache) -> tuple[Array, State, Arrays]:
        """Return dx, the derivative by the first state, and the gradients."""
        x_TBE, h_SBH = cache
        dh_BH = dstate[0].copy()
        da_TBG = np.empty_like(dy_TBH)
        for t in range(len(x_TBE) - 1, -1, -1):
            dh_BH += dy_TBH[t]
            self.squash.slope(h_SBH[t + 1], da_TBG[t])
            da_TBG[t] *= dh_BH
            np.matmul(da_TBG[t], self.weight_hh, out=dh_BH)
        dx_TBE, gradients = self._gradients(x_TBE, h_SBH[:-1], da_TBG)
        return dx_TBE, (dh_BH,), gradients
