"""A matrix turned, its columns one after another: 16 rows and columns at a time, on all threads."""

from __future__ import annotations

from torch import Tensor

from lstm_lm.float_loops import loop
from lstm_lm.matrices.moving import LANES, copy_number, turn_square
from lstm_lm.matrices.numbers import array_of, numbers_of
from lstm_lm.team import done, edge, in_parts, n_parts, take


def turned(x_NK: Tensor) -> Tensor:
    """Return x^T (K, N) in memory of its own.

    Args: x_NK: float32 or bfloat16, of one piece on a CPU; of bfloat16 an even number of rows.
    Example:
        >>> import torch
        >>> turned(torch.tensor([[1.0, 2.0, 3.0]])).is_contiguous()
        True
    """
    n, k = x_NK.shape
    out_KN = x_NK.new_empty(k, n)
    in_parts(_turn, n_parts(-(-k // LANES)), array_of(x_NK), numbers_of(out_KN))
    return out_KN


@loop
def _turn(turns, x_NK, out_KN):
    """Turn squares of 16 numbers, and one by one those at the edges. Of bfloat16s N is of pairs."""
    (k, n), part = out_KN.shape, take(turns)
    rows = 2 if x_NK.itemsize == 2 else 1
    while part >= 0:
        n_columns = (k + LANES - 1) // LANES
        first, last = edge(part, turns, n_columns), edge(part + 1, turns, n_columns)
        for row in range(0, n, LANES):
            for column in range(first * LANES, min(last * LANES, k), LANES):
                if row + LANES <= n and column + LANES <= k:
                    at, to = row * rows * k + column, column * n + row
                    turn_square(x_NK, at, k, out_KN, to, n)
                else:
                    for j in range(column, min(column + LANES, k)):
                        for i in range(row, min(row + LANES, n)):
                            copy_number(x_NK, i * rows * k + j, k, out_KN, j * n + i)
        done(turns)
        part = take(turns)
