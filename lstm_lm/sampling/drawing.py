"""From probabilities and random numbers to tokens, and where the random numbers come from.

Each text has random numbers of its own, so it does not depend on which texts stand beside it.
Legend: B texts, V vocabulary, D random numbers for one token.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.sampling.stepping import Ids
from lstm_lm.sampling.transforms import softmax

Array = NDArray[Any]
_BLOCK = 256  # tokens for which random numbers are drawn at once


def argmax(logits_BV: Array, u_BD: Array) -> Ids:
    """Return the likeliest token of each row; of equals the lowest id. Chance has no say."""
    return logits_BV.argmax(axis=-1)


def sample(logits_BV: Array, u_BD: Array) -> Ids:
    """Return a token of each row by its probability."""
    return draw(softmax(logits_BV), u_BD[:, 0])


def resample_once(logits_BV: Array, u_BD: Array) -> Ids:
    """Draw a token; if it is not the likeliest one, draw once more, and keep that.

    With p_m the probability of the likeliest token m: m comes with p_m + (1 - p_m) p_m, every other
    x with (1 - p_m) p(x). It is derived in docs/sampling.md.
    """
    p_BV = softmax(logits_BV)
    first_B = draw(p_BV, u_BD[:, 0])
    return np.where(first_B == logits_BV.argmax(axis=-1), first_B, draw(p_BV, u_BD[:, 1]))


def draw(p_BV: Array, u_B: Array) -> Ids:
    """Return, for each row, the first id at which the running sum of `p_BV` exceeds `u_B`.

    Args: p_BV: probabilities; u_B: uniform numbers in [0, 1).
    Example:
        >>> draw(np.array([[0.5, 0.0, 0.5]] * 2), np.array([0.49, 0.5])).tolist()
        [0, 2]
    """
    running_BV = p_BV.cumsum(axis=-1)
    threshold_B1 = (u_B * running_BV[:, -1])[:, None]
    return np.minimum((running_BV <= threshold_B1).sum(axis=-1), p_BV.shape[-1] - 1)


def keys(prompts: Sequence[str], seed: int) -> list[tuple[int, int, int]]:
    """Return, for each prompt, what its random numbers depend on: seed, text, earlier equals."""
    before: Counter[str] = Counter()
    made: list[tuple[int, int, int]] = []
    for prompt in prompts:
        made.append((seed, zlib.crc32(prompt.encode("utf-8", "surrogatepass")), before[prompt]))
        before[prompt] += 1
    return made


class Uniforms:
    """Uniform random numbers in [0, 1), D for each token of each text, as many as are asked for."""

    def __init__(self, keys: Sequence[tuple[int, ...]], n_draws: int) -> None:
        self._random = [np.random.default_rng(key) for key in keys]
        self._n_draws, self._block_BTD, self._t = n_draws, np.empty((len(keys), 0, n_draws)), 0

    def next(self) -> Array:
        """Return the numbers (B, D) for the next token of each text."""
        if self._t == self._block_BTD.shape[1]:
            shape = (_BLOCK, self._n_draws)
            self._block_BTD, self._t = np.stack([r.random(shape) for r in self._random]), 0
        self._t += 1
        return self._block_BTD[:, self._t - 1]

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Go on with those texts only that `rows` marks."""
        self._random = [r for r, kept in zip(self._random, rows, strict=True) if kept]
        self._block_BTD = self._block_BTD[rows]
