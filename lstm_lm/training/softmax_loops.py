"""The softmax of a block of logits and its derivative, each in one pass over the numbers.

torch makes them of a dozen operators, each of which reads and writes the whole block; these loops,
compiled by numba, keep a row in the processor's cache. They are for logits on a CPU, in float32 or
bfloat16; `lstm_lm.training.blockwise` has the same in torch, for all else. Rows are shared out
among as many threads as torch uses.

Legend: R rows of a block, V vocabulary, L lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from torch import Tensor

from lstm_lm.float_loops import exp, loop, short, summing

N_LANES = 64


def can_loop(logits_RV: Tensor) -> bool:
    """Whether the loops are for logits of this kind."""
    return logits_RV.is_cpu and logits_RV.dtype in (torch.float32, torch.bfloat16)


def softmax_and_nats(logits_RV: Tensor, y_R: Tensor) -> tuple[Tensor, Tensor]:
    """Return the softmax p (R, V), and -log p_y of each row (R,), in float32.

    Args: logits_RV: for which `can_loop`, of one piece; if float32, they become the softmax.
          y_R: int64; a row whose target is negative costs nothing.
    """
    is_short = logits_RV.dtype == torch.bfloat16
    p_RV = logits_RV.float() if is_short else logits_RV
    nats_R = torch.empty(len(y_R))
    _on_rows(_softmax, N_LANES, p_RV.numpy(), y_R.numpy(), nats_R.numpy())
    return p_RV, nats_R


def derivative(
    p_RV: Tensor, y_R: Tensor, slope_R: Tensor, d_bias_V: Tensor | None, dtype: torch.dtype
) -> Tensor:
    """Return slope (p - onehot(y)), in `dtype`, and add the sum of its rows to `d_bias_V`.

    Args: p_RV: float32, is lost. dtype: float32 or bfloat16. d_bias_V: float32.
    """
    arrays = [p_RV.numpy(), y_R.numpy(), slope_R.numpy()]
    loop, d_RV = _derivative, p_RV
    if dtype == torch.bfloat16:
        d_RV = torch.empty(p_RV.shape, dtype=dtype)
        arrays.append(d_RV.view(torch.uint16).numpy())
        loop = _derivative_of_shorts
    for sum_V in _on_rows(loop, p_RV.shape[1], *arrays):
        if d_bias_V is not None:
            d_bias_V += torch.from_numpy(sum_V)
    return d_RV


def _on_rows(loop: Callable[..., object], n_own: int, *arrays: np.ndarray) -> list[np.ndarray]:
    """Call `loop(first, last, own, *arrays)` on parts of the rows, as many as torch has threads.

    Returns: for each part the float32 array `own`, of length `n_own`, which begins as zeros.
    """
    n_rows = len(arrays[0])
    n_parts = max(1, min(torch.get_num_threads(), n_rows))
    edges = [n_rows * part // n_parts for part in range(n_parts + 1)]
    owns = [np.zeros(n_own, np.float32) for _ in range(n_parts)]
    if n_parts == 1:
        loop(0, n_rows, owns[0], *arrays)
        return owns
    parts = [
        _pool(n_parts).submit(loop, first, last, own, *arrays)
        for first, last, own in zip(edges[:-1], edges[1:], owns, strict=True)
    ]
    for part in parts:
        part.result()
    return owns


@cache
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, thread_name_prefix="softmax")


@loop
def _top(x_V, lanes_L):
    """Return the largest of a row; NaN is passed over."""
    whole = len(x_V) // N_LANES * N_LANES
    for lane in range(N_LANES):
        lanes_L[lane] = -np.inf
    for start in range(0, whole, N_LANES):
        for lane in range(N_LANES):
            x = x_V[start + lane]
            lanes_L[lane] = x if x > lanes_L[lane] else lanes_L[lane]
    top = np.float32(-np.inf)
    for lane in range(N_LANES):
        top = max(top, lanes_L[lane])
    for v in range(whole, len(x_V)):
        top = x_V[v] if x_V[v] > top else top
    return top


@summing
def _normalize(x_V, y, lanes_L):
    """Turn a row of logits into their softmax; return -log p_y, 0 if y is negative."""
    top, logit = _top(x_V, lanes_L), x_V[max(y, 0)]
    for v in range(len(x_V)):
        x_V[v] = exp(x_V[v] - top)
    total = np.float32(0)
    for v in range(len(x_V)):
        total += x_V[v]
    share = np.float32(1) / total
    for v in range(len(x_V)):
        x_V[v] *= share
    return np.float32(np.log(total) - (logit - top)) if y >= 0 else np.float32(0)


@loop
def _softmax(first, last, lanes_L, x_RV, y_R, nats_R):
    for r in range(first, last):
        nats_R[r] = _normalize(x_RV[r], y_R[r], lanes_L)


@loop
def _derivative(first, last, sum_V, p_RV, y_R, slope_R):
    for r in range(first, last):
        p_V, y, slope = p_RV[r], y_R[r], slope_R[r]
        if y >= 0:
            p_V[y] -= np.float32(1)
        for v in range(len(p_V)):
            p_V[v] *= slope
        for v in range(len(p_V)):
            sum_V[v] += p_V[v]


@loop
def _derivative_of_shorts(first, last, sum_V, p_RV, y_R, slope_R, d_RV):
    _derivative(first, last, sum_V, p_RV, y_R, slope_R)
    for r in range(first, last):
        p_V, d_V = p_RV[r], d_RV[r]
        for v in range(len(p_V)):
            d_V[v] = short(p_V[v])
