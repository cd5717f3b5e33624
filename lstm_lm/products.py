"""Matrix products by the fastest of what there is: our own loops, oneDNN, or torch.

torch gives products of float32 matrices on a CPU to MKL, which does not use the 512-bit registers
of every processor that has them. On an AMD EPYC (Zen 5) our own loops (`lstm_lm.matrices`) make 2.2
times as many operations a second, and in a training more than oneDNN, in float32 and bfloat16; on
an Intel Xeon MKL is a tenth faster than oneDNN, and multiplies. So loops of our own are for
processors with AVX-512 (BF16) that are not Intel's, and oneDNN, behind an operator that torch's own
compiler calls, is for float32 on others that are not. The processor's name decides: a measurement
would not come out the same each time, and the last bits of a training would not.
"""

from __future__ import annotations

import platform
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from lstm_lm.matrices.adding import add_to, can_add
from lstm_lm.matrices.multiply import can_multiply, multiply
from lstm_lm.matrices.turning import turned
from lstm_lm.processor import processor_name


def product(x_NK: Tensor, w_MK: Tensor, bias_M: Tensor | None = None) -> Tensor:
    """Return x w^T + bias, (N, M); has no gradient.

    Args: x_NK, w_MK: matrices, transposed ones too; rounding differs from torch's in the last bits.
    Example:
        >>> product(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [5.0, 6.0]])).tolist()
        [[11.0, 17.0]]
    """
    with torch.no_grad():
        if takes_ours(x_NK) and can_multiply(x_NK, w_MK):
            return multiply(x_NK, w_MK, bias_M)
        if x_NK.is_cpu and x_NK.dtype == torch.float32 and _takes_onednn():
            return product_by_onednn(x_NK, w_MK, bias_M)
        return functional.linear(x_NK, w_MK, bias_M)


def product_by_onednn(x_NK: Tensor, w_MK: Tensor, bias_M: Tensor | None = None) -> Tensor:
    """Return the same by oneDNN, where `has_onednn`."""
    return torch.ops.mkldnn._linear_pointwise(x_NK, w_MK, bias_M, "none", [], "")


class SumOfColumnProducts:
    """a^T b (I, J), summed over many pairs of matrices: a gradient of weights; has no gradient.

    Products of bfloat16 are added up in float32. `a` should be the wider: oneDNN is faster with its
    first matrix the wider one in bfloat16, and the narrower one in float32; and of our own loops
    the narrower one is that which must be turned. So mostly the sum is that of b^T a, and is turned
    at last.

    Example:
        >>> products = SumOfColumnProducts()
        >>> for _ in range(2):
        ...     products.add(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]]))
        >>> products.total().tolist()
        [[6.0, 8.0], [12.0, 16.0]]
    """

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._is_turned = False

    def add(self, a_NI: Tensor, b_NJ: Tensor) -> None:
        """Add a^T b."""
        if self._sum is None:
            self._is_turned = takes_ours(a_NI) or a_NI.dtype == torch.float32
        if takes_ours(a_NI) and self._add_by_ours(a_NI, b_NJ):
            return
        two = (b_NJ, a_NI) if self._is_turned else (a_NI, b_NJ)
        part = product(*(x.t() for x in two))
        if self._sum is None:
            self._sum = part.to(torch.promote_types(part.dtype, torch.float32))
        elif can_add(self._sum, part):
            add_to(self._sum, part)
        else:
            self._sum += part

    def _add_by_ours(self, a_NI: Tensor, b_NJ: Tensor) -> bool:
        """Add a^T b by our own loops; return whether it is for them."""
        if len(a_NI) % 2 and a_NI.dtype == torch.bfloat16:
            a_NI, b_NJ = (functional.pad(x, (0, 0, 0, 1)) for x in (a_NI, b_NJ))
        b_JN = turned(b_NJ)
        if not can_multiply(b_JN, a_NI.t()):
            return False
        is_first = self._sum is None
        if self._sum is None:
            self._sum = a_NI.new_empty(len(b_JN), a_NI.shape[1], dtype=torch.float32)
        multiply(b_JN, a_NI.t(), out_MN=self._sum, adds=not is_first)
        return True

    def total(self) -> Tensor | None:
        """Return the sum (I, J), in 32 bits at least; None where nothing was added."""
        if self._sum is None or not self._is_turned:
            return self._sum
        return turned(self._sum) if can_add(self._sum, self._sum) else self._sum.t()


@cache
def has_bfloat16() -> bool:
    """Whether oneDNN takes bfloat16 on this processor, however slowly; on x86 from AVX-512 on."""
    ops = torch.ops.mkldnn
    return hasattr(ops, "_is_mkldnn_bf16_supported") and ops._is_mkldnn_bf16_supported()


def computes_bfloat16(device: str) -> bool:
    """Whether a device has instructions for bfloat16: others make it up of 32 bits, slowly."""
    return not device.startswith("cpu") or (has_bfloat16() and has_instructions_for_bfloat16())


def has_instructions_for_bfloat16() -> bool:
    """Whether this processor has them if it is an x86; whoever has AMX has AVX-512 BF16 too."""
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    return not is_x86 or torch.cpu._is_avx512_bf16_supported()


def takes_ours(x: Tensor, kind: torch.dtype | None = None) -> bool:
    """Whether this is multiplied by our own loops here; as numbers of another kind, if given."""
    return x.is_cpu and _has_ours(kind or x.dtype)


@cache
def _has_ours(kind: torch.dtype) -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64") or _is_intel():
        return False
    if kind == torch.bfloat16:
        return torch.cpu._is_avx512_bf16_supported()
    return kind == torch.float32 and torch.cpu._is_avx512_supported()


@cache
def _is_intel() -> bool:
    return "intel" in processor_name().lower()


@cache
def _takes_onednn() -> bool:
    return has_onednn() and not _is_intel()


def has_onednn() -> bool:
    """Whether torch brings oneDNN, with the operator for products."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
