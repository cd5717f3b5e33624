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


@cache
def _takes_onednn() -> bool:
    has = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return has and "intel" not in processor_name().lower()
