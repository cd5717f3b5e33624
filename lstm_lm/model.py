"""The shared language model: embedding, recurrent stack, linear head.

Every tokenizer is given this same network; only the number of rows in the embedding and in the head
differs. Legend: T time steps, B rows of the batch, V vocabulary, E embedding, H hidden, L layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from lstm_lm.config import ModelConfig
from toktools.errors import ToktoolsError

State = tuple[Tensor, ...]
"""What a recurrent stack carries from step to step; the batch is dimension 1 of every tensor."""


class LanguageModel(nn.Module):
    """Gives, for every token of a text, the logits of the token that follows.

    Args:   n_vocab: tokens in the vocabulary; config: the sizes, dropout and tying.
    Raises: ToktoolsError if `n_vocab` is below 1.
    Source: Zaremba et al. 2014, arXiv:1409.2329, for where dropout acts: never on the recurrent
            connections; Press and Wolf 2017, arXiv:1608.05859, for tying.
    Example:
        >>> model = LanguageModel(10, ModelConfig(embedding_size=4, hidden_size=4, n_layers=1))
        >>> logits_TBV, state = model(torch.zeros(5, 2, dtype=torch.long), model.init_state(2))
        >>> logits_TBV.shape
        torch.Size([5, 2, 10])
    """

    def __init__(self, n_vocab: int, config: ModelConfig) -> None:
        super().__init__()
        if n_vocab < 1:
            raise ToktoolsError(f"n_vocab must be >= 1, got {n_vocab}")
        self.n_vocab, self.config = n_vocab, config
        self.embedding = nn.Embedding(n_vocab, config.embedding_size)
        self.recurrent = nn.LSTM(
            config.embedding_size,
            config.hidden_size,
            config.n_layers,
            dropout=config.dropout if config.n_layers > 1 else 0.0,  # between layers only
        )
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden_size, n_vocab)
        self._init_weights()
        if config.tied:
            self.head.weight = self.embedding.weight

    def _init_weights(self) -> None:
        """Keep torch's weights, but begin with a loss close to log V, tied or not.

        An embedding drawn from N(0, 1) learns faster than a small one: 2.43 instead of 2.63 bits
        per byte after 5 epochs of `python-docs` (BPE of 1,000). A tied one must be small, for it
        makes the logits too.
        """
        if self.config.tied:
            nn.init.normal_(self.embedding.weight, std=self.config.embedding_size**-0.5)
        nn.init.zeros_(self.head.bias)

    def init_state(self, batch_size: int) -> State:
        """Return zeros: hidden and cell state, each of shape (L, batch_size, H)."""
        shape = (self.config.n_layers, batch_size, self.config.hidden_size)
        h_LBH = self.head.weight.new_zeros(shape)
        return h_LBH, torch.zeros_like(h_LBH)

    def forward(self, x_TB: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the logits (T, B, V) of what follows each token of `x_TB`, and the state after."""
        x_TBE = self.dropout(self.embedding(x_TB))
        h_TBH, state = self.recurrent(x_TBE, state)
        return self.head(self.dropout(h_TBH)), state

    @property
    def n_parameters(self) -> int:
        """The number of trained values; a tied matrix counts once."""
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.head.weight.device


def detach(state: State) -> State:
    """Return the same state, cut from the graph: gradients stop here (truncated BPTT)."""
    return tuple(tensor.detach() for tensor in state)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switch dropout and gradients off meanwhile; afterwards the model is in its mode of before."""
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(training)
