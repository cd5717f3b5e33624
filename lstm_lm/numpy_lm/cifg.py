"""The LSTM with coupled input and forget gates (CIFG): what is written replaces what is forgotten.

Source: Greff et al. 2015, arXiv:1503.04069, sec. 3, CIFG: f = 1 - i. It differs from the LSTM in
how the cell state is written, and has three quarters of its weights.
"""

from __future__ import annotations

import numpy as np

from lstm_lm.numpy_lm.cell import Array
from lstm_lm.numpy_lm.lstm import LSTMCell


class CoupledLSTMCell(LSTMCell):
    """c' = (1 - i) c + i g = c + i (g - c) and h' = o tanh(c'), gates in the order i, g, o."""

    gates = "sts"

    def _write(self, c_BH: Array, gates: list[Array], out_BH: Array) -> None:
        i_BH, g_BH = gates
        np.subtract(g_BH, c_BH, out=out_BH)
        out_BH *= i_BH
        out_BH += c_BH

    def _unwrite(self, dc_BH: Array, c_BH: Array, gates: list[Array], dgates: list[Array]) -> None:
        i_BH, g_BH = gates
        di_BH, dg_BH = dgates
        np.subtract(g_BH, c_BH, out=di_BH)
        di_BH *= dc_BH
        np.multiply(dc_BH, i_BH, out=dg_BH)
        dc_BH -= dg_BH
