"""Layers on top of each other, with dropout in between.

Legend: T time steps, B rows of the batch, E inputs, H hidden units, L layers.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import State


class RecurrentStack(nn.Module):
    """Recurrent layers, each reading what the one below it gives.

    Args:
        layers: ours or torch's, of one kind; all after the first take inputs of size H.
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
        """Return the last layer's hidden states (T, B, H) and the state of all layers."""
        y_TBH, after = x_TBE, list[State]()
        for number, layer in enumerate(self.layers):
            x_TBE = y_TBH if number == 0 else self.dropout(y_TBH)
            own = tuple(tensor[number : number + 1] for tensor in state)
            y_TBH, own = layer(x_TBE, own)
            after.append(own)
        return y_TBH, _on_top(after)


def _on_top(states: Iterable[State]) -> State:
    """Return the states of single layers, each (1, B, H), as one of (L, B, H)."""
    return tuple(torch.cat(tensors) for tensors in zip(*states, strict=True))
