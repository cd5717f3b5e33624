"""torch.nn's RNN, GRU and LSTM behind the interface of our own layers: the state is a tuple.

They are those classes still, with the same weights under the same names. In training on a CPU the
layers are called one by one with our dropout in between: torch's takes five times as long, and
cannot draw the mask of a whole batch where a process reads only some rows of it (`rows`).
Legend: T time steps, B rows of the batch, E inputs, H hidden units, L layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import State
from lstm_lm.data.rows import Rows
from lstm_lm.regularization import Dropout


def _zeros(module: nn.RNNBase, batch_size: int) -> Tensor:
    """Return zeros of shape (L, batch_size, H), where and as the weights are."""
    like: Tensor = module.get_parameter("weight_ih_l0")
    return like.new_zeros(module.num_layers, batch_size, module.hidden_size)


def _drops_by_ours(module: nn.RNNBase, x_TBE: Tensor) -> bool:
    """Whether our dropout acts between the layers, not that of torch or cuDNN."""
    drops = module.training and module.dropout > 0
    return drops and (x_TBE.is_cpu or module.rows is not None)


def _layer_by_layer(module: nn.RNNBase, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:
    """Return what `forward` does: the last layer's hidden states, and the state after."""
    run, dropout = getattr(torch, module.mode.lower()), Dropout(module.dropout)
    dropout.rows = module.rows  # pyright: ignore[reportAttributeAccessIssue]
    y_TBH, states = x_TBE, list[tuple[Tensor, ...]]()
    for layer in range(module.num_layers):
        before = [tensor[layer : layer + 1] for tensor in state]
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(module, f"{name}_l{layer}") for name in names]
        y_TBH, *after = run(
            *(dropout(y_TBH) if layer else y_TBH, before if len(before) > 1 else before[0]),
            *(weights, True, 1, 0.0, True, False, False),
        )
        states.append(tuple(after))
    return y_TBH, tuple(torch.cat(tensors) for tensors in zip(*states, strict=True))


class TorchRNN(nn.RNN):
    """torch.nn.RNN, with its state in a tuple of one."""

    gates = ("h",)
    rows: Rows | None = None

    def init_state(self, batch_size: int) -> State:
        """Return zeros (L, batch_size, H) in a tuple of one."""
        return (_zeros(self, batch_size),)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the hidden states (T, B, H) and the state after the last."""
        if _drops_by_ours(self, x_TBE):
            return _layer_by_layer(self, x_TBE, state)
        y_TBH, h_LBH = super().forward(x_TBE, state[0])
        return y_TBH, (h_LBH,)


class TorchGRU(nn.GRU):
    """torch.nn.GRU, with its state in a tuple of one."""

    gates = ("r", "z", "n")
    rows: Rows | None = None

    def init_state(self, batch_size: int) -> State:
        """Return zeros (L, batch_size, H) in a tuple of one."""
        return (_zeros(self, batch_size),)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the hidden states (T, B, H) and the state after the last."""
        if _drops_by_ours(self, x_TBE):
            return _layer_by_layer(self, x_TBE, state)
        y_TBH, h_LBH = super().forward(x_TBE, state[0])
        return y_TBH, (h_LBH,)


class TorchLSTM(nn.LSTM):
    """torch.nn.LSTM, which has its state, hidden and cell, in a tuple already."""

    gates = ("i", "f", "g", "o")
    rows: Rows | None = None

    def init_state(self, batch_size: int) -> State:
        """Return zeros: hidden and cell state, each of shape (L, batch_size, H)."""
        h_LBH = _zeros(self, batch_size)
        return h_LBH, torch.zeros_like(h_LBH)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the hidden states (T, B, H) and the state after the last."""
        if _drops_by_ours(self, x_TBE):
            return _layer_by_layer(self, x_TBE, state)
        h_LBH, c_LBH = state
        return super().forward(x_TBE, (h_LBH, c_LBH))
