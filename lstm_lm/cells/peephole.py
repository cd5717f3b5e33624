"""The LSTM with peepholes: the gates see the cell, not only what the output gate lets out of it.

New against `lstm`: three weights a unit. Input and forget gate look at the cell before the step,
the output gate at the cell after it. With all three at zero it is `lstm`.
Legend: B rows of the batch, H hidden units, G = 4H.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import StepState
from lstm_lm.cells.lstm import LSTM


class PeepholeLSTM(LSTM):
    """An LSTM layer whose gates see the cell.

        i, f, g, o = chunks of W_ih x + b_ih + W_hh h + b_hh
        c' = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * tanh(g)
        h' = sigmoid(o + p_o * c') * tanh(c')

    Source: Gers and Schmidhuber 2000, Recurrent nets that time and count; in this form Greff et al.
            2015, arXiv:1503.04069, sec. 2.
    """

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__(input_size, hidden_size, **options)
        bound = hidden_size**-0.5
        self.peephole = nn.Parameter(torch.empty(3, hidden_size).uniform_(-bound, bound))

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the new hidden and cell state."""
        h_BH, c_BH = state
        p_i, p_f, p_o = self.peephole
        i, f, g, o = self.add_recurrent(x_BG, h_BH).chunk(4, dim=1)
        i_BH, f_BH = (i + p_i * c_BH).sigmoid(), (f + p_f * c_BH).sigmoid()
        c_BH = f_BH * c_BH + i_BH * g.tanh()
        return (o + p_o * c_BH).sigmoid() * self.norm_c(c_BH).tanh(), c_BH
