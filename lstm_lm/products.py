"""Matrix products in float32 by the faster of the two libraries that torch brings.

torch gives products of float32 matrices on a CPU to MKL, which does not use the 512-bit registers
of every processor that has them: on an AMD EPYC (Zen 5) oneDNN multiplies at more than twice its
speed, in float32 all the same, while on an Intel Xeon MKL is a tenth faster
(`python -m experiments.bench.training_step speed` shows both). So the processor's name decides: a
measurement would not come out the same each time, and the last bits of a training would not. oneDNN
is behind an operator that torch's own compiler calls; where torch does not have it, or the matrices
are not float32 on a CPU, the product is torch's.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from lstm_lm.processor import processor_name


def product(x_NK: Tensor, w_MK: Tensor, bias_M: Tensor | None = None) -> Tensor:
    """Return x w^T + bias, (N, M); has no gradient.

    Args: x_NK, w_MK: matrices, transposed ones too; rounding differs from torch's in the last bits.
    Example:
        >>> product(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [5.0, 6.0]])).tolist()
        [[11.0, 17.0]]
    """
    with torch.no_grad():
        if x_NK.is_cpu and x_NK.dtype == torch.float32 and _takes_onednn():
            return torch.ops.mkldnn._linear_pointwise(x_NK, w_MK, bias_M, "none", [], "")
        return functional.linear(x_NK, w_MK, bias_M)


def product_of_columns(a_NI: Tensor, b_NJ: Tensor) -> Tensor:
    """Return a^T b, (I, J): a gradient of weights, summed over N rows; has no gradient.

    oneDNN is faster with its first matrix the wider one in bfloat16, the narrower one in float32;
    so in float32, where `a` should be the wider, the result lies the other way round in memory.

    Example:
        >>> product_of_columns(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])).tolist()
        [[3.0, 4.0], [6.0, 8.0]]
    """
    if a_NI.dtype == torch.float32:
        return product(b_NJ.t(), a_NI.t()).t()
    return product(a_NI.t(), b_NJ.t())


def sum_of_products(w_IJ: Tensor, like: Tensor) -> Tensor:
    """Return zeros in the shape of weights, of 32 bits at least, to sum up their gradient in.

    They lie in memory as each `product_of_columns` of tensors like `like`.
    """
    n_i, n_j = w_IJ.shape
    if like.dtype == torch.float32:
        return like.new_zeros(n_j, n_i).t()
    return like.new_zeros(n_i, n_j, dtype=torch.promote_types(like.dtype, torch.float32))


def multiplier(w_MK: Tensor, n_rows: int) -> Callable[[Tensor], Tensor]:
    """Return what makes x w^T of matrices with `n_rows` rows, for many of them; has no gradient.

    oneDNN rearranges a matrix before it multiplies by it, which for few rows takes as long as the
    product; here that is done once.

    Args: w_MK: float32 or bfloat16, must not change; the products are of the same type.
    Example:
        >>> multiply = multiplier(torch.tensor([[3.0, 4.0], [5.0, 6.0]]), 1)
        >>> multiply(torch.tensor([[1.0, 2.0]])).tolist()
        [[11.0, 17.0]]
    """
    w_MK = w_MK.detach().contiguous()
    if not w_MK.is_cpu or not can_lay_out(w_MK.dtype):
        return lambda x_NK: product(x_NK, w_MK)
    laid_out = torch.ops.mkldnn._reorder_linear_weight(w_MK, n_rows)

    def multiply(x_NK: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.ops.mkldnn._linear_pointwise(x_NK, laid_out, None, "none", [], "")

    return multiply


@cache
def can_lay_out(kind: torch.dtype) -> bool:
    """Whether oneDNN multiplies numbers of this type, and takes a matrix that is laid out."""
    ops = torch.ops.mkldnn
    if not hasattr(ops, "_reorder_linear_weight") or not hasattr(ops, "_linear_pointwise"):
        return False
    if kind == torch.bfloat16:
        return has_bfloat16()
    return kind == torch.float32 and _takes_onednn()


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


@cache
def _takes_onednn() -> bool:
    has = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return has and "intel" not in processor_name().lower()
