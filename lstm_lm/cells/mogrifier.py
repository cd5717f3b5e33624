"""The Mogrifier LSTM: input and hidden state gate each other, in turns, before the LSTM sees them.

New against `lstm`: what a token means to the gates depends on what was read before it. The inputs'
product now waits for the state, so nothing can be done for all steps at once.
Legend: T time steps, B rows of the batch, E inputs, H hidden units, G = 4H.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from torch import Tensor, nn

from lstm_lm.cells.cell import StepState, draw_uniform
from lstm_lm.cells.lstm import LSTM
from toktools.errors import ToktoolsError


class MogrifierLSTM(LSTM):
    """An LSTM layer with `n_rounds` of gating in front.

        x = 2 sigmoid(Q_1 h) * x      round 1
        h = 2 sigmoid(R_1 x) * h      round 2
        x = 2 sigmoid(Q_2 h) * x      round 3, and so on; then the LSTM's equations

    Args:
        n_rounds: 0 is a plain LSTM; the paper's best had 5 or 6.
        rank: make every Q and R the product of two matrices through so few units; None: full.
    Raises: ToktoolsError if `n_rounds` is below 0 or `rank` below 1.
    Source: Melis et al. 2020, arXiv:1909.01792, sec. 2, eq. 1 and 2.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        n_rounds: int = 5,
        rank: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(input_size, hidden_size, **options)
        if n_rounds < 0:
            raise ToktoolsError(f"n_rounds must be >= 0 (0 is a plain LSTM), got {n_rounds}")
        if rank is not None and rank < 1:
            raise ToktoolsError(f"rank must be >= 1, got {rank}; None makes full matrices")
        n_q, n_r = (n_rounds + 1) // 2, n_rounds // 2
        self.q = nn.ModuleList(_product(hidden_size, input_size, rank) for _ in range(n_q))
        self.r = nn.ModuleList(_product(input_size, hidden_size, rank) for _ in range(n_r))
        draw_uniform(self.q, hidden_size)
        draw_uniform(self.r, hidden_size)

    def from_inputs(self, x_TBE: Tensor) -> Tensor:
        """Return the inputs as they are: what they add to the gates waits for the state."""
        return x_TBE

    def mogrify(self, x_BE: Tensor, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        """Return input and hidden state after all rounds."""
        for q, r in zip_longest(self.q, self.r):
            x_BE = 2 * q(h_BH).sigmoid() * x_BE
            if r is not None:
                h_BH = 2 * r(x_BE).sigmoid() * h_BH
        return x_BE, h_BH

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the new hidden and cell state. `x_BG` are the bare inputs (B, E) here."""
        x_BE, h_BH = self.mogrify(x_BG, state[0])
        return super().step(super().from_inputs(x_BE), (h_BH, state[1]))


def _product(n_in: int, n_out: int, rank: int | None) -> nn.Module:
    """Return a matrix without bias, or two through `rank` units."""
    if rank is None:
        return nn.Linear(n_in, n_out, bias=False)
    return nn.Sequential(nn.Linear(n_in, rank, bias=False), nn.Linear(rank, n_out, bias=False))
