"""C = A B on all threads, each of which takes some strips of B and lets all rows of A go by them.

The strips of a thread are laid out in memory of its own, as many numbers of each as stay in the
second cache of a core; where K is larger, the sums of C are taken up again for the next stretch.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_lm.float_loops import loop, put, wide
from lstm_lm.matrices.moving import LANES
from lstm_lm.matrices.numbers import array_of, elements_of_a_number, numbers_of
from lstm_lm.matrices.strips import (
    COLUMNS,
    STRAIGHT,
    TURNED,
    lay_strips,
    n_laid_out,
    n_strips,
    width_of,
)
from lstm_lm.matrices.tile import (
    FEW_ROWS,
    ROWS,
    tile_product_4_1,
    tile_product_4_2,
    tile_product_4_3,
    tile_product_8_1,
    tile_product_8_2,
    tile_product_8_3,
)
from lstm_lm.team import done, in_parts, own_rows, seat, take

CACHE = 200_000
"""Numbers of B that a thread lays out at once, 800 kB: most of the second cache of a core."""
LAYING = 20
"""Rows that could be multiplied by a strip while it is laid out."""
LEAST_SIZES = ROWS, LANES, LANES
"""Of M, N and K."""


class _Plan(NamedTuple):
    """How a product is divided: numbers of a row of A, and strips, at once; parts of A's rows."""

    n_k: int
    n_strips: int
    m_parts: int

    def n_parts(self, n: int) -> int:
        return self.m_parts * -(-n_strips(n) // self.n_strips)


def can_multiply(x: Tensor, w: Tensor) -> bool:
    """Whether x w^T is for these loops: both float32 or bfloat16, of one piece, on a CPU.

    `w` may be a transposed matrix. The processor is not looked at.
    """
    if x.dtype not in (torch.float32, torch.bfloat16) or w.dtype != x.dtype or not x.is_cpu:
        return False
    each = elements_of_a_number(x)
    sizes = len(x), len(w), x.shape[1] // each
    return (
        x.is_contiguous()
        and (w.is_contiguous() or w.t().is_contiguous())
        and all(n % each == 0 for n in (x.shape[1], x.storage_offset(), w.storage_offset()))
        and all(size >= least for size, least in zip(sizes, LEAST_SIZES, strict=True))
    )


def multiply(
    x_MK: Tensor,
    w_NK: Tensor,
    bias_N: Tensor | None = None,
    *,
    out_MN: Tensor | None = None,
    adds: bool = False,
) -> Tensor:
    """Return x w^T + bias.

    Args:
        x_MK, w_NK: for which `can_multiply`. bias_N: floating.
        out_MN: to be written to, of the kind of x or float32. adds: the product is added to it; it
            is float32 then, and there is no bias.
    Example:
        >>> multiply(torch.ones(8, 16), torch.ones(32, 16), torch.arange(32.0))[7, :3]
        tensor([16., 17., 18.])
    """
    a, (m, k), n, n_threads = numbers_of(x_MK), x_MK.shape, len(w_NK), torch.get_num_threads()
    k //= elements_of_a_number(x_MK)
    b, way = _lying(w_NK)
    out = x_MK.new_empty(m, n) if out_MN is None else out_MN
    is_exact = out.dtype == torch.float32
    plan = _plan(m, n, k, n_threads, is_exact=is_exact)
    sums = out if is_exact or plan.n_k == k else out.new_empty(m, n, dtype=torch.float32)
    tile_SW = own_rows(n_threads, ROWS * COLUMNS)
    laid_SW = _aligned(n_threads, plan.n_k * plan.n_strips * COLUMNS, a.dtype)
    given = a, b, way, start_of_rows(n, bias_N), array_of(sums), adds, *plan, tile_SW, laid_SW
    in_parts(_multiply, plan.n_parts(n), *given)
    return out if sums is out else out.copy_(sums)


def lay_out(w_NK: Tensor) -> NDArray[Any]:
    """Return the strips of w^T, (1, W) numbers; w as in `can_multiply`."""
    (n, k), (b, way) = w_NK.shape, _lying(w_NK)
    k //= elements_of_a_number(w_NK)
    kind = np.int32 if w_NK.dtype == torch.bfloat16 else np.float32
    laid_1W = _aligned(1, n_laid_out(n, k), kind)
    in_parts(_lay_all, n_strips(n), b, way, n, k, laid_1W[0])
    return laid_1W


def _lying(w_NK: Tensor) -> tuple[NDArray[Any], int]:
    """Return w^T as the loops take it, and how it lies."""
    if w_NK.is_contiguous():
        return numbers_of(w_NK), TURNED
    return array_of(w_NK.t()), STRAIGHT


def start_of_rows(n: int, bias_N: Tensor | None) -> NDArray[np.float32]:
    """Return what rows of C begin as: a bias or zeros, for whole strips."""
    start_N = np.zeros(n_strips(n) * COLUMNS, np.float32)
    if bias_N is not None:
        start_N[:n] = bias_N.detach().float().numpy()
    return start_N


@lru_cache(maxsize=4096)
def _plan(m: int, n: int, k: int, n_threads: int, *, is_exact: bool) -> _Plan:
    """Return how to divide a product so that the thread with the most to do has the least.

    Costs are in rows times strips: laying a strip out costs as much as multiplying LAYING rows by
    it, fetching a row a twelfth, and beginning a stretch of a row as much as 8 numbers of it, or 24
    where C is not `is_exact`, float32, and so sums are kept elsewhere meanwhile.
    """
    best, least = _Plan(k, 1, 1), float("inf")
    for m_parts in {1, min(n_threads, -(-m // ROWS))}:
        rows = -(-m // ROWS // m_parts) * ROWS
        for strips in range(1, n_strips(n) + 1):
            n_stretches = -(-k * strips * COLUMNS // CACHE)
            plan = _Plan(-(-k // n_stretches), strips, m_parts)
            turns = -(-plan.n_parts(n) // n_threads)
            each = strips * (rows + LAYING) + rows / 12
            begun = 0 if n_stretches == 1 else (8 if is_exact else 24) / plan.n_k
            if turns * each * (1 + begun) < least:
                best, least = plan, turns * each * (1 + begun)
    return best


def _aligned(n_rows: int, n: int, kind: Any) -> NDArray[Any]:
    """Return memory of numbers in which each row begins at a line of memory."""
    n = -(-n // LANES) * LANES
    flat = np.empty(n_rows * n + LANES, kind)
    first = -flat.ctypes.data % 64 // flat.itemsize
    return flat[first : first + n_rows * n].reshape(n_rows, n)


@loop
def _lay_all(turns, b, way, n, k, out):
    part = take(turns)
    while part >= 0:
        lay_strips(b, way, n, k, 0, k, part, part + 1, out[part * COLUMNS * k :])
        done(turns)
        part = take(turns)


@loop
def _multiply(turns, a_MK, b, way, start_N, c_MN, adds, n_k, n_strips, m_parts, tile_SW, laid_SW):
    """Make C part by part: each is some strips and some of the rows. S: threads."""
    (m, k), n, part, own = a_MK.shape, c_MN.shape[1], take(turns), seat(turns)
    tile, laid = tile_SW[own], laid_SW[own]
    n_all, n_panels = (n + COLUMNS - 1) // COLUMNS, (m + ROWS - 1) // ROWS
    n_blocks = (n_all + n_strips - 1) // n_strips
    while part >= 0:
        first, m_part = part % n_blocks * n_strips, part // n_blocks
        last = min(first + n_strips, n_all)
        top, end = n_panels * m_part // m_parts * ROWS, n_panels * (m_part + 1) // m_parts * ROWS
        end = min(end, m)
        for k_0 in range(0, k, n_k):
            stretch, begins = (k_0, min(n_k, k - k_0)), not adds and k_0 == 0
            lay_strips(b, way, n, k, k_0, stretch[1], first, last, laid)
            for row in range(top, end, ROWS):
                for strip in range(first, last):
                    at = (strip - first) * stretch[1] * COLUMNS
                    rows = row, end
                    make_tile(a_MK, rows, stretch, laid, at, strip, start_N, begins, c_MN, tile)
        done(turns)
        part = take(turns)


@loop
def make_tile(a_MK, rows, stretch, laid, at, strip, start_N, begins, c_MN, tile):
    """Make a tile of C, or add some more to it.

    Args:
        rows: its first, and where the rows end that may be written to; it begins higher up, and
            leaves the rows there as they are, where there are fewer than 8 to the end. stretch:
            the first k, and how many. laid, at: the strip of B for these, and where it begins.
        start_N: what a row of C is before, if this `begins`; else it is what is there.
        tile: to work in.
    """
    (row, end), (k_0, n_k), k, n = rows, stretch, a_MK.shape[1], c_MN.shape[1]
    left, n_rows = strip * COLUMNS, FEW_ROWS if end - row <= FEW_ROWS else ROWS
    top = min(row, end - n_rows)
    a_at, c_at, n_here = top * k + k_0, top * n + left, min(COLUMNS, n - left)
    if n_here == COLUMNS and end - row >= ROWS and (begins or c_MN.itemsize == 4):
        if begins:
            tile_product_8_3(a_MK, a_at, k, laid, at, n_k, start_N, left, 0, c_MN, c_at, n)
        else:
            tile_product_8_3(a_MK, a_at, k, laid, at, n_k, c_MN, c_at, n, c_MN, c_at, n)
        return
    for r in range(n_rows):
        to, begun = tile[r * COLUMNS :], c_MN[top + r, left : left + n_here]
        for j in range(n_here):
            to[j] = start_N[left + j] if begins else wide(begun[j])
    width, w = width_of(strip, n), COLUMNS
    if n_rows == ROWS:
        if width == COLUMNS:
            tile_product_8_3(a_MK, a_at, k, laid, at, n_k, tile, 0, w, tile, 0, w)
        elif width == 2 * LANES:
            tile_product_8_2(a_MK, a_at, k, laid, at, n_k, tile, 0, w, tile, 0, w)
        else:
            tile_product_8_1(a_MK, a_at, k, laid, at, n_k, tile, 0, w, tile, 0, w)
    elif width == COLUMNS:
        tile_product_4_3(a_MK, a_at, k, laid, at, n_k, tile, 0, w, tile, 0, w)
    elif width == 2 * LANES:
        tile_product_4_2(a_MK, a_at, k, laid, at, n_k, tile, 0, w, tile, 0, w)
    else:
        tile_product_4_1(a_MK, a_at, k, laid, at, n_k, tile, 0, w, tile, 0, w)
    for r in range(row - top, n_rows):
        out, made = c_MN[top + r, left : left + n_here], tile[r * COLUMNS :]
        for j in range(n_here):
            put(out, j, made[j])
