"""The shared language model: embedding, recurrent stack, linear head.

Every tokenizer is given this same network; only the number of rows in the embedding and in the head
differs. What the recurrent layers are is `lstm_lm.cells`' matter, what is dropped and penalised in
training that of `lstm_lm.regularization`.
Legend: T time steps, B rows of the batch, V vocabulary, E embedding, H hidden, L layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lstm_lm.cells import State, make_recurrent
from lstm_lm.config import ModelConfig
from lstm_lm.head import make_head
from lstm_lm.regularization import (
    EmbeddingDropout,
    activation_regularization,
    dropout_layer,
    temporal_activation_regularization,
)
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.sampling.stepping import Stepper


@dataclass(frozen=True, eq=False)
class Features:
    """What the recurrent layers make of a text.

    Attributes:
        raw_TBH: what the last layer gives. dropped_TBH: that after dropout: what the head reads.
        state: the state after the last step.
    """

    raw_TBH: Tensor  # noqa: N815
    dropped_TBH: Tensor  # noqa: N815
    state: State


class LanguageModel(nn.Module):
    """Gives, for every token of a text, the logits of the token that follows.

    Args:   n_vocab: tokens in the vocabulary; config: the sizes, cell, dropout and tying.
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
        self.recurrent = make_recurrent(config)
        self.head = make_head(config, n_vocab)
        rates, locked = config.dropout_rates, config.locked_dropout
        self.embedding_dropout = EmbeddingDropout(rates.embedding, n_vocab)
        self.input_dropout = dropout_layer(rates.input, locked=locked)
        self.output_dropout = dropout_layer(rates.output, locked=locked)
        self._to_be_penalised: Features | None = None
        self._init_weights()
        if config.tied:
            self.head.weight = self.embedding.weight

    def _init_weights(self) -> None:
        """Keep torch's weights, but begin with a loss close to log V, tied or not.

        An embedding drawn from N(0, 1) learns faster than a small one: 2.43 instead of 2.63 bits
        per byte after 5 epochs of `python-docs` (BPE of 1,000). A tied one must be small, for it
        makes the logits too. With `init_range` every weight and bias is drawn from that range
        instead, as in Zaremba et al. 2014, arXiv:1409.2329, sec. 4.1.
        """
        bound = self.config.init_range
        if bound is not None:
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -bound, bound)
            return
        if self.config.tied:
            nn.init.normal_(self.embedding.weight, std=self.config.embedding_size**-0.5)
        nn.init.zeros_(self.head.bias)

    def init_state(self, batch_size: int) -> State:
        """Return zeros (L, batch_size, H): hidden state and, for an LSTM, cell state."""
        return self.recurrent.init_state(batch_size)  # pyright: ignore[reportCallIssue]

    def forward(self, x_TB: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the logits (T, B, V) of what follows each token of `x_TB`, and the state after."""
        h_TBH, state = self.read(x_TB, state)
        return self.head(h_TBH), state

    def read(self, x_TB: Tensor, state: State) -> tuple[Tensor, State]:
        """Return what the head would make logits of (T, B, H), and the state after."""
        features = self.features(x_TB, state)
        if self.training and (self.config.ar_alpha or self.config.tar_beta):
            self._to_be_penalised = features
        return features.dropped_TBH, features.state

    def features(self, x_TB: Tensor, state: State) -> Features:
        """Return what the head would read, before and after dropout, and the state after."""
        x_TBE = self.input_dropout(self.embedding_dropout(self.embedding(x_TB), x_TB))
        raw_TBH, state = self.recurrent(x_TBE, state)
        return Features(raw_TBH, self.output_dropout(raw_TBH), state)

    def stepper(self) -> Stepper:
        """Return what reads texts token by token, for sampling."""
        from lstm_lm.sampling.torch_stepping import TorchStepper

        return TorchStepper(self)

    def penalty(
        self, counted_TB: Tensor | None = None, whole_TB: Tensor | None = None
    ) -> Tensor | float:
        """Return AR plus TAR of the latest forward pass in training, to be added to its loss.

        Each pass is penalised once; without `ar_alpha` and `tar_beta` there is nothing to add.

        Args:   counted_TB: bool, False where the text is padding; None: all positions count.
                whole_TB: the same of the batch of which this was a part: see
                `activation_regularization`.
        Raises: RuntimeError if no pass in training came before.
        Source: Merity et al. 2018, arXiv:1708.02182, sec. 4.6.
        """
        alpha, beta = self.config.ar_alpha, self.config.tar_beta
        if not alpha and not beta:
            return 0.0
        features, self._to_be_penalised = self._to_be_penalised, None
        if features is None:
            raise RuntimeError("penalty() belongs after a forward pass in training")
        return activation_regularization(
            features.dropped_TBH, alpha, counted_TB, whole_TB
        ) + temporal_activation_regularization(features.raw_TBH, beta, counted_TB, whole_TB)

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
