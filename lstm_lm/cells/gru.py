"""The GRU: two gates decide what of the state is kept, and what of it the candidate sees.

New against the RNN: an old state can pass unchanged (z = 1), so that gradients can too.
Legend: T time steps, B rows of the batch, E inputs, H hidden units.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from lstm_lm.cells.cell import Cell, StepState


class GRU(Cell):
    """A gated recurrent unit.

        r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)         what of the state the candidate sees
        z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)         what of the state is kept
        n = tanh(W_in x + b_in + r * (W_hn h + b_hn))      the candidate
        h = (1 - z) * n + z * h

    Source: Cho et al. 2014, arXiv:1406.1078, sec. 2.3, with torch's two conventions: r acts after
            the product with W_hn, and z is the share that is kept.
    """

    gates = ("r", "z", "n")

    def from_inputs(self, x_TBE: Tensor) -> Tensor:
        """Return the inputs' part with `bias_ih` alone: r multiplies a part of `bias_hh`."""
        return self.norm_x(functional.linear(x_TBE, self.weight_ih)) + self.bias_ih

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the new hidden state."""
        (h_BH,) = state
        h_BG = self.norm_h(functional.linear(h_BH, self.weight_hh)) + self.bias_hh
        x_r, x_z, x_n = x_BG.chunk(3, dim=1)
        h_r, h_z, h_n = h_BG.chunk(3, dim=1)
        r_BH, z_BH = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n_BH = (x_n + r_BH * h_n).tanh()
        return (n_BH + z_BH * (h_BH - n_BH),)
