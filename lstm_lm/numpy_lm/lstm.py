"""The LSTM: a cell state c that gates write to, forget from and read.

Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate. No peepholes: Greff
et al. 2015, arXiv:1503.04069, sec. 5, found no gain in them. Letters: see lstm_lm.numpy_lm.cell.
"""
# ruff: noqa: N815 (names carry shapes)

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lstm_lm.numpy_lm.cell import Array, Arrays, Cell, State, product


class Cache(NamedTuple):
    """What backward needs of forward. S = T + 1: before the first step, and after each."""

    x_TBE: Array
    h_SBH: Array
    c_SBH: Array
    gates_TBG: Array
    tanh_c_TBH: Array


class LSTMCell(Cell):
    """c' = f c + i g and h' = o tanh(c'), gates in the order i, f, g, o, as torch.nn.LSTM."""

    gates = "ssts"
    n_states = 2

    def forward(self, x_TBE: Array, state: State) -> tuple[Array, State, Cache]:
        """Read all steps; see `Cell.forward`. The state is (h, c)."""
        h_SBH, c_SBH = (self._history(s_BH, len(x_TBE)) for s_BH in state)
        gates_TBG = product(x_TBE, self.squash.weights(self.weight_ih))
        gates_TBG += self.squash.scale_G * (self.bias_ih + self.bias_hh)
        w_HG = self.squash.weights(self.weight_hh)
        tanh_c_TBH = np.empty_like(h_SBH[1:])
        *written, o_TBH = self._split(gates_TBG)
        recurrent_BG = np.empty_like(gates_TBG[0])
        for t, a_BG in enumerate(gates_TBG):
            a_BG += np.matmul(h_SBH[t], w_HG, out=recurrent_BG)
            self.squash(a_BG)
            self._write(c_SBH[t], [gate_TBH[t] for gate_TBH in written], c_SBH[t + 1])
            np.tanh(c_SBH[t + 1], out=tanh_c_TBH[t])
            np.multiply(o_TBH[t], tanh_c_TBH[t], out=h_SBH[t + 1])
        cache = Cache(x_TBE, h_SBH, c_SBH, gates_TBG, tanh_c_TBH)
        return h_SBH[1:], (h_SBH[-1].copy(), c_SBH[-1].copy()), cache

    def backward(self, dy_TBH: Array, dstate: State, cache: Cache) -> tuple[Array, State, Arrays]:
        """Return dx, the derivatives by the first h and c, and the gradients."""
        dh_BH, dc_BH = (ds_BH.copy() for ds_BH in dstate)
        da_TBG, slope_BG = np.empty_like(cache.gates_TBG), np.empty_like(cache.gates_TBG[0])
        *written, o_TBH = self._split(cache.gates_TBG)
        *dwritten, do_TBH = self._split(da_TBG)
        through_BH = np.empty_like(dh_BH)
        for t in range(len(da_TBG) - 1, -1, -1):
            tanh_c_BH = cache.tanh_c_TBH[t]
            dh_BH += dy_TBH[t]
            np.multiply(dh_BH, tanh_c_BH, out=do_TBH[t])
            np.multiply(tanh_c_BH, tanh_c_BH, out=through_BH)
            np.subtract(1, through_BH, out=through_BH)
            through_BH *= o_TBH[t]
            through_BH *= dh_BH
            dc_BH += through_BH
            gates, dgates = [g_TBH[t] for g_TBH in written], [d_TBH[t] for d_TBH in dwritten]
            self._unwrite(dc_BH, cache.c_SBH[t], gates, dgates)
            self.squash.slope(cache.gates_TBG[t], slope_BG)
            da_TBG[t] *= slope_BG
            np.matmul(da_TBG[t], self.weight_hh, out=dh_BH)
        dx_TBE, gradients = self._gradients(cache.x_TBE, cache.h_SBH[:-1], da_TBG)
        return dx_TBE, (dh_BH, dc_BH), gradients

    def _write(self, c_BH: Array, gates: list[Array], out_BH: Array) -> None:
        """Put the next cell state into `out_BH`."""
        i_BH, f_BH, g_BH = gates
        np.multiply(i_BH, g_BH, out=out_BH)
        out_BH += f_BH * c_BH

    def _unwrite(self, dc_BH: Array, c_BH: Array, gates: list[Array], dgates: list[Array]) -> None:
        """Put the derivatives by the gates into `dgates`, and turn dc' into dc, in place."""
        i_BH, f_BH, g_BH = gates
        di_BH, df_BH, dg_BH = dgates
        np.multiply(dc_BH, g_BH, out=di_BH)
        np.multiply(dc_BH, c_BH, out=df_BH)
        np.multiply(dc_BH, i_BH, out=dg_BH)
        dc_BH *= f_BH
