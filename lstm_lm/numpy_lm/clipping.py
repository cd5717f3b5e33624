"""Gradients kept within bounds, in place."""

from __future__ import annotations

import math

import numpy as np

from lstm_lm.numpy_lm.cell import Arrays


def norm(gradients: Arrays) -> float:
    """Return the Euclidean norm of all gradients taken as one vector."""
    return math.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))


def clip_norm(gradients: Arrays, largest: float) -> float:
    """Scale all gradients by one factor so that their norm is at most `largest`.

    Returns: the norm before.
    Source:  Pascanu et al. 2013, arXiv:1211.5063, algorithm 1.
    Example:
        >>> gradients = {"a": np.array([3.0]), "b": np.array([4.0])}
        >>> clip_norm(gradients, 1.0), gradients["a"].round(3).item()
        (5.0, 0.6)
    """
    before = norm(gradients)
    if before > largest:
        for gradient in gradients.values():
            gradient *= largest / before
    return before


def clip_value(gradients: Arrays, largest: float) -> None:
    """Cut every element to [-largest, largest]. This can turn the gradient; clip_norm cannot.

    Example:
        >>> gradients = {"a": np.array([-3.0, 0.5])}
        >>> clip_value(gradients, 1.0)
        >>> gradients["a"].tolist()
        [-1.0, 0.5]
    """
    for gradient in gradients.values():
        np.clip(gradient, -largest, largest, out=gradient)
