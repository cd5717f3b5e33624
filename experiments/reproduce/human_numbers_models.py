"""Seven language models, from three words and no loop to a regularized LSTM; each adds one idea.

    LMModel1  three words in, the fourth out; one hidden layer is used for all three
    LMModel2  the same as a loop
    LMModel3  the state is kept from window to window
    LMModel4  every word is predicted
    LMModel5  two layers
    LMModel6  the layers are LSTMs
    LMModel7  dropout, AR and TAR, tied weights

A state goes in and comes out; no model holds one. Who trains cuts it from the graph between
windows, and leaves it out (None: zeros) where a pass over the text begins.

Source: Howard and Gugger 2020, Deep Learning for Coders with fastai and PyTorch, chapter 12.
Legend: T time steps, B rows of the batch, V vocabulary, H hidden units (and the embedding's size).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lstm_lm.cells import LSTM, RNN, RecurrentStack, State
from lstm_lm.regularization import (
    Dropout,
    activation_regularization,
    temporal_activation_regularization,
)


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a model makes of a window.

    Attributes:
        logits: (B, V) where one word is predicted, (T, B, V) where every word is.
        state: the state after the last step; () of a model that keeps none.
        penalty: what training adds to the loss.
    """

    logits: Tensor
    state: State = ()
    penalty: Tensor | float = 0.0


class LMModel1(nn.Module):
    """Reads three words one after another through the same layers, without a loop.

    Args: n_vocab: V; n_hidden: H.
    Example:
        >>> output = LMModel1(30, 64)(torch.zeros(3, 2, dtype=torch.long))
        >>> output.logits.shape, output.state
        (torch.Size([2, 30]), ())
    """

    def __init__(self, n_vocab: int, n_hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_vocab, n_hidden)
        self.hidden = nn.Linear(n_hidden, n_hidden)
        self.head = nn.Linear(n_hidden, n_vocab)

    def forward(self, x_TB: Tensor, state: State | None = None) -> Output:
        """Return logits for the word after the three; `state` is not used."""
        first_BH, second_BH, third_BH = self.embedding(x_TB)
        h_BH = self.hidden(first_BH).relu()
        h_BH = self.hidden(h_BH + second_BH).relu()
        h_BH = self.hidden(h_BH + third_BH).relu()
        return Output(logits=self.head(h_BH))


class LMModel2(LMModel1):
    """The same as a loop, for windows of any length: a recurrent network."""

    def forward(self, x_TB: Tensor, state: State | None = None) -> Output:
        """Return logits for the word after the window; `state` is not used."""
        return Output(logits=self.head(self.read(x_TB, None)[-1]))

    def read(self, x_TB: Tensor, state: State | None) -> list[Tensor]:
        """Return the hidden states (B, H) after each word."""
        h_BH = self.hidden.bias.new_zeros(1) if state is None else state[0]
        h: list[Tensor] = []
        for x_BH in self.embedding(x_TB):
            h_BH = self.hidden(h_BH + x_BH).relu()
            h.append(h_BH)
        return h


class LMModel3(LMModel2):
    """Goes on from the state in which it left the window before."""

    def forward(self, x_TB: Tensor, state: State | None = None) -> Output:
        """Return logits for the word after the window, and the state after it."""
        h = self.read(x_TB, state)
        return Output(logits=self.head(h[-1]), state=(h[-1],))


class LMModel4(LMModel2):
    """Predicts after every word, not only after the last."""

    def forward(self, x_TB: Tensor, state: State | None = None) -> Output:
        """Return logits for the word after each word, and the state after the last."""
        h = self.read(x_TB, state)
        return Output(logits=self.head(torch.stack(h)), state=(h[-1],))


class LMModel5(nn.Module):
    """Two recurrent layers, the second reading what the first gives; tanh in the place of relu."""

    layer: type[RNN | LSTM] = RNN

    def __init__(self, n_vocab: int, n_hidden: int, n_layers: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_vocab, n_hidden)
        self.recurrent = RecurrentStack([self.layer(n_hidden, n_hidden) for _ in range(n_layers)])
        self.head = nn.Linear(n_hidden, n_vocab)

    def forward(self, x_TB: Tensor, state: State | None = None) -> Output:
        """Return logits for the word after each word, and the state after the last."""
        raw_TBH, after = self.read(x_TB, state)
        return Output(logits=self.head(raw_TBH), state=after)

    def read(self, x_TB: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return what the last layer gives at each step, and the state after the last."""
        state = self.recurrent.init_state(x_TB.shape[1]) if state is None else state
        return self.recurrent(self.embedding(x_TB), state)


class LMModel6(LMModel5):
    """The same with LSTM layers."""

    layer = LSTM


class LMModel7(LMModel6):
    """The same, held back: dropout before the head, AR and TAR, one matrix for words in and out.

    Args:   dropout: the share of the last layer's activations that the head does not see.
            alpha, beta: the weights of AR and TAR.
    Source: Merity et al. 2018, arXiv:1708.02182, sec. 4; tied weights: Press and Wolf 2017,
            arXiv:1608.05859, and Inan et al. 2017, arXiv:1611.01462.
    """

    def __init__(
        self,
        n_vocab: int,
        n_hidden: int,
        n_layers: int = 2,
        *,
        dropout: float = 0.4,
        alpha: float = 2.0,
        beta: float = 1.0,
    ) -> None:
        super().__init__(n_vocab, n_hidden, n_layers)
        self.dropout, self.alpha, self.beta = Dropout(dropout), alpha, beta
        self.head.weight = self.embedding.weight

    def forward(self, x_TB: Tensor, state: State | None = None) -> Output:
        """Return logits for the word after each word, the state after the last, AR plus TAR."""
        raw_TBH, after = self.read(x_TB, state)
        dropped_TBH = self.dropout(raw_TBH)
        penalty = activation_regularization(dropped_TBH, self.alpha)
        penalty = penalty + temporal_activation_regularization(raw_TBH, self.beta)
        return Output(logits=self.head(dropped_TBH), state=after, penalty=penalty)
