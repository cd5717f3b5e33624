"""Initial weights: normal with the variance of Xavier, or orthogonal.

Biases begin at zero. Every weight of a cell is drawn gate by gate, so that its fan-in is that of
one unit and the recurrent matrix of each gate is orthogonal by itself.
"""

from __future__ import annotations

import numpy as np

from lstm_lm.numpy_lm.cell import Array


def xavier(n_out: int, n_in: int, random: np.random.Generator) -> Array:
    """Return a matrix (n_out, n_in) of normal numbers with standard deviation sqrt(1 / n_in).

    A sum over n_in inputs of variance 1 then has variance 1.

    Source: Glorot and Bengio 2010, sec. 4.2.1, with the fan-in alone.
    """
    return random.normal(0.0, (1 / n_in) ** 0.5, (n_out, n_in))


def orthogonal(n_out: int, n_in: int, random: np.random.Generator) -> Array:
    """Return a random matrix (n_out, n_in) whose rows, or columns if fewer, are orthonormal.

    Source: Saxe et al. 2013, arXiv:1312.6120, sec. 3: QR of a normal matrix, uniform once the
            signs of R's diagonal are put into Q.
    """
    rows, columns = max(n_out, n_in), min(n_out, n_in)
    q, r = np.linalg.qr(random.normal(size=(rows, columns)))
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return q if n_out >= n_in else np.ascontiguousarray(q.T)


METHODS = {"xavier": xavier, "orthogonal": orthogonal}
