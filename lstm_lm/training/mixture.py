"""The cross-entropy of any head, block by block: of one softmax, or of a mixture.

For one softmax that is `lstm_lm.training.blockwise`. For a mixture each block of rows is read, its
gradients are made at once by torch, and its logits are dropped: N x K x V numbers never stand.
Legend: N targets, R rows of a block, H what the head reads, V vocabulary, K softmaxes, L numbers
        that they read, B rows of the text.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lstm_lm.data.batching import IGNORED
from lstm_lm.head import MixtureHead, n_logits
from lstm_lm.training.blockwise import (
    Costs,
    asking,
    block_rows,
    linear_cross_entropy,
    target_costs,
)


def head_cross_entropy(
    head: nn.Linear,
    h_NH: Tensor,
    y_N: Tensor,
    *,
    words: tuple[Tensor, Tensor] | None = None,
    mask_BL: Tensor | None = None,
    weights_V: Tensor | None = None,
    epsilon: float = 0.0,
    n_rows: int | None = None,
) -> Costs:
    """Return the summed cost of targets under what `head` makes of `h_NH`.

    Args: words: weight and bias in the place of the head's, where only some words are asked.
          mask_BL: from `lstm_lm.head.latent_mask`, of a text whose rows are B, step after step.
          The others as `linear_cross_entropy`'s.
    """
    weight_VH, bias_V = words or (head.weight, head.bias)
    if not isinstance(head, MixtureHead):
        options = {"weights_V": weights_V, "epsilon": epsilon, "n_rows": n_rows}
        return linear_cross_entropy(h_NH, weight_VH, bias_V, y_N, **options)
    rows = n_rows or block_rows(n_logits(head), h_NH.device)
    named = dict(head.named_parameters()) | {"weight": weight_VH, "bias": bias_V}
    h_NH, *weights = asking(h_NH, *named.values())
    given = mask_BL, weights_V, epsilon, rows
    return Costs(*_MixtureBlocks.apply(head, h_NH, y_N, *given, *weights))


class _MixtureBlocks(torch.autograd.Function):
    """Gradients are made in `forward`, a block at a time; `backward` scales them."""

    @staticmethod
    def forward(
        ctx: Any,
        head: MixtureHead,
        h_NH: Tensor,
        y_N: Tensor,
        mask_BL: Tensor | None,
        weights_V: Tensor | None,
        epsilon: float,
        n_rows: int,
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor]:
        wanted = [ctx.needs_input_grad[1], *ctx.needs_input_grad[7:]]
        own = [w.detach().requires_grad_(g) for w, g in zip(weights, wanted[1:], strict=True)]
        named = dict(zip(dict(head.named_parameters()), own, strict=True))
        d_h, d_own = torch.zeros_like(h_NH), [torch.zeros_like(w) for w in own]
        objective, nats_N = head.bias.new_zeros(()), head.bias.new_empty(len(h_NH))
        for start in range(0, len(h_NH), n_rows):
            block = slice(start, start + n_rows)
            h_RH, y_R = h_NH[block].detach().requires_grad_(wanted[0]), y_N[block]
            with torch.set_grad_enabled(any(wanted)):
                inputs = h_RH, y_R, _mask_rows(mask_BL, start, len(y_R))
                nats_R = functional_call(_Nats(head), _inside(named), inputs)
                cost = target_costs(nats_R, y_R, weights_V, epsilon).sum()
            nats_N[block], objective = nats_R.detach(), objective + cost.detach()
            asked = [t for t in (h_RH, *own) if t.requires_grad]
            sums = [d for d, g in zip((d_h[block], *d_own), wanted, strict=True) if g]
            gradients = torch.autograd.grad(cost, asked) if asked else ()
            for total, gradient in zip(sums, gradients, strict=True):
                total += gradient
        ctx.gradients = [d if g else None for d, g in zip((d_h, *d_own), wanted, strict=True)]
        ctx.mark_non_differentiable(nats_N)
        return objective, nats_N

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        d_h, *d_own = (None if g is None else g * outer[0] for g in ctx.gradients)
        return (None, d_h, None, None, None, None, None, *d_own)


class _Nats(nn.Module):
    """`MixtureHead.nats` as a forward pass, so that it can be called with other weights."""

    def __init__(self, head: MixtureHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, h_RH: Tensor, y_R: Tensor, mask_RL: Tensor | None) -> Tensor:
        """Return -log p of each target (R,)."""
        return self.head.nats(h_RH, y_R, ignored=IGNORED, mask_NL=mask_RL)


def _mask_rows(mask_BL: Tensor | None, start: int, n: int) -> Tensor | None:
    """Return the rows of the mask for targets `start` to `start + n`, step after step."""
    if mask_BL is None:
        return None
    return mask_BL[torch.arange(start, start + n, device=mask_BL.device) % len(mask_BL)]


def _inside(named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under their names in `_Nats`."""
    return {f"head.{name}": w for name, w in named.items()}
