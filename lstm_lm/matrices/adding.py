"""Matrices added up, on all threads: torch adds 16 bits to 32 by way of a copy in 32."""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_lm.float_loops import loop, wide
from lstm_lm.matrices.numbers import array_of
from lstm_lm.team import done, edge, in_parts, n_parts, take


def can_add(total: Tensor, part: Tensor) -> bool:
    """Whether `add_to` is for these."""
    kinds = (torch.float32, torch.bfloat16)
    return total.is_cpu and total.dtype == torch.float32 and part.dtype in kinds


def add_to(total: Tensor, part: Tensor) -> None:
    """Add a tensor to another, both of one piece on a CPU: float32, and float32 or bfloat16."""
    flat = array_of(total.view(-1)), array_of(part.view(-1))
    in_parts(_add, n_parts(len(flat[0])), *flat)


@loop
def _add(turns, total, x):
    part = take(turns)
    while part >= 0:
        here = slice(edge(part, turns, len(x)), edge(part + 1, turns, len(x)))
        total_part, x_part = total[here], x[here]
        for i in range(len(total_part)):
            total_part[i] += wide(x_part[i])
        done(turns)
        part = take(turns)
