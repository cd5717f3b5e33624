"""Softmax and cross-entropy, safe for logits of any size, and their derivative.

Derivation: docs/numpy-backward.md. Legend: T time steps, B rows, V vocabulary.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstm_lm.data.encoded import IGNORED
from lstm_lm.numpy_lm.cell import Array


def softmax(logits_V: Array) -> Array:
    """Return the probabilities along the last axis; the greatest logit is first taken off all.

    Args:    logits_V: of any shape (..., V), finite or minus infinity, not all of a row infinite.
    Example:
        >>> softmax(np.array([1e4, 1e4, -1e4])).tolist()
        [0.5, 0.5, 0.0]
    """
    p_V = logits_V - logits_V.max(axis=-1, keepdims=True)
    np.exp(p_V, out=p_V)
    p_V /= p_V.sum(axis=-1, keepdims=True)
    return p_V


def log_probabilities(logits_TBV: Array, y_TB: NDArray[np.integer]) -> Array:
    """Return the natural logarithm of the probability of each target, (T, B); 0 where ignored."""
    shifted_TBV = logits_TBV - logits_TBV.max(axis=-1, keepdims=True)
    counted_TB = y_TB != IGNORED
    target_TB1 = np.where(counted_TB, y_TB, 0)[..., None]
    log_p_TB = np.take_along_axis(shifted_TBV, target_TB1, -1)[..., 0]
    log_p_TB -= np.log(np.exp(shifted_TBV, out=shifted_TBV).sum(axis=-1))
    return log_p_TB * counted_TB


def cross_entropy(logits_TBV: Array, y_TB: NDArray[np.integer]) -> tuple[Array, Array]:
    """Return the loss of each target in nats, and the derivative of their mean by the logits.

    Args:    y_TB: ids, or `IGNORED` where there is no target: there loss and derivative are 0 and
             the position does not count in the mean.
    Returns: (T, B) and (T, B, V): (p - 1 at the target) / number of targets.
    Example:
        >>> nats_TB, dlogits_TBV = cross_entropy(np.zeros((1, 1, 2)), np.array([[1]]))
        >>> nats_TB.round(4).tolist(), dlogits_TBV.tolist()
        ([[0.6931]], [[[0.5, -0.5]]])
    """
    n_vocab = logits_TBV.shape[-1]
    counted_N = (y_TB != IGNORED).ravel()
    target_N = np.where(counted_N, y_TB.ravel(), 0)
    rows_N = np.arange(len(target_N))
    d_NV = logits_TBV.reshape(-1, n_vocab) - logits_TBV.reshape(-1, n_vocab).max(-1, keepdims=True)
    nats_N = -d_NV[rows_N, target_N]
    np.exp(d_NV, out=d_NV)
    sum_N = d_NV.sum(axis=-1)
    nats_N += np.log(sum_N)
    scale_N = counted_N / max(1, int(counted_N.sum()))
    d_NV *= (scale_N / sum_N).astype(d_NV.dtype)[:, None]
    d_NV[rows_N, target_N] -= scale_N.astype(d_NV.dtype)
    return (nats_N * counted_N).reshape(y_TB.shape), d_NV.reshape(logits_TBV.shape)
