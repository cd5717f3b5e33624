"""Two ways to begin that help recurrent layers: orthogonal recurrent weights, an open forget gate.

Both work on our layers, on torch's, and on whatever holds some of either.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import Cell
from toktools.errors import ToktoolsError


def orthogonal_recurrent(recurrent: nn.Module) -> None:
    """Make every gate's recurrent matrix (H, H) orthogonal: it neither stretches nor shrinks.

    Raises: ToktoolsError if there is none.
    Source: Saxe et al. 2014, arXiv:1312.6120.
    """
    for layer in _layers(recurrent):
        for weight in _named(layer, "weight_hh"):
            for block_HH in weight.detach().split(weight.shape[1]):
                nn.init.orthogonal_(block_HH)


def set_forget_bias(recurrent: nn.Module, value: float) -> None:
    """Begin with every forget gate's bias at `value`: at 1, new cells mostly remember.

    A coupled gate lets in what it forgets, so its bias begins at minus `value`.

    Raises: ToktoolsError if there is no forget gate.
    Source: Jozefowicz et al. 2015, An empirical exploration of recurrent network architectures,
            sec. 2.2; the idea is that of Gers, Schmidhuber and Cummins 2000.
    """
    for layer in _layers(recurrent):
        if "i" not in layer.gates:
            raise ToktoolsError(f"a forget bias needs an LSTM, got {type(layer).__name__}")
        gate, sign = ("f", 1) if "f" in layer.gates else ("i", -1)
        for name, start in (("bias_ih", sign * value), ("bias_hh", 0.0)):  # torch adds the two
            for bias in _named(layer, name):
                rows = bias.detach().view(len(layer.gates), -1)
                rows[layer.gates.index(gate)] = start


def _layers(recurrent: nn.Module) -> Iterator[Cell]:
    """Yield the layers, ours and torch's, that name their gates."""
    layers = [module for module in recurrent.modules() if hasattr(module, "gates")]
    if not layers:
        raise ToktoolsError(f"{type(recurrent).__name__} holds no layer with gates in one matrix")
    yield from layers  # pyright: ignore[reportReturnType]


def _named(layer: nn.Module, start: str) -> list[Tensor]:
    """Return the weights of one layer, or of all of a torch module's, whose name starts so."""
    with torch.no_grad():
        return [p for name, p in layer.named_parameters(recurse=False) if name.startswith(start)]
