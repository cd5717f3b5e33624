"""What numba has no name for: 64 bytes classified by one vector instruction each, 8 words at once,
and bit counts.

The vectors are portable LLVM: the compiler makes AVX-512, AVX2 or NEON of them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic as numba_intrinsic

intrinsic: Any = numba_intrinsic  # its functions are called with fewer arguments than they have
WIDTH = 64  # bytes, one bit each in a mask
_BIT = ir.IntType(1)
_BYTE = ir.IntType(8)
_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(_BYTE, WIDTH)
LANES = 8  # words at once
_WORDS = ir.VectorType(_WORD, LANES)


def _all(byte: int) -> Any:
    return ir.Constant(_VECTOR, [byte] * WIDTH)


def _pointer(context: Any, builder: Any, signature: Any, args: Any, kind: Any) -> Any:
    """Return the address of `array[offset]`, as a pointer to `kind`."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), kind.as_pointer())


def byte_masks(*rules: tuple[tuple[int, int], ...]) -> Any:
    """Make a function that classifies 64 bytes at once.

    Args:    rules: for each class the ranges of bytes in it, (first, last).
    Returns: a function of (text, offset), for kernels: a uint64 mask for each rule, bit i for byte
             `text[offset + i]`. `text` is a uint8 array that holds those 64 bytes.
    """

    @intrinsic
    def masks(typing_context: Any, text: Any, offset: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            v = builder.load(_pointer(context, builder, signature, args, _VECTOR), align=1)
            words = [builder.bitcast(_within(builder, v, rule), _WORD) for rule in rules]
            return context.make_tuple(builder, signature.return_type, words)

        return types.UniTuple(types.uint64, len(rules))(text, offset), generate

    return masks


def _within(builder: Any, v: Any, ranges: tuple[tuple[int, int], ...]) -> Any:
    """Return whether each byte of a vector is in one of the ranges, one bit each."""
    found = None
    for first, last in ranges:
        inside = builder.icmp_unsigned("<=", builder.sub(v, _all(first)), _all(last - first))
        found = inside if found is None else builder.or_(found, inside)
    return found


@intrinsic
def load_word(typing_context: Any, text: Any, offset: Any) -> Any:
    """Return the 8 bytes `text[offset : offset + 8]` as one little-endian uint64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, signature, args, _WORD), align=1)

    return types.uint64(text, offset), generate


@intrinsic
def prefetch(typing_context: Any, array: Any, row: Any) -> Any:
    """Ask for the memory of a row of a two-dimensional array, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = context.make_array(signature.args[0])(context, builder, args[0])
        step = builder.extract_value(rows.strides, 0)
        byte = ir.PointerType(ir.IntType(8))
        where = builder.gep(
            builder.bitcast(rows.data, byte), [builder.mul(step, builder.sext(args[1], _WORD))]
        )
        whole = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(function, [where, *(ir.Constant(whole, n) for n in (1, 3, 1))])
        return context.get_dummy_value()

    return types.none(array, types.int32), generate


@intrinsic
def least_word(typing_context: Any, array: Any, offset: Any, i: Any, j: Any, k: Any) -> Any:
    """Return the least of the LANES int64 from `array[offset]` on but those at i, j and k.

    The largest number of all if there are no others.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        words = builder.load(_pointer(context, builder, signature, args, _WORDS), align=8)
        lanes = ir.Constant(_WORDS, list(range(LANES)))
        none = ir.Constant(_WORDS, [(1 << 63) - 1] * LANES)
        for place in args[2:]:
            lane = _in_all_lanes(builder, builder.sub(place, args[1]))
            words = builder.select(builder.icmp_unsigned("==", lanes, lane), none, words)
        kind = ir.FunctionType(_WORD, [_WORDS])
        name = f"llvm.vector.reduce.smin.v{LANES}i64"
        least = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(least, [words])

    return types.int64(array, *[types.int64] * 4), generate


@intrinsic
def equal_words(typing_context: Any, array: Any, offset: Any, word: Any, shift: Any) -> Any:
    """Return which of the LANES uint64 from `array[offset]` on are `word` when shifted right.

    Returns: a mask, int64; bit i for `array[offset + i]`.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        words = builder.load(_pointer(context, builder, signature, args, _WORDS), align=8)
        word, shift = (_in_all_lanes(builder, arg) for arg in args[2:])
        equal = builder.icmp_unsigned("==", builder.lshr(words, shift), word)
        return builder.zext(builder.bitcast(equal, ir.IntType(LANES)), _WORD)

    return types.int64(array, offset, types.uint64, types.uint64), generate


def _in_all_lanes(builder: Any, word: Any) -> Any:
    """Return a vector of LANES times the same word."""
    one = builder.insert_element(ir.Constant(_WORDS, ir.Undefined), word, ir.Constant(_WORD, 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_WORDS, ir.Undefined), lanes)


@intrinsic
def lowest_bit(typing_context: Any, mask: Any) -> Any:
    """Return the position of the lowest set bit of a uint64; 64 if it is 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(_BIT, 0))

    return types.int64(types.uint64), generate


@intrinsic
def n_bits(typing_context: Any, mask: Any) -> Any:
    """Return how many bits of a uint64 are set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate
