"""The memory of a tensor as the compiled loops see it."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def array_of(tensor: Tensor) -> NDArray[Any]:
    """Return the memory of a tensor on a CPU as numpy sees it, bfloat16 as its bits (uint16)."""
    tensor = tensor.detach()
    return (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()


def numbers_of(tensor: Tensor) -> NDArray[Any]:
    """Return the same as numbers of `moving.py`: float32, or pairs of bfloat16s as int32."""
    tensor = tensor.detach()
    return (tensor.view(torch.int32) if tensor.dtype == torch.bfloat16 else tensor).numpy()


def elements_of_a_number(tensor: Tensor) -> int:
    """Return how many elements make one."""
    return 2 if tensor.dtype == torch.bfloat16 else 1
