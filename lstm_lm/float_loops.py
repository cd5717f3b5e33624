"""Functions of single numbers for loops compiled by numba, sixteen or more of them at a time.

bfloat16 is the upper half of a float32, so a shift makes one of the other. A loop in which one
array is written and few are read is turned into vector instructions: with more that might overlap
the compiler would take them one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toktools.kernels.kernel import compiled, intrinsic

loop = compiled(error_model="numpy", fastmath=["contract"])
summing = compiled(error_model="numpy", fastmath=["contract", "reassoc"])
"""The second lets sums be taken in any order, which `exp` would not survive: see `ROUNDER`."""

LOG2_E = np.float32(1.4426950408889634)
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
ROUNDER = np.float32(1.5 * 2**23 + 127)
"""Added to a float32 below 2^22, it leaves the nearest whole number + 127 in the lowest bits."""
LEAST = np.float32(-87.0)
"""exp of less is taken for exp of this, 1.6e-38: nothing beside a 1."""


@loop
def exp(x):
    """Return e^x for x <= 0, within 2e-7 of its size; NaN of NaN.

    With k = round(x / ln 2) and r = x - k ln 2, it is 2^k e^r: 2^k by its bits, e^r by Taylor's
    polynomial, whose next term is below 6e-9 for |r| <= ln 2 / 2.
    Source: Cody and Waite 1980, "Software manual for the elementary functions", ch. 6.
    """
    x = LEAST if x < LEAST else x
    shifted = x * LOG2_E + ROUNDER
    k = shifted - ROUNDER
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = np.float32(1 / 5040)
    p = p * r + np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(0.5)
    p = p * r + np.float32(1)
    p = p * r + np.float32(1)
    return p * np.uint32(np.float32(shifted).view(np.uint32) << np.uint32(23)).view(np.float32)


@intrinsic
def wide(llvm: Any, number: Any) -> Any:
    """Return the number itself if it is a float32, else what the bits of a bfloat16 stand for."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if number != llvm.types.uint16:
            return args[0]
        bits = builder.shl(builder.zext(args[0], llvm.HALF_WORD), _half(llvm))
        return builder.bitcast(bits, llvm.ir.FloatType())

    return llvm.types.float32(number), generate


@intrinsic
def put(llvm: Any, array: Any, place: Any, number: Any) -> Any:
    """Write a float32 to `array[place]`, as the bits of the nearest bfloat16 if that is uint16.

    Of two that are as near it is the even one; of NaN it is 0x7FC0.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = llvm.ir.IntType(16) if array.dtype == llvm.types.uint16 else llvm.ir.FloatType()
        where, value = llvm.address(context, builder, signature.args, args, kind), args[2]
        builder.store(value if kind == value.type else _short(llvm, builder, value), where)
        return context.get_dummy_value()

    return llvm.types.void(array, llvm.types.int64, llvm.types.float32), generate


def _short(llvm: Any, builder: Any, value: Any) -> Any:
    """Return the upper half of a float32, rounded: half of the lower half's range is added to it.

    One less where the upper half is even, so that it stays so if it is as near.
    """
    half, least, nothing = _half(llvm), llvm.HALF_WORD(1), llvm.HALF_WORD(0x7FC0)
    bits = builder.bitcast(value, llvm.HALF_WORD)
    odd = builder.and_(builder.lshr(bits, half), least)
    upper = builder.lshr(builder.add(builder.add(bits, llvm.HALF_WORD(0x7FFF)), odd), half)
    is_nan = builder.fcmp_unordered("uno", value, value)
    return builder.trunc(builder.select(is_nan, nothing, upper), llvm.ir.IntType(16))


def _half(llvm: Any) -> Any:
    return llvm.HALF_WORD(16)


@loop
def sigmoid(x):
    """Return 1 / (1 + e^-x), within 3e-7."""
    e = exp(-abs(x))
    share = np.float32(1) / (np.float32(1) + e)
    return share if x >= 0 else e * share


@loop
def tanh(x):
    """Return the hyperbolic tangent, within 3e-7."""
    e = exp(np.float32(-2) * abs(x))
    size = (np.float32(1) - e) / (np.float32(1) + e)
    return size if x >= 0 else -size
