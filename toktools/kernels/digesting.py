"""The digest of documents, read as they come, before they are cut.

The readable twin of the digest is `toktools.corpus.digest.number_of`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toktools.corpus.digest import POINT, PRIME, WORD_BYTES
from toktools.kernels.kernel import inlined, intrinsic, kernel
from toktools.kernels.vectors import WIDTH, byte_masks, load_word, lowest_bit

PADDING = 2 * WIDTH
"""Bytes that must follow the text in its array, whatever they are."""

_WIDE = 192  # bits: they hold a value below 2^128, times POINT, plus a word
_0, _1 = np.uint64(0), np.uint64(1)
_30, _27, _31, _63 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(63)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_TOP = np.uint64((1 << 63) - 1)
_ALL = np.uint64((1 << 64) - 1)
_LOW = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(WORD_BYTES + 1)], np.uint64)
_HIGH = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(WORD_BYTES + 1)], np.uint64)
_masks = byte_masks(((ord("\n"), ord("\n")),))


@intrinsic
def _next_value(llvm: Any, low: Any, high: Any, word_low: Any, word_high: Any) -> Any:
    """Return value * POINT + word modulo PRIME, less than 2^128, as two uint64: low and high."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = llvm.ir.IntType(_WIDE)
        low, high, word_low, word_high = (builder.zext(arg, wide) for arg in args)
        by_half, by_prime, point, prime = (
            llvm.ir.Constant(wide, number) for number in (64, 127, POINT, PRIME)
        )
        value = builder.or_(low, builder.shl(high, by_half))
        word = builder.or_(word_low, builder.shl(word_high, by_half))
        value = builder.add(builder.mul(value, point), word)
        value = builder.add(builder.and_(value, prime), builder.lshr(value, by_prime))
        halves = [
            builder.trunc(value, llvm.WORD),
            builder.trunc(builder.lshr(value, by_half), llvm.WORD),
        ]
        return context.make_tuple(builder, signature.return_type, halves)

    return llvm.types.UniTuple(llvm.types.uint64, 2)(low, high, word_low, word_high), generate


@inlined
def _scrambled(x):
    x = (x ^ x >> _30) * _MIX_1
    x = (x ^ x >> _27) * _MIX_2
    return x ^ x >> _31


@inlined
def _number_of(text, start, end):
    """Return both halves of the number of the document `text[start:end]`."""
    low, high = _0, _0
    i = start
    while i < end:
        n = min(end - i, WORD_BYTES)
        low, high = _next_value(
            low, high, load_word(text, i) & _LOW[n], load_word(text, i + 8) & _HIGH[n]
        )
        i += WORD_BYTES
    low, high = _next_value(low, high, np.uint64(end - start), _0)
    for _ in range(2):  # what is below 2^128 is below 2 * PRIME + 2
        if high > _TOP or (high == _TOP and low == _ALL):
            low, high = low + _1, high + np.uint64(low == _ALL) & _TOP
    low = _scrambled(_scrambled(high) + low)
    return low, _scrambled(high + low)


@kernel
def digest_documents(text, n, lines, sums):
    """Add up the numbers of the documents `text[:n]`; return how many there are.

    Args:
        text: uint8, n bytes and PADDING more; n >= 1.
        lines: whether each line is a document, with a line feed behind it, the last one too.
        sums: uint64 (2,): low and high halves, modulo 2^64.
    """
    sum_low, sum_high = sums[0], sums[1]
    count, start = 0, 0
    if not lines:
        sum_low, sum_high = _number_of(text, 0, n)
        sums[0] += sum_low
        sums[1] += sum_high
        return 1
    for i in range(0, n, WIDTH):
        feeds = _masks(text, i)[0]
        while feeds:
            end = i + lowest_bit(feeds)
            feeds &= feeds - _1
            if end >= n:
                break
            low, high = _number_of(text, start, end)
            sum_low += low
            sum_high += high
            start = end + 1
            count += 1
    sums[0], sums[1] = sum_low, sum_high
    return count
