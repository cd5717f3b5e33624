"""torch.nn's RNN, GRU and LSTM behind the interface of our own layers: the state is a tuple.

They are those classes still, with the same weights under the same names. In training on a CPU the
layers are called one by one with our dropout in between: torch's takes five times as long, and
cannot draw the mask of a whole batch where a process reads only some rows of it (`rows`).
Legend: T time steps, B rows of the batch, E inputs, H hidden units, L layers.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from lstm_lm.cells import lstm_pass
from lstm_lm.cells.cell import State
from lstm_lm.data.rows import Rows
from lstm_lm.products import has_bfloat16
from lstm_lm.regularization import Dropout


def _zeros(module: nn.RNNBase, batch_size: int) -> Tensor:
    """Return zeros of shape (L, batch_size, H), where and as the weights are."""
    like: Tensor = module.get_parameter("weight_ih_l0")
    return like.new_zeros(module.num_layers, batch_size, module.hidden_size)


def _drops_by_ours(module: nn.RNNBase, x_TBE: Tensor) -> bool:
    """Whether our dropout acts between the layers, not that of torch or cuDNN."""
    drops = module.training and module.dropout > 0
    return drops and (x_TBE.is_cpu or module.rows is not None)


def _run(module: nn.RNNBase, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:
    """Return the last layer's hidden states (T, B, H), and the state after the last step."""
    drops, by_ours = _drops_by_ours(module, x_TBE), lstm_pass.is_for(module, x_TBE)
    if not drops and not by_ours:
        return _run_layers(module, range(module.num_layers), x_TBE, state, module.dropout)
    dropout = Dropout(module.dropout if drops else 0.0)
    dropout.rows = module.rows  # pyright: ignore[reportAttributeAccessIssue]
    y_TBH, states = x_TBE, list[State]()
    for layer in range(module.num_layers):
        before = tuple(tensor[layer : layer + 1] for tensor in state)
        x_TBH, only = dropout(y_TBH) if layer else y_TBH, range(layer, layer + 1)
        if by_ours:
            y_TBH, after = lstm_pass.run_layer(x_TBH, before, _weights(module, only))
        else:
            y_TBH, after = _run_layers(module, only, x_TBH, before)
        states.append(after)
    return y_TBH, tuple(torch.cat(tensors) for tensors in zip(*states, strict=True))


def _run_layers(
    module: nn.RNNBase, layers: range, x_TBE: Tensor, state: State, dropout: float = 0.0
) -> tuple[Tensor, State]:
    """Run some layers by torch's own function, with the weights that the module has just now.

    torch's `forward` would write weights that it finds replaced (`WeightDrop`) into new memory, and
    keep them, with all that they were made of, until the next call.
    """
    weights, autocast = _weights(module, layers), nullcontext()
    in_32_bits = x_TBE.is_cpu and torch.is_autocast_enabled("cpu") and not has_bfloat16()
    if x_TBE.is_cuda:
        x_TBE, state, weights = _for_cudnn(x_TBE, state, weights)
        autocast = torch.autocast("cuda", enabled=False)
    elif in_32_bits:  # torch 2.13 would ask oneDNN for 16 bits all the same, and that is an error
        x_TBE, state = x_TBE.float(), tuple(tensor.float() for tensor in state)
        autocast = torch.autocast("cpu", enabled=False)
    run = getattr(torch, module.mode.lower())
    with autocast:
        y_TBH, *after = run(
            *(x_TBE, state if module.mode == "LSTM" else state[0], weights),
            *(True, len(layers), dropout, module.training, False, False),
        )
    return y_TBH.to(torch.get_autocast_dtype("cpu")) if in_32_bits else y_TBH, tuple(after)


def _weights(module: nn.RNNBase, layers: range) -> list[Tensor]:
    """Return the weights of some layers, four each, in torch's order."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [getattr(module, f"{name}_l{layer}") for layer in layers for name in names]


def _for_cudnn(
    x_TBE: Tensor, state: State, weights: list[Tensor]
) -> tuple[Tensor, State, list[Tensor]]:
    """Return what cuDNN is given: in the precision that was asked for, the weights end to end.

    autocast would choose float16, where small gradients vanish; and cuDNN copies weights at every
    call that do not lie as it wants them: all matrices, then all biases.
    """
    in_16_bits = torch.is_autocast_enabled("cuda")
    if not in_16_bits and all(w.is_leaf for w in weights):
        return x_TBE, state, weights
    kind = torch.get_autocast_dtype("cuda") if in_16_bits else x_TBE.dtype
    order = sorted(range(len(weights)), key=lambda i: weights[i].dim() == 1)
    flat = torch.cat([weights[i].to(kind).flatten() for i in order])
    parts = dict(zip(order, flat.split([weights[i].numel() for i in order]), strict=True))
    laid = [parts[i].view_as(w) for i, w in enumerate(weights)]
    return x_TBE.to(kind), tuple(tensor.to(kind) for tensor in state), laid


class TorchRNN(nn.RNN):
    """torch.nn.RNN, with its state in a tuple of one."""

    gates = ("h",)
    rows: Rows | None = None

    def init_state(self, batch_size: int) -> State:
        """Return zeros (L, batch_size, H) in a tuple of one."""
        return (_zeros(self, batch_size),)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the hidden states (T, B, H) and the state after the last."""
        return _run(self, x_TBE, state)


class TorchGRU(nn.GRU):
    """torch.nn.GRU, with its state in a tuple of one."""

    gates = ("r", "z", "n")
    rows: Rows | None = None

    def init_state(self, batch_size: int) -> State:
        """Return zeros (L, batch_size, H) in a tuple of one."""
        return (_zeros(self, batch_size),)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the hidden states (T, B, H) and the state after the last."""
        return _run(self, x_TBE, state)


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
        return _run(self, x_TBE, state)
