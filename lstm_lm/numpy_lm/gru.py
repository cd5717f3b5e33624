"""The gated recurrent unit: one state, a reset gate r and an update gate z.

Source: Cho et al. 2014, arXiv:1406.1078, in the form of torch.nn.GRU, where r acts after the
recurrent product and not before it. Letters: see lstm_lm.numpy_lm.cell.
"""
# ruff: noqa: N815 (names carry shapes)

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lstm_lm.numpy_lm.cell import Array, Arrays, Cell, Squash, State, outer, product, sum_steps


class Cache(NamedTuple):
    """What backward needs of forward. h_SBH: S = T + 1; q_TBH: what r scales."""

    x_TBE: Array
    h_SBH: Array
    gates_TBG: Array
    q_TBH: Array


class GRUCell(Cell):
    """q = W_hn h + b_hn; n = tanh(W_in x + b_in + r q); h' = (1 - z) n + z h; order r, z, n."""

    gates = "sst"

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        super().__init__(parameters)
        self._squash_rz = Squash("ss", self.n_units, self.weight_hh.dtype)

    def forward(self, x_TBE: Array, state: State) -> tuple[Array, State, Cache]:
        """Read all steps; see `Cell.forward`."""
        n_rz = 2 * self.n_units
        h_SBH = self._history(state[0], len(x_TBE))
        gates_TBG = product(x_TBE, self.squash.weights(self.weight_ih))
        gates_TBG += self.squash.scale_G * self.bias_ih
        w_HG, bias_G = self.squash.weights(self.weight_hh), self.squash.scale_G * self.bias_hh
        q_TBH, recurrent_BG = np.empty_like(h_SBH[1:]), np.empty_like(gates_TBG[0])
        r_TBH, z_TBH, n_TBH = self._split(gates_TBG)
        for t in range(len(x_TBE)):
            np.matmul(h_SBH[t], w_HG, out=recurrent_BG)
            recurrent_BG += bias_G
            gates_TBG[t, :, :n_rz] += recurrent_BG[:, :n_rz]
            self._squash_rz(gates_TBG[t, :, :n_rz])
            q_TBH[t] = recurrent_BG[:, n_rz:]
            n_BH, h_BH = n_TBH[t], h_SBH[t + 1]
            n_BH += r_TBH[t] * q_TBH[t]
            np.tanh(n_BH, out=n_BH)
            np.subtract(h_SBH[t], n_BH, out=h_BH)  # h' = n + z (h - n)
            h_BH *= z_TBH[t]
            h_BH += n_BH
        return h_SBH[1:], (h_SBH[-1].copy(),), Cache(x_TBE, h_SBH, gates_TBG, q_TBH)

    def backward(self, dy_TBH: Array, dstate: State, cache: Cache) -> tuple[Array, State, Arrays]:
        """Return dx, the derivative by the first state, and the gradients.

        The recurrent product adds to a for r and z, and to q for n: so da and db differ there.
        """
        dh_BH = dstate[0].copy()
        da_TBG, slope_BG = np.empty_like(cache.gates_TBG), np.empty_like(cache.gates_TBG[0])
        db_TBG = np.empty_like(da_TBG)
        r_TBH, z_TBH, n_TBH = self._split(cache.gates_TBG)
        da_r_TBH, da_z_TBH, da_n_TBH = self._split(da_TBG)
        slope_r_BH, slope_z_BH, slope_n_BH = np.split(slope_BG, 3, axis=-1)
        n_rz = 2 * self.n_units
        for t in range(len(da_TBG) - 1, -1, -1):
            self.squash.slope(cache.gates_TBG[t], slope_BG)
            dh_BH += dy_TBH[t]
            np.subtract(cache.h_SBH[t], n_TBH[t], out=da_z_TBH[t])
            da_z_TBH[t] *= dh_BH
            da_z_TBH[t] *= slope_z_BH
            direct_BH = dh_BH * z_TBH[t]
            np.subtract(dh_BH, direct_BH, out=da_n_TBH[t])
            da_n_TBH[t] *= slope_n_BH
            np.multiply(da_n_TBH[t], cache.q_TBH[t], out=da_r_TBH[t])
            da_r_TBH[t] *= slope_r_BH
            db_TBG[t, :, :n_rz] = da_TBG[t, :, :n_rz]
            np.multiply(da_n_TBH[t], r_TBH[t], out=db_TBG[t, :, n_rz:])
            np.matmul(db_TBG[t], self.weight_hh, out=dh_BH)
            dh_BH += direct_BH
        gradients = {
            "weight_ih": outer(da_TBG, cache.x_TBE),
            "weight_hh": outer(db_TBG, cache.h_SBH[:-1]),
            "bias_ih": sum_steps(da_TBG),
            "bias_hh": sum_steps(db_TBG),
        }
        return product(da_TBG, self.weight_ih), (dh_BH,), gradients
