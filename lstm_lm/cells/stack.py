"""Layers on top of each other, with dropout in between.

Legend: T time steps, B rows of the batch, E inputs, H hidden units of the widest layer, L layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_lm.cells.cell import State


class RecurrentStack(nn.Module):
    """Recurrent layers, each reading what the one below it gives.

    Args:
        layers: ours or torch's, of one kind; each takes what the one below it gives. Of a layer
            with fewer than H units the state is filled up with zeros, which nothing reads.
        dropout: acts between layers, so neither on the first's inputs nor on the last's outputs;
            the place is that of Zaremba et al. 2014, arXiv:1409.2329. None: no dropout.
    Example:
        >>> from lstm_lm.cells import GRU
        >>> stack = RecurrentStack([GRU(3, 5), GRU(5, 5)], nn.Dropout(0.5))
        >>> y_TBH, (h_LBH,) = stack(torch.ones(4, 2, 3), stack.init_state(2))
        >>> y_TBH.shape, h_LBH.shape
        (torch.Size([4, 2, 5]), torch.Size([2, 2, 5]))
    """

    def __init__(self, layers: Iterable[nn.Module], dropout: nn.Module | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout or nn.Identity()

    def init_state(self, batch_size: int) -> State:
        """Return zeros: tensors of shape (L, batch_size, H)."""
        return _on_top(
            layer.init_state(batch_size)  # pyright: ignore[reportCallIssue]
            for layer in self.layers
        )

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the last layer's hidden states (T, B, its size) and the state of all layers."""
        y_TBH, after = x_TBE, list[State]()
        for number, layer in enumerate(self.layers):
            x_TBE = y_TBH if number == 0 else self.dropout(y_TBH)
            size: int = layer.hidden_size  # pyright: ignore[reportAssignmentType]
            own = tuple(tensor[number : number + 1, :, :size].contiguous() for tensor in state)
            y_TBH, own = layer(x_TBE, own)
            after.append(own)
        return y_TBH, _on_top(after)


def _on_top(states: Iterable[State]) -> State:
    """Return the states of single layers, each (1, B, its size), as one of (L, B, H)."""
    return tuple(torch.cat(_filled_up(tensors)) for tensors in zip(*states, strict=True))


def _filled_up(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the tensors, zeros behind their last units, so that all are as wide as the widest."""
    width = max(tensor.shape[-1] for tensor in tensors)
    return [functional.pad(tensor, (0, width - tensor.shape[-1])) for tensor in tensors]
