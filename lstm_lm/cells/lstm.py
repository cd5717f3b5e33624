"""The LSTM from one matrix product: the four gates stand below one another in one matrix.

The same numbers as `lstm_gates`: W [h, x] is W_hh h + W_ih x, and W_ih x does not wait for h.
Legend: B rows of the batch, H hidden units, G = 4H.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from lstm_lm.cells.cell import Cell, Norm, StepState, unchanged


class LSTM(Cell):
    """An LSTM layer, fused.

        i, f, g, o = chunks of W_ih x + b_ih + W_hh h + b_hh
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)

    Source: as `FourGateLSTM`; order of the gates as in torch.nn.LSTM. With layer norm: Ba et al.
            2016, arXiv:1607.06450, which normalises the cell before its last tanh too.
    """

    gates = ("i", "f", "g", "o")
    n_states = 2

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__(input_size, hidden_size, **options)
        self.norm_c: Norm = nn.LayerNorm(hidden_size) if self.layer_norm else unchanged

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the new hidden and cell state."""
        h_BH, c_BH = state
        i, f, g, o = self.add_recurrent(x_BG, h_BH).chunk(4, dim=1)
        c_BH = f.sigmoid() * c_BH + i.sigmoid() * g.tanh()
        return o.sigmoid() * self.norm_c(c_BH).tanh(), c_BH
