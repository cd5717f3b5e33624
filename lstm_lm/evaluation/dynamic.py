"""Dynamic evaluation: a model that goes on learning from the text it scores.

Each segment is scored first, with the weights as they are; then one step is taken down the gradient
of its loss, and one back towards the trained weights. What is scored never sees what comes after.

With w_0 the trained weights, g the gradient, r the root mean square of the training text's
gradients, element by element, and m the mean of r, over each matrix and then over matrices:

    sgd    w += lambda (w_0 - w) - rate g
    rms    w += min(1, lambda r / m) (w_0 - w) - rate g / (r + epsilon)

Source: Krause et al. 2018, arXiv:1709.07432, sec. 5; the mean of matrices' means, the limit of 1
        and the defaults (tuned on AWD-LSTM) are those of github.com/benkrause/dynamic-evaluation.
Legend: T time steps, B rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from lstm_lm.cells import State
from lstm_lm.config.scoring import ScoringConfig
from lstm_lm.data.batching import IGNORED, Chunk
from lstm_lm.evaluation.segments import Ids, Segment, cut, read_segment
from lstm_lm.model import LanguageModel, detach

STATISTICS_ROWS = 100


class DynamicEvaluation:
    """A model that adapts; leave `adapting` to have the trained weights back, bit by bit.

    Args: config: rule, rate, decay, segment.
          rms: of the gradients in training, from `gradient_rms`; needed by the rule rms.
    """

    def __init__(
        self, model: LanguageModel, config: ScoringConfig, rms: Sequence[Tensor] = ()
    ) -> None:
        self._model, self._config = model, config
        self._weights = list(model.parameters())
        self._trained = [w.detach().clone() for w in self._weights]
        self._rates, self._pulls = rates_and_pulls(config, rms, len(self._weights))

    @contextmanager
    def adapting(self) -> Iterator[None]:
        """Drop nothing and let the weights change; afterwards all is as it was before."""
        with _dropping_nothing(self._model), torch.no_grad():
            try:
                yield
            finally:
                for w, trained in zip(self._weights, self._trained, strict=True):
                    w.copy_(trained)

    def segments(self, x_TB: Ids, y_TB: Ids) -> Iterator[Segment]:
        """Read a text from a zero state, and learn from each segment once it was given out."""
        state = self._model.init_state(x_TB.shape[1])
        for x, y in cut(x_TB, y_TB, self._config.dynamic_segment, self._model.device):
            segment, gradients, state = read_with_gradients(self._model, x, y, state)
            yield segment
            self._step(gradients)

    @torch.no_grad()
    def _step(self, gradients: Iterable[Tensor]) -> None:
        """Step down the gradients, and back towards the trained weights."""
        parts = (self._weights, self._trained, gradients, self._rates, self._pulls)
        for w, trained, gradient, rate, pull in zip(*parts, strict=True):
            w.add_(pull * (trained - w) - rate * gradient)


def rates_and_pulls(
    config: ScoringConfig, rms: Sequence[Tensor], n: int
) -> tuple[Sequence[Tensor | float], Sequence[Tensor | float]]:
    """Return, for each of n matrices, what its gradient and its way back are multiplied by."""
    if config.dynamic_rule == "sgd":
        return [config.rate] * n, [config.decay] * n
    mean = torch.stack([r.mean() for r in rms]).mean()
    rates = [config.rate / (r + config.dynamic_epsilon) for r in rms]
    return rates, [(config.decay * r / mean).clamp(max=1) for r in rms]


def gradient_rms(model: LanguageModel, chunks: Iterable[Chunk]) -> list[Tensor]:
    """Return the root mean square of the chunks' gradients, element by element of each matrix.

    Args: model: drops nothing meanwhile. chunks: of the training text; each has one gradient, that
          of its mean loss.
    """
    squares = [torch.zeros_like(w, requires_grad=False) for w in model.parameters()]
    state, n = (), 0
    with _dropping_nothing(model):
        for chunk in chunks:
            x_TB, y_TB = chunk.x_TB.to(model.device), chunk.y_TB.to(model.device)
            if chunk.fresh:
                state = model.init_state(x_TB.shape[1])
            _, gradients, state = read_with_gradients(model, x_TB, y_TB, state)
            for square, gradient in zip(squares, gradients, strict=True):
                square.addcmul_(gradient, gradient)
            n += 1
    return [(square / n).sqrt() for square in squares]


def read_with_gradients(
    model: LanguageModel, x_TB: Tensor, y_TB: Tensor, state: State
) -> tuple[Segment, tuple[Tensor, ...], State]:
    """Read one segment; return it, the gradients of its mean loss, and the state after it."""
    # cuDNN's recurrent kernels have no backward pass in evaluation mode
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        segment, cost, after = read_segment(model, x_TB, y_TB, state)
        n = (y_TB != IGNORED).sum().clamp(min=1)
        gradients = torch.autograd.grad(cost / n, list(model.parameters()), materialize_grads=True)
    return segment, gradients, detach(after)


@contextmanager
def _dropping_nothing(model: LanguageModel) -> Iterator[None]:
    """Put the model in evaluation mode meanwhile, gradients as they are."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
