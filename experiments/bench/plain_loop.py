"""A language model and its training step as PyTorch's own documentation teaches to write them.

Embedding, nn.LSTM, nn.Linear, cross_entropy, clip_grad_norm_ and SGD, the state detached from one
batch to the next: what our training is measured against, in speed and in what it learns.

Source: the word-level language model of pytorch/examples, for the order of things.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainModel(nn.Module):
    """Gives the logits (T, B, V) of the next tokens, and the state after."""

    def __init__(self, n_vocab: int, n_units: int, n_layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Embedding(n_vocab, n_units)
        self.recurrent = nn.LSTM(n_units, n_units, n_layers, dropout=dropout)
        self.head = nn.Linear(n_units, n_vocab)

    def forward(
        self, x_TB: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        y_TBH, after = self.recurrent(self.dropout(self.embedding(x_TB)), state)
        return self.head(self.dropout(y_TBH)), after


class PlainTraining:
    """Trains a `PlainModel` by SGD, one batch after the other."""

    def __init__(self, model: PlainModel, learning_rate: float, clip_norm: float) -> None:
        self.model, self.clip_norm = model, clip_norm
        self.optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
        self.state: tuple[Tensor, Tensor] | None = None

    def step(self, x_TB: Tensor, y_TB: Tensor) -> float:
        """Make one update; return the loss in nats per token."""
        self.optimizer.zero_grad()
        logits_TBV, state = self.model(x_TB, self.state)
        loss = functional.cross_entropy(logits_TBV.flatten(0, 1), y_TB.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.state = tuple(tensor.detach() for tensor in state)
        return loss.item()
