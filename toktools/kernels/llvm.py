"""What intrinsics are written with: numba's types, LLVM's instructions, and a few shorthands.

Imported where a loop is compiled, and handed to the intrinsics then.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

__all__ = ["BIT", "BYTE", "HALF_WORD", "WORD", "address", "in_all_lanes", "ir", "spread", "types"]
__all__ += ["vector"]

BIT, BYTE, HALF_WORD, WORD = (ir.IntType(n) for n in (1, 8, 32, 64))


def address(context: Any, builder: Any, kinds: Any, args: Any, kind: Any) -> Any:
    """Return the address of `array[offset]`, the first two arguments, as a pointer to `kind`.

    The offset counts elements in C order; kinds: the types of the arguments.
    """
    array = context.make_array(kinds[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), kind.as_pointer())


def vector(kind: Any, n: int) -> Any:
    """Return the type of a vector of n numbers of a kind."""
    return ir.VectorType(kind, n)


def in_all_lanes(kind: Any, number: int) -> Any:
    """Return the vector of a type that holds one constant in every lane."""
    return ir.Constant(kind, [number] * kind.count)


def spread(builder: Any, kind: Any, number: Any) -> Any:
    """Return the vector of a type that holds one number in every lane."""
    nothing = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(nothing, number, ir.Constant(kind.element, 0))
    lanes = ir.Constant(ir.VectorType(HALF_WORD, kind.count), [0] * kind.count)
    return builder.shuffle_vector(one, nothing, lanes)
