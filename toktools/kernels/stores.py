"""Several numbers written at once, which numba has no name for."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from toktools.kernels.vectors import intrinsic


@intrinsic
def store_word(typing_context: Any, array: Any, place: Any, word: Any) -> Any:
    """Write a uint64 over the 8 bytes from `array[place]` on, the lowest first."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, args[0])
        kind = ir.IntType(64).as_pointer()
        address = builder.bitcast(builder.gep(made.data, [args[1]]), kind)
        builder.store(args[2], address, align=1)
        return context.get_dummy_value()

    return types.void(array, place, word), generate
