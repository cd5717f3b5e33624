"""The LSTM with coupled input and forget gate (CIFG): what is let in takes the place of the old.

New against `lstm`: f = 1 - i, so three gates' weights instead of four, and a cell that is a running
average of its candidates: once inside [-1, 1] it never leaves it.
Legend: B rows of the batch, H hidden units, G = 3H.
"""

from __future__ import annotations

from torch import Tensor

from lstm_lm.cells.cell import StepState
from lstm_lm.cells.lstm import LSTM


class CoupledLSTM(LSTM):
    """An LSTM layer with one gate for letting in and forgetting.

        i, g, o = chunks of W_ih x + b_ih + W_hh h + b_hh
        c = (1 - sigmoid(i)) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)

    Source: Greff et al. 2015, arXiv:1503.04069, sec. 3, variant CIFG, without peepholes.
    """

    gates = ("i", "g", "o")

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the new hidden and cell state."""
        h_BH, c_BH = state
        i, g, o = self.add_recurrent(x_BG, h_BH).chunk(3, dim=1)
        i_BH = i.sigmoid()
        c_BH = (1 - i_BH) * c_BH + i_BH * g.tanh()
        return o.sigmoid() * self.norm_c(c_BH).tanh(), c_BH
