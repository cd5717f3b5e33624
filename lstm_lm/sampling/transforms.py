"""Functions on logits, to be put one after the other. Each returns new logits.

What is taken away gets minus infinity; where several tokens are equal at a bound, the lowest ids
stay. Each is defined in docs/sampling.md. Legend: B texts, V vocabulary.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]


def softmax(logits_BV: Array) -> Array:
    """Return the probabilities of each row; no finite logit overflows.

    Example:
        >>> softmax(np.array([[1e4, 1e4, -np.inf]])).tolist()
        [[0.5, 0.5, 0.0]]
    """
    p_BV = logits_BV - logits_BV.max(axis=-1, keepdims=True)
    np.exp(p_BV, out=p_BV)
    p_BV /= p_BV.sum(axis=-1, keepdims=True)
    return p_BV


def forbid(logits_BV: Array, ids: Any) -> Array:
    """Return the logits without the tokens `ids`."""
    logits_BV = logits_BV.copy()
    logits_BV[:, ids] = -np.inf
    return logits_BV


def penalize(logits_BV: Array, seen_BV: Mask, penalty: float) -> Array:
    """Return the logits with those of seen tokens divided by `penalty`, if negative multiplied.

    Source: Keskar et al. 2019, arXiv:1909.05858, sec. 4.1, who only divide; that a negative logit
            is multiplied, so that it never becomes likelier, is common practice.
    Example:
        >>> penalize(np.array([[2.0, -1.0, 3.0]]), np.array([[True, True, False]]), 2.0).tolist()
        [[1.0, -2.0, 3.0]]
    """
    penalized_BV = np.where(logits_BV > 0, logits_BV / penalty, logits_BV * penalty)
    return np.where(seen_BV, penalized_BV, logits_BV)


def heat(logits_BV: Array, temperature: float) -> Array:
    """Return the logits divided by `temperature`, the greatest of each row first brought to 0.

    Source: Ackley, Hinton and Sejnowski 1985, A learning algorithm for Boltzmann machines.
    """
    return (logits_BV - logits_BV.max(axis=-1, keepdims=True)) / temperature


def keep_top_k(logits_BV: Array, k: int) -> Array:
    """Return the logits of the `k` likeliest tokens; of all, if there are no more.

    Source: Fan et al. 2018, arXiv:1805.04833, sec. 5.
    Example:
        >>> keep_top_k(np.array([[1.0, 3.0, 3.0, 3.0]]), 2).tolist()
        [[-inf, 3.0, 3.0, -inf]]
    """
    if k >= logits_BV.shape[-1]:
        return logits_BV.copy()
    least_B1 = np.partition(logits_BV, -k, axis=-1)[:, -k, None]  # the k-th greatest
    return np.where(_greatest(logits_BV, least_B1, k), logits_BV, -np.inf)


def level(logits_BV: Array) -> Array:
    """Return logits by which all tokens that are left are equally likely."""
    return np.where(logits_BV > -np.inf, 0.0, -np.inf)


def keep_top_p(logits_BV: Array, p: float) -> Array:
    """Return the logits of the fewest likeliest tokens whose probabilities reach `p`.

    Source: Holtzman et al. 2020, arXiv:1904.09751, sec. 3.1 (nucleus sampling).
    Example:
        >>> keep_top_p(np.log([[0.5, 0.1, 0.3, 0.1]]), 0.6).round(2).tolist()
        [[-0.69, -inf, -1.2, -inf]]
    """
    p_BV = softmax(logits_BV)
    falling_BV = np.sort(p_BV, axis=-1)[:, ::-1]
    n_B1 = _n_to_reach(falling_BV, p)
    return np.where(
        _greatest(p_BV, np.take_along_axis(falling_BV, n_B1 - 1, axis=-1), n_B1), logits_BV, -np.inf
    )


def keep_min_p(logits_BV: Array, min_p: float) -> Array:
    """Return the logits of the tokens at least `min_p` times as likely as the likeliest.

    Source: Nguyen et al. 2024, arXiv:2407.01082, sec. 3.
    """
    bound_B1 = logits_BV.max(axis=-1, keepdims=True) + math.log(min_p)
    return np.where(logits_BV >= bound_B1, logits_BV, -np.inf)


def keep_typical(logits_BV: Array, p: float) -> Array:
    """Return the logits of the fewest tokens of most typical surprisal that reach probability `p`.

    Typical is a surprisal near the entropy of the distribution: neither dull nor odd.

    Source: Meister et al. 2023, arXiv:2202.00666, sec. 4.
    """
    p_BV = softmax(logits_BV)
    key_BV = _in_one_number(_from_typical(logits_BV, p_BV))
    rising_BV = np.sort(key_BV, axis=-1)
    order_BV = rising_BV & _id_bits(key_BV)
    n_B1 = _n_to_reach(np.take_along_axis(p_BV, order_BV, axis=-1), p)
    return np.where(key_BV <= np.take_along_axis(rising_BV, n_B1 - 1, axis=-1), logits_BV, -np.inf)


def _from_typical(logits_BV: Array, p_BV: Array) -> Array:
    """Return how far each token's surprisal is from the entropy; infinite where p is 0.

    Surprisal is log Z - the logit, the entropy log Z - the mean logit, so that log Z cancels.
    """
    impossible_BV = p_BV == 0
    distance_BV = (logits_BV - logits_BV.max(axis=-1, keepdims=True)).astype(np.float64)
    distance_BV[impossible_BV] = 0.0
    distance_BV -= np.einsum("bv,bv->b", p_BV, distance_BV)[:, None]
    np.abs(distance_BV, out=distance_BV)
    distance_BV[impossible_BV] = np.inf
    return distance_BV


def _in_one_number(x_BV: Array) -> NDArray[np.int64]:
    """Return integers that order numbers >= 0, and of equals the ids: the last bits are the id.

    Such integers are sorted several times as fast as ids by their numbers. Numbers are equal here
    if all but their last bits are: for a million tokens, if 9 digits agree.
    """
    key_BV = x_BV.view(np.int64)
    key_BV &= ~_id_bits(key_BV)
    key_BV |= np.arange(key_BV.shape[-1])
    return key_BV


def _id_bits(key_BV: Array) -> int:
    """Return a mask of the bits that hold an id."""
    return (1 << (key_BV.shape[-1] - 1).bit_length()) - 1


def _n_to_reach(p_BV: Array, p: float) -> Array:
    """Return how many of the first of each row reach the sum `p`, (B, 1); at least 1."""
    before_BV = p_BV.cumsum(axis=-1)[:, :-1]
    return 1 + (before_BV < p).sum(axis=-1, keepdims=True)


def _greatest(x_BV: Array, least_B1: Array, n: Any) -> Mask:
    """Return which are the `n` greatest of each row, given the least of them; equals: lowest ids.

    Faster than sorting the ids too, as only values need be sorted.
    """
    kept_BV = x_BV >= least_B1
    if (kept_BV.sum(axis=-1, keepdims=True) > n).any():  # several are equal to the least
        greater_BV, equal_BV = x_BV > least_B1, x_BV == least_B1
        room_B1 = n - greater_BV.sum(axis=-1, keepdims=True)
        kept_BV = greater_BV | (equal_BV & (equal_BV.cumsum(axis=-1) <= room_B1))
    return kept_BV
