"""What numba has no name for: 64 bytes classified by one vector instruction each, 8 words or 16
half words at once, a word or two read, compared or written, and bit counts.

The vectors are portable LLVM: the compiler makes AVX-512, AVX2 or NEON of them.
"""

from __future__ import annotations

from typing import Any

from toktools.kernels.kernel import intrinsic

WIDTH = 64  # bytes, one bit each in a mask
LANES = 8  # words at once
KEYS = 16  # half words at once


def byte_masks(*rules: tuple[tuple[int, int], ...]) -> Any:
    """Make a function that classifies 64 bytes at once.

    Args:    rules: for each class the ranges of bytes in it, (first, last).
    Returns: a function of (text, offset), for kernels: a uint64 mask for each rule, bit i for byte
             `text[offset + i]`. `text` is a uint8 array that holds those 64 bytes.
    """

    @intrinsic
    def masks(llvm: Any, text: Any, offset: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            where = llvm.address(
                context, builder, signature.args, args, llvm.vector(llvm.BYTE, WIDTH)
            )
            v = builder.load(where, align=1)
            words = [builder.bitcast(_within(llvm, builder, v, rule), llvm.WORD) for rule in rules]
            return context.make_tuple(builder, signature.return_type, words)

        return llvm.types.UniTuple(llvm.types.uint64, len(rules))(text, offset), generate

    return masks


def _within(llvm: Any, builder: Any, v: Any, ranges: tuple[tuple[int, int], ...]) -> Any:
    """Return whether each byte of a vector is in one of the ranges, one bit each."""
    found = None
    for first, last in ranges:
        above = builder.sub(v, llvm.in_all_lanes(v.type, first))
        inside = builder.icmp_unsigned("<=", above, llvm.in_all_lanes(v.type, last - first))
        found = inside if found is None else builder.or_(found, inside)
    return found


@intrinsic
def load_word(llvm: Any, text: Any, offset: Any) -> Any:
    """Return the 8 bytes `text[offset : offset + 8]` as one little-endian uint64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where = llvm.address(context, builder, signature.args, args, llvm.WORD)
        return builder.load(where, align=1)

    return llvm.types.uint64(text, offset), generate


@intrinsic
def store_word(llvm: Any, array: Any, place: Any, word: Any) -> Any:
    """Write a uint64 over the 8 bytes from `array[place]` on, the lowest first."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where = llvm.address(context, builder, signature.args, args, llvm.WORD)
        builder.store(args[2], where, align=1)
        return context.get_dummy_value()

    return llvm.types.void(array, place, word), generate


@intrinsic
def same_pair(llvm: Any, array: Any, place: Any, other: Any, at: Any) -> Any:
    """Whether the two words from `array[place]` on are those from `other[at]` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one, two = _pairs(llvm, context, builder, signature, args, llvm.ir.IntType(128))
        return builder.icmp_unsigned("==", builder.load(one, align=8), builder.load(two, align=8))

    return llvm.types.boolean(array, place, other, at), generate


@intrinsic
def copy_pair(llvm: Any, array: Any, place: Any, other: Any, at: Any) -> Any:
    """Write the two words from `other[at]` on over the 16 bytes from `array[place]` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to, there = _pairs(llvm, context, builder, signature, args, llvm.vector(llvm.WORD, 2))
        builder.store(builder.load(there, align=8), to, align=1)
        return context.get_dummy_value()

    return llvm.types.void(array, place, other, at), generate


def _pairs(
    llvm: Any, context: Any, builder: Any, signature: Any, args: Any, kind: Any
) -> tuple[Any, Any]:
    """Return the addresses in the arrays of two (array, offset), as pointers to `kind`."""
    kinds = signature.args
    one, two = ((kinds[i : i + 2], args[i : i + 2]) for i in (0, 2))
    return llvm.address(context, builder, *one, kind), llvm.address(context, builder, *two, kind)


@intrinsic
def prefetch(llvm: Any, array: Any, place: Any) -> Any:
    """Ask for the memory of an element, counted in C order, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where = llvm.address(context, builder, signature.args, args, llvm.BYTE)
        whole = llvm.HALF_WORD
        kind = llvm.ir.FunctionType(llvm.ir.VoidType(), [where.type, whole, whole, whole])
        function = builder.module.declare_intrinsic("llvm.prefetch", [where.type], kind)
        builder.call(function, [where, *(llvm.ir.Constant(whole, n) for n in (0, 3, 1))])
        return context.get_dummy_value()

    return llvm.types.none(array, place), generate


@intrinsic
def least_key(llvm: Any, array: Any, offset: Any, i: Any, j: Any, k: Any) -> Any:
    """Return the least of the KEYS int32 from `array[offset]` on but those at i, j and k.

    The largest number of all if there are no others.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = llvm.vector(llvm.HALF_WORD, KEYS)
        keys = builder.load(llvm.address(context, builder, signature.args, args, kind), align=4)
        lanes = llvm.ir.Constant(kind, list(range(KEYS)))
        none = llvm.in_all_lanes(kind, (1 << 31) - 1)
        for place in args[2:]:
            lane = builder.trunc(builder.sub(place, args[1]), llvm.HALF_WORD)
            there = builder.icmp_unsigned("==", lanes, llvm.spread(builder, kind, lane))
            keys = builder.select(there, none, keys)
        name = f"llvm.vector.reduce.smin.v{KEYS}i32"
        function = llvm.ir.FunctionType(llvm.HALF_WORD, [kind])
        least = builder.module.globals.get(name) or llvm.ir.Function(builder.module, function, name)
        return builder.call(least, [keys])

    return llvm.types.int32(array, *[llvm.types.int64] * 4), generate


@intrinsic
def equal_words(llvm: Any, array: Any, offset: Any, word: Any, shift: Any) -> Any:
    """Return which of the LANES uint64 from `array[offset]` on are `word` when shifted right.

    Returns: a mask, int64; bit i for `array[offset + i]`.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = llvm.vector(llvm.WORD, LANES)
        words = builder.load(llvm.address(context, builder, signature.args, args, kind), align=8)
        word, shift = (llvm.spread(builder, kind, arg) for arg in args[2:])
        equal = builder.icmp_unsigned("==", builder.lshr(words, shift), word)
        return builder.zext(builder.bitcast(equal, llvm.ir.IntType(LANES)), llvm.WORD)

    return llvm.types.int64(array, offset, llvm.types.uint64, llvm.types.uint64), generate


@intrinsic
def lowest_bit(llvm: Any, mask: Any) -> Any:
    """Return the position of the lowest set bit of a uint64; 64 if it is 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], llvm.ir.Constant(llvm.BIT, 0))

    return llvm.types.int64(llvm.types.uint64), generate


@intrinsic
def n_bits(llvm: Any, mask: Any) -> Any:
    """Return how many bits of a uint64 are set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return llvm.types.int64(llvm.types.uint64), generate


@intrinsic
def stays_apart(llvm: Any) -> Any:
    """Keep the loop that says this out of the machine code of the one that calls it.

    So its few variables stay in registers, however many the other has.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return llvm.types.none(), generate
