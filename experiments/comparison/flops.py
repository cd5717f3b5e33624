"""The size of a model and what a token costs to train on, from its shapes alone.

Counted are matrix products, each multiplication and each addition as one operation. A matrix of
a x b values takes 2ab of them for a token forward, and twice that backward: once for the gradient
of what it read, once for its own. So training takes 6 operations a token for every value in a
matrix of the recurrent layers and of the head. The embedding is looked up, not multiplied. Left out
are what goes element by element (gates, dropout, softmax), the optimiser, and validation.

Source: Kaplan et al. 2020, arXiv:2001.08361, sec. 2.1, for the rule of six.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from lstm_lm.config import ModelConfig
from lstm_lm.model import LanguageModel

PER_VALUE = 6
"""Operations of training a token for each value of a matrix: 2 forward, 4 backward."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a model has and costs: trained values, and operations of training on one token."""

    n_parameters: int
    flops_per_token: int


def size_of(config: ModelConfig, n_vocab: int) -> Size:
    """Return the size of a model of this shape; none is made, no memory is needed.

    Example:
        >>> shape = ModelConfig(embedding_size=4, hidden_size=8, n_layers=1)
        >>> size_of(shape, 10).flops_per_token == 6 * (4 * 8 * (4 + 8) + 10 * 8)
        True
    """
    unset = replace(config, orthogonal=False, forget_bias=None, init_range=None)  # nothing is drawn
    with torch.device("meta"):
        model = LanguageModel(n_vocab, unset)
    matrices = [p for p in model.recurrent.parameters() if p.dim() == 2]
    values = sum(matrix.numel() for matrix in matrices) + model.head.weight.numel()
    return Size(n_parameters=model.n_parameters, flops_per_token=PER_VALUE * values)
