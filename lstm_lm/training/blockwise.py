"""A linear head and its cross-entropy in one, block by block: all logits never stand at once.

The logits of a block of rows are made, turned into a loss and into the loss's derivative, and
dropped: the gradients of the head and of what it reads are computed on the way forward, while the
block is in the processor's cache. What is given out is exact: the same sums in another order.

Where what the head reads is in bfloat16, products are in 16 bits; softmax, cost and the sums of
gradients are in float32.

With p the softmax of the logits, y the target and c = -w log(p_y + epsilon) its cost,
dc/dlogits = w p_y / (p_y + epsilon) (p - onehot(y)).

Legend: N targets, H what the head reads, V vocabulary, R rows of a block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from lstm_lm.data.batching import IGNORED
from lstm_lm.products import SumOfColumnProducts, product
from lstm_lm.training import softmax_loops
from lstm_lm.training.softmax_loops import can_loop

BLOCK_ROWS = 640
"""Rows of a block; fewer where the vocabulary is large."""
BLOCK_BYTES = 1 << 25
"""Of the logits of a block: what the last-level cache of a processor holds, more or less."""
GPU_BLOCK_BYTES = 1 << 28
"""On a GPU a block need not fit a cache, but must give every processor enough to do."""


class Costs(NamedTuple):
    """What targets cost: objective, the sum of all; has a gradient. nats_N: -log p_y of each, 0
    where it is ignored; has none."""

    objective: Tensor
    nats_N: Tensor  # noqa: N815


def linear_cross_entropy(
    h_NH: Tensor,
    weight_VH: Tensor,
    bias_V: Tensor,
    y_N: Tensor,
    *,
    weights_V: Tensor | None = None,
    epsilon: float = 0.0,
    n_rows: int | None = None,
) -> Costs:
    """Return the summed cost of targets under the softmax of `h weight^T + bias`.

    Args:
        h_NH: floating; weight_VH, bias_V: of the head, in float32 if `h_NH` is in 16 bits; all
            three may ask for gradients.
        y_N: int64, each in 0 .. V - 1 or `IGNORED`.
        weights_V: of the tokens in the cost, default 1; epsilon: >= 0, see the head of this file.
        n_rows: of a block; the result does not depend on it but for rounding.
    Source: Mikolov et al. 2010 for the loss; that gradients can be made on the way forward is
            Liger-Kernel's idea (Hsu et al. 2024, arXiv:2410.10989, sec. 3.2).
    Example:
        >>> h_NH = torch.zeros(3, 2, requires_grad=True)
        >>> costs = linear_cross_entropy(h_NH, torch.ones(4, 2), torch.zeros(4), torch.arange(3))
        >>> round(costs.objective.item(), 4)  # 3 log 4
        4.1589
    """
    rows = n_rows or evenly(len(h_NH), block_rows(len(weight_VH), h_NH.device))
    inputs = asking(h_NH, weight_VH, bias_V)
    return Costs(*_Blocks.apply(*inputs, y_N, weights_V, epsilon, rows))


def block_rows(n_logits: int, device: torch.device) -> int:
    """Return how many rows of so many logits make a block.

    Example:
        >>> block_rows(100, torch.device("cpu")), block_rows(50_000, torch.device("cpu"))
        (640, 167)
    """
    if device.type == "cuda":
        return max(1, GPU_BLOCK_BYTES // (4 * n_logits))
    return max(1, min(BLOCK_ROWS, BLOCK_BYTES // (4 * n_logits)))


def evenly(n: int, most: int) -> int:
    """Return how many rows to take at once, so that n of them are taken in about even blocks.

    Example:
        >>> evenly(700, 640), evenly(4480, 640), evenly(3, 640), evenly(9, 5)
        (352, 640, 3, 5)
    """
    n_blocks = max(1, -(-n // most))
    each = -(-n // n_blocks)
    return min(most, -(-each // 8) * 8) if n_blocks > 1 else each


def asking(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return the tensors; where gradients are switched off, cut off, so that none are made."""
    return tensors if torch.is_grad_enabled() else tuple(tensor.detach() for tensor in tensors)


