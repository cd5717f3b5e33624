"""The vanilla RNN: the new state is a squashed sum of the input and the state before.

Legend: B rows of the batch, H hidden units.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_lm.cells.cell import Cell, StepState
from toktools.errors import lookup

NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}


class RNN(Cell):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu in the place of tanh.

    Raises: ToktoolsError if `nonlinearity` is neither tanh nor relu.
    Source: Elman 1990, Finding structure in time; equation as in torch.nn.RNN.
    Example:
        >>> rnn = RNN(3, 5)
        >>> y_TBH, (h_1BH,) = rnn(torch.ones(4, 2, 3), rnn.init_state(2))
        >>> y_TBH.shape, torch.equal(y_TBH[-1], h_1BH[0])
        (torch.Size([4, 2, 5]), True)
    """

    gates = ("h",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        nonlinearity: str = "tanh",
        layer_norm: bool = False,
    ) -> None:
        super().__init__(input_size, hidden_size, layer_norm=layer_norm)
        self.nonlinearity = nonlinearity
        self._squash = lookup(nonlinearity, NONLINEARITIES, what="nonlinearity")

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the new hidden state."""
        (h_BH,) = state
        return (self._squash(self.add_recurrent(x_BG, h_BH)),)
