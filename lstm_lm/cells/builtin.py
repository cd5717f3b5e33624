"""torch.nn's RNN, GRU and LSTM behind the interface of our own layers: the state is a tuple.

They are those classes still, with the same weights under the same names.
Legend: T time steps, B rows of the batch, E inputs, H hidden units, L layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import State


def _zeros(module: nn.RNNBase, batch_size: int) -> Tensor:
    """Return zeros of shape (L, batch_size, H), where and as the weights are."""
    like: Tensor = module.get_parameter("weight_ih_l0")
    return like.new_zeros(module.num_layers, batch_size, module.hidden_size)


class TorchRNN(nn.RNN):
    """torch.nn.RNN, with its state in a tuple of one."""

    gates = ("h",)

    def init_state(self, batch_size: int) -> State:
        """Return zeros (L, batch_size, H) in a tuple of one."""
        return (_zeros(self, batch_size),)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the hidden states (T, B, H) and the state after the last."""
        y_TBH, h_LBH = super().forward(x_TBE, state[0])
        return y_TBH, (h_LBH,)


class TorchGRU(nn.GRU):
    """torch.nn.GRU, with its state in a tuple of one."""

    gates = ("r", "z", "n")

    def init_state(self, batch_size: int) -> State:
        """Return zeros (L, batch_size, H) in a tuple of one."""
        return (_zeros(self, batch_size),)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the hidden states (T, B, H) and the state after the last."""
        y_TBH, h_LBH = super().forward(x_TBE, state[0])
        return y_TBH, (h_LBH,)


class TorchLSTM(nn.LSTM):
    """torch.nn.LSTM, which has its state, hidden and cell, in a tuple already."""

    gates = ("i", "f", "g", "o")

    def init_state(self, batch_size: int) -> State:
        """Return zeros: hidden and cell state, each of shape (L, batch_size, H)."""
        h_LBH = _zeros(self, batch_size)
        return h_LBH, torch.zeros_like(h_LBH)