class _Blocks(torch.autograd.Function):
    """Gradients are made in `forward`; `backward` scales them."""

    @staticmethod
    def forward(
        ctx: Any,
        h_NH: Tensor,
        weight_VH: Tensor,
        bias_V: Tensor,
        y_N: Tensor,
        weights_V: Tensor | None,
        epsilon: float,
        n_rows: int,
    ) -> tuple[Tensor, Tensor]:
        wanted, kind, h_NH = ctx.needs_input_grad[:3], h_NH.dtype, h_NH.contiguous()
        head = weight_VH.to(kind), bias_V.to(kind)
        d_h = torch.empty_like(h_NH) if wanted[0] else None
        d_weight = SumOfColumnProducts()
        d_bias = torch.zeros_like(bias_V) if wanted[2] else None
        objective, nats_N = bias_V.new_zeros(()), bias_V.new_empty(len(h_NH))
        for start in range(0, len(h_NH), n_rows):
            block = slice(start, start + n_rows)
            h_RH, y_R = h_NH[block], y_N[block]
            logits_RV = product(h_RH, *head)
            if any(wanted):
                given = logits_RV, y_R, weights_V, epsilon, d_bias, bias_V.dtype
                nats_R, d_RV = _nats_and_derivative(*given)
            else:
                nats_R, d_RV = _nats(logits_RV, y_R, bias_V.dtype), None
            nats_N[block] = nats_R
            objective += target_costs(nats_R, y_R, weights_V, epsilon).sum()
            if d_RV is None:
                continue
            if d_h is not None:
                d_h[block] = product(d_RV, head[0].t())
            if wanted[1]:
                d_weight.add(d_RV, h_RH)
        ctx.gradients = d_h, d_weight.total(), d_bias
        ctx.mark_non_differentiable(nats_N)
        return objective, nats_N

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        scale = Tensor.mul if _is_kept() else Tensor.mul_
        scaled = (None if g is None else scale(g, outer[0]) for g in ctx.gradients)
        return (*scaled, None, None, None, None)


def _is_kept() -> bool:
    """Whether the graph that is gone through now is kept; True where torch does not say."""
    inner = getattr(torch._C, "_autograd", None)
    asked = getattr(inner, "_get_current_graph_task_keep_graph", None)
    return asked is None or bool(asked())


def _nats(logits_RV: Tensor, y_R: Tensor, dtype: torch.dtype) -> Tensor:
    """Return -log p_y of each row in `dtype`, 0 if ignored."""
    if can_loop(logits_RV, dtype):
        return softmax_loops.nats(logits_RV, y_R)
    return _softmax(logits_RV, y_R, dtype)[1]


def _nats_and_derivative(
    logits_RV: Tensor,
    y_R: Tensor,
    weights_V: Tensor | None,
    epsilon: float,
    d_bias_V: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Return what `_nats` does, and the derivative of the cost by the logits, as they are rounded.

    Its rows are added to `d_bias_V`. The memory of `logits_RV` may be used.
    """
    weight_R = (y_R != IGNORED).to(dtype)
    if weights_V is not None:
        weight_R *= weights_V[y_R.clamp(min=0)]
    if can_loop(logits_RV, dtype):
        return softmax_loops.nats_and_derivative(logits_RV, y_R, weight_R, epsilon, d_bias_V)
    p_RV, nats_R = _softmax(logits_RV, y_R, dtype)
    if epsilon:
        p_R = torch.exp(-nats_R)
        weight_R *= p_R / (p_R + epsilon)
    p_RV.scatter_add_(1, y_R.clamp(min=0)[:, None], p_RV.new_full((len(y_R), 1), -1.0))
    p_RV.mul_(weight_R[:, None])
    if d_bias_V is not None:
        d_bias_V += p_RV.sum(0)
    return nats_R, p_RV.to(logits_RV.dtype)


def _softmax(logits_RV: Tensor, y_R: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the softmax p, and -log p_y of each row, 0 if ignored, both in `dtype`.

    On a CPU -log p_y is reckoned from the likeliest token m, whose p_m is at least 1/V, as
    logit_m - logit_y - log p_m: finite where p_y is too small for a float, with one exponential.
    On a GPU exponentials cost nothing beside another look at all logits.
    """
    place_R1 = y_R.clamp(min=0)[:, None]
    if logits_RV.is_cuda:
        p_RV = torch.log_softmax(logits_RV, -1, dtype=dtype)
        nats_R = -p_RV.gather(1, place_R1)[:, 0]
        return p_RV.exp_(), torch.where(y_R == IGNORED, 0, nats_R)
    p_RV = torch.softmax(logits_RV, -1, dtype=dtype)
    logit_R = logits_RV.gather(1, place_R1)[:, 0].to(dtype)
    nats_R = logits_RV.amax(-1) - logit_R - p_RV.amax(-1).log()
    return p_RV, torch.where(y_R == IGNORED, 0, nats_R)


def target_costs(nats_R: Tensor, y_R: Tensor, weights_V: Tensor | None, epsilon: float) -> Tensor:
    """Return the cost of each row, 0 if ignored."""
    cost_R = nats_R
    if epsilon:
        cost_R = -torch.log(torch.exp(-nats_R) + epsilon) * (y_R != IGNORED)
    return cost_R if weights_V is None else cost_R * weights_V[y_R.clamp(min=0)]
