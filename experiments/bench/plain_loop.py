"""A language model and its training step as PyTorch's own documentation teaches to write them.

Embedding, nn.LSTM, nn.Linear, cross_entropy, clip_grad_norm_ and SGD, the state detached from one
batch to the next: what our training is measured against, in speed and in what it learns.

Source: the word-level language model of pytorch/examples, for the order of things.
"""

from __future__ import annotations

import math
import time

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

    def train_for(
        self, seconds: float, train_N: Tensor, validation_N: Tensor, batch_size: int, bptt: int
    ) -> int:
        """Train on a text as one stream a row; return how many tokens were read.

        After a pass the rate is divided by 4 if the validation text is not told better than ever
        before; at the end the model has its best weights. Validating takes none of the time.
        """
        stream_NB = train_N[: len(train_N) // batch_size * batch_size].view(batch_size, -1).t()
        best, best_weights, n_read, spent = math.inf, self.model.state_dict(), 0, 0.0
        while spent < seconds:
            self.model.train()
            self.state, begun = None, time.perf_counter()
            for start in range(0, len(stream_NB) - 1, bptt):
                y_TB = stream_NB[start + 1 : start + 1 + bptt]
                self.step(stream_NB[start : start + len(y_TB)], y_TB)
                n_read += y_TB.numel()
                if spent + time.perf_counter() - begun >= seconds:
                    break
            spent += time.perf_counter() - begun
            loss = mean_nats(self.model, validation_N)
            if loss < best:
                best = loss
                best_weights = {name: w.clone() for name, w in self.model.state_dict().items()}
            else:
                for group in self.optimizer.param_groups:
                    group["lr"] /= 4
        self.model.load_state_dict(best_weights)
        return n_read


def mean_nats(model: PlainModel, ids_N: Tensor, n_steps: int = 1000) -> float:
    """Return the cross-entropy per token of a text read in one row, in nats.

    Its last token stands before the first, so that each is told.
    """
    model.eval()
    x_N1, total, state = torch.cat([ids_N[-1:], ids_N[:-1]])[:, None], 0.0, None
    with torch.no_grad():
        for start in range(0, len(ids_N), n_steps):
            stretch = slice(start, start + n_steps)
            logits_T1V, state = model(x_N1[stretch], state)
            nats = functional.cross_entropy(logits_T1V[:, 0], ids_N[stretch], reduction="sum")
            total += nats.item()
    return total / len(ids_N)
