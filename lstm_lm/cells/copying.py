"""Weights from torch's layers into ours and back: after that both give the same numbers.

Legend: E inputs, H hidden units.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import Cell
from lstm_lm.cells.gru import GRU
from lstm_lm.cells.lstm import LSTM
from lstm_lm.cells.lstm_gates import FourGateLSTM
from lstm_lm.cells.rnn import RNN
from lstm_lm.cells.stack import RecurrentStack
from toktools.errors import ToktoolsError

Ours = Cell | FourGateLSTM | RecurrentStack
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
COUNTERPARTS: dict[type, type[nn.RNNBase]] = {
    RNN: nn.RNN,
    GRU: nn.GRU,
    LSTM: nn.LSTM,
    FourGateLSTM: nn.LSTM,
}
"""What torch has too. The other cells are ours alone."""


@torch.no_grad()
def copy_from_torch(ours: Ours, theirs: nn.RNNBase) -> None:
    """Copy the weights of torch's RNN, GRU or LSTM into ours.

    Args:   ours: a layer or a stack of layers; theirs: of the same kind, sizes and depth.
    Raises: ToktoolsError if they do not match, or have something that the other cannot have.
    Example:
        >>> theirs, ours = nn.LSTM(3, 5), LSTM(3, 5)
        >>> copy_from_torch(ours, theirs)
        >>> x_TBE = torch.randn(4, 2, 3)
        >>> torch.allclose(ours(x_TBE, ours.init_state(2))[0], theirs(x_TBE)[0], atol=1e-6)
        True
    """
    for layer, tensors in _pairs(ours, theirs):
        if isinstance(layer, FourGateLSTM):
            _to_four_gates(layer, tensors)
        else:
            for name in NAMES:
                layer.get_parameter(name).copy_(tensors[name])


@torch.no_grad()
def copy_to_torch(ours: Ours, theirs: nn.RNNBase) -> None:
    """Copy our weights into torch's RNN, GRU or LSTM: the way back of `copy_from_torch`.

    The four-gate form has one bias where torch has two: `bias_hh` becomes zero.

    Raises: as `copy_from_torch`.
    """
    for layer, tensors in _pairs(ours, theirs):
        own = (
            _from_four_gates(layer)
            if isinstance(layer, FourGateLSTM)
            else dict(layer.named_parameters())
        )
        for name in NAMES:
            tensors[name].copy_(own[name])


def _pairs(
    ours: Ours, theirs: nn.RNNBase
) -> Iterator[tuple[Cell | FourGateLSTM, dict[str, Tensor]]]:
    """Yield each layer of ours with the tensors of torch's."""
    layers = list(ours.layers) if isinstance(ours, RecurrentStack) else [ours]
    if len(layers) != theirs.num_layers:
        raise ToktoolsError(
            f"both must have as many layers, got {len(layers)} of ours and {theirs.num_layers}"
        )
    for number, layer in enumerate(layers):
        _check(layer, theirs, theirs.input_size if number == 0 else theirs.hidden_size)
        tensors = {name: theirs.get_parameter(f"{name}_l{number}") for name in NAMES}
        yield layer, tensors  # pyright: ignore[reportReturnType]


def _check(layer: nn.Module, theirs: nn.RNNBase, input_size: int) -> None:
    """Raise ToktoolsError if the weights of one cannot stand in the other."""
    counterpart = COUNTERPARTS.get(type(layer))
    if counterpart is None or not isinstance(theirs, counterpart):
        known = "RNN, GRU, LSTM and FourGateLSTM"
        raise ToktoolsError(
            f"{type(layer).__name__} and torch's {type(theirs).__name__} are different cells; "
            f"torch has counterparts of {known}"
        )
    if getattr(layer, "layer_norm", False):
        raise ToktoolsError("torch's layers have no layer norm; make ours without layer_norm")
    if isinstance(layer, RNN) and layer.nonlinearity != theirs.nonlinearity:
        raise ToktoolsError(
            f"both must squash alike, got {layer.nonlinearity} and torch's {theirs.nonlinearity}"
        )
    if theirs.bidirectional or not theirs.bias or theirs.proj_size:
        raise ToktoolsError("torch's layer must read one way, with bias and without projection")
    sizes, wanted = (layer.input_size, layer.hidden_size), (input_size, theirs.hidden_size)
    if sizes != wanted:
        raise ToktoolsError(f"both must have the same sizes (E, H), got {sizes} and {wanted}")


def _to_four_gates(layer: FourGateLSTM, tensors: dict[str, Tensor]) -> None:
    """Set each gate to its rows of torch's matrices; the two biases are added."""
    weight = torch.cat([tensors["weight_hh"], tensors["weight_ih"]], dim=1)
    bias = tensors["bias_ih"] + tensors["bias_hh"]
    for gate, rows, shift in zip(layer.layers, weight.chunk(4), bias.chunk(4), strict=True):
        gate.weight.copy_(rows)
        gate.bias.copy_(shift)


def _from_four_gates(layer: FourGateLSTM) -> dict[str, Tensor]:
    """Return the gates' weights as torch names them."""
    weight = torch.cat([gate.weight for gate in layer.layers])
    bias = torch.cat([gate.bias for gate in layer.layers])
    h, x = weight.split([layer.hidden_size, layer.input_size], dim=1)
    return {"weight_ih": x, "weight_hh": h, "bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
