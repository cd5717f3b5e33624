"""The softmax of a block of logits, and its derivative: row by row, in loops compiled by numba.

torch goes over a block a dozen times between two products; here each row stays in the
processor's cache from its logits to their derivative. The loops are for logits on a CPU, in float32
or bfloat16; `lstm_lm.training.blockwise` has the same in torch, for all else. They run on the
threads that torch multiplies with (`lstm_lm.team`).

Legend: R rows of a block, V vocabulary, P parts of the rows, one for each thread; what has a
        row for each is made by `lstm_lm.team.own_rows`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lstm_lm.float_loops import exp, loop, put, summing, wide
from lstm_lm.matrices.numbers import array_of
from lstm_lm.team import done, edge, in_parts, n_parts, own_rows, take

_LOWER = np.int32(0x7FFFFFFF)


def can_loop(logits_RV: Tensor, dtype: torch.dtype) -> bool:
    """Whether the loops are for logits of this kind, and for costs of type `dtype`."""
    kinds = (torch.float32, torch.bfloat16)
    return logits_RV.is_cpu and logits_RV.dtype in kinds and dtype == torch.float32


def nats(logits_RV: Tensor, y_R: Tensor) -> Tensor:
    """Return -log p_y of each row (R,) in float32.

    Args: logits_RV: for which `can_loop`, of one piece. y_R: int64; a row whose target is negative
          costs nothing.
    """
    nats_R, (n_rows, n_vocab) = torch.empty(len(y_R)), logits_RV.shape
    number = n_parts(n_rows)
    given = array_of(logits_RV), y_R.numpy(), nats_R.numpy(), own_rows(number, n_vocab)
    in_parts(_nats, number, *given)
    return nats_R


def nats_and_derivative(
    logits_RV: Tensor, y_R: Tensor, weight_R: Tensor, epsilon: float, d_bias_V: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return what `nats` does, and the derivative of the cost -w log(p_y + epsilon), (R, V).

    It is written over the logits, rounded as they are; the sum of its rows is added to `d_bias_V`.

    Args: weight_R: w of each row, float32; 0 where the target is negative. d_bias_V: float32.
    """
    nats_R, (n_rows, n_vocab) = torch.empty(len(y_R)), logits_RV.shape
    number = n_parts(n_rows)
    work_PV, sum_PV = own_rows(number, n_vocab), own_rows(number, n_vocab)
    given = array_of(logits_RV), y_R.numpy(), nats_R.numpy(), work_PV
    in_parts(_nats_and_derivative, number, *given, weight_R.numpy(), np.float32(epsilon), sum_PV)
    if d_bias_V is not None:
        d_bias_V += torch.from_numpy(sum_PV.sum(0)[:n_vocab])
    return nats_R, logits_RV


@loop
def _top(x_V):
    """Return the largest of a row, or NaN if it is in it with a positive sign.

    The bits of floats are in order as whole numbers, but for negative ones, which are the other
    way round: largest numbers of a row are found many at a time, largest floats are not.
    """
    top = np.int32(-_LOWER - 1)
    for v in range(len(x_V)):
        bits = np.float32(wide(x_V[v])).view(np.int32)
        top = max(top, np.int32(bits ^ ((bits >> np.int32(31)) & _LOWER)))
    return np.int32(top ^ ((top >> np.int32(31)) & _LOWER)).view(np.float32)


@summing
def _total(x_V):
    total = np.float32(0)
    for v in range(len(x_V)):
        total += x_V[v]
    return total


@loop
def _exponentials(x_V, y, out_V):
    """Write e^(x - the largest x) of every logit x; return their sum, and -log p_y."""
    top = _top(x_V)
    for v in range(len(x_V)):
        out_V[v] = exp(wide(x_V[v]) - top)
    total = _total(out_V)
    if y < 0:
        return total, np.float32(0)
    return total, np.float32(np.log(total) - (wide(x_V[y]) - top))


@loop
def _nats(turns, x_RV, y_R, nats_R, work_PV):
    part = take(turns)
    while part >= 0:
        for r in range(edge(part, turns, len(x_RV)), edge(part + 1, turns, len(x_RV))):
            _, nats_R[r] = _exponentials(x_RV[r], y_R[r], work_PV[part][: x_RV.shape[1]])
        done(turns)
        part = take(turns)


@loop
def _nats_and_derivative(turns, x_RV, y_R, nats_R, work_PV, weight_R, epsilon, sum_PV):
    part = take(turns)
    while part >= 0:
        p_V, sum_V = work_PV[part][: x_RV.shape[1]], sum_PV[part]
        for r in range(edge(part, turns, len(x_RV)), edge(part + 1, turns, len(x_RV))):
            x_V, y, slope = x_RV[r], y_R[r], weight_R[r]
            total, nats_R[r] = _exponentials(x_V, y, p_V)
            if epsilon > 0:
                p_y = np.float32(np.exp(-nats_R[r]))
                slope *= p_y / (p_y + epsilon)
            share = slope / total
            for v in range(len(p_V)):
                p_V[v] *= share
            if y >= 0:
                p_V[y] -= slope
            for v in range(len(p_V)):
                put(x_V, v, p_V[v])
            for v in range(len(p_V)):
                sum_V[v] += p_V[v]
        done(turns)
        part = take(turns)
