"""MC dropout: the mean of the probabilities that a model gives with different things dropped.

Training drops what evaluation keeps, as if one network stood for many thinned ones. Here some of
those are asked, one after another, and the mean of what they say is taken, token by token; the
state of each runs through the whole text. Nothing is learned from the text that is scored.

Source: Gal and Ghahramani 2016, arXiv:1512.05287, sec. 4; Melis et al. 2018, arXiv:1805.09208, for
        the mean of the probabilities themselves.
Legend: T time steps, B rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce

import numpy as np
import torch
from numpy.typing import NDArray

from lstm_lm.evaluation.scoring import Reader, log_probabilities
from lstm_lm.evaluation.segments import Ids
from lstm_lm.model import LanguageModel, evaluating


@contextmanager
def dropping(model: LanguageModel, *, seed: int) -> Iterator[None]:
    """Let dropout act meanwhile, as in training, drawn from `seed`; afterwards all is as before."""
    cuda = [model.device] if model.device.type == "cuda" else []
    with evaluating(model), torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        for part in model.children():  # the model itself stays: it would keep what AR penalises
            part.train()
        yield


def mean_reader(model: LanguageModel, n: int) -> Reader:
    """Return what reads rows `n` times and gives log of the mean probability of each target."""

    def read(x_TB: Ids, y_TB: Ids) -> NDArray[np.floating]:
        each = (log_probabilities(model, x_TB, y_TB).astype(np.float64) for _ in range(n))
        return reduce(np.logaddexp, each) - math.log(n)

    return read
