"""A matrix laid out for `tile_product`: in strips of 48 columns, in each of them k by k.

So a tile reads a strip from its beginning to its end. The last strip may have 16 or 32 columns;
what is beyond the matrix is zero. A number is a float32, or a pair of bfloat16s (`moving.py`).
"""

from __future__ import annotations

from lstm_lm.float_loops import loop
from lstm_lm.matrices.moving import LANES, copy_number, copy_numbers, turn_square
from lstm_lm.matrices.tile import VECTORS

COLUMNS = VECTORS * LANES
STRAIGHT, TURNED = range(2)
"""How B lies in memory: (K, N), for pairs as the bfloat16s that it is made of, uint16; or (N, K),
for pairs as int32."""


def n_strips(n: int) -> int:
    """Return in how many strips n columns lie."""
    return -(-n // COLUMNS)


def n_laid_out(n: int, k: int) -> int:
    """Return how many numbers there are in the strips of n columns."""
    return -(-n // LANES) * LANES * k


@loop
def width_of(strip, n):
    """Return how many columns a strip has: 16, 32 or 48."""
    return min(COLUMNS, (n - strip * COLUMNS + LANES - 1) // LANES * LANES)


@loop
def lay_strips(b, way, n, k, first_k, n_k, first, last, out):
    """Write `n_k` k, from `first_k` on, of strips `first` to `last`, one after another.

    Args: b: of n columns and k rows, if B is `STRAIGHT`; else the other way round.
    """
    if way == STRAIGHT:
        _lay_straight(b, n, first_k, n_k, first, last, out)
        return
    for strip in range(first, last):
        left, width, at = strip * COLUMNS, width_of(strip, n), (strip - first) * COLUMNS * n_k
        for j in range(0, width, LANES):
            n_here = min(LANES, n - left - j)
            _lay_turned(b, k, first_k, n_k, left + j, n_here, out, at + j, width)


@loop
def _lay_straight(b_KN, n, first_k, n_k, first, last, out):
    """Write strips of a matrix whose rows are k: a row at a time, as it lies in memory."""
    rows_of_a_k = 2 if b_KN.itemsize == 2 else 1
    for k in range(n_k):
        row = (first_k + k) * rows_of_a_k * n
        for strip in range(first, last):
            left, width, at = strip * COLUMNS, width_of(strip, n), (strip - first) * COLUMNS * n_k
            for j in range(0, width, LANES):
                place, to = row + left + j, at + k * width + j
                n_here = min(LANES, n - left - j)
                if n_here == LANES:
                    copy_numbers(b_KN, place, n, out, to)
                else:
                    for i in range(n_here):
                        copy_number(b_KN, place + i, n, out, to + i)
                    for i in range(n_here, LANES):
                        out[to + i] = 0


@loop
def _lay_turned(b_NK, k, first, n_k, left, n_here, out, at, width):
    """Write up to 16 columns of a strip of this width."""
    whole = n_k // LANES * LANES if n_here == LANES else 0
    for i in range(0, whole, LANES):
        turn_square(b_NK, left * k + first + i, k, out, at + i * width, width)
    for j in range(LANES):
        for i in range(whole, n_k):
            out[at + i * width + j] = b_NK[left + j, first + i] if j < n_here else 0
