"""Where the pieces of GPT-2's cut begin, found by bit operations on 64 bytes at a time.

Letters: L letters, N numbers, S the space, W all white space, X anything else; a mask has bit i for
byte i of a block, and all bytes of a character are in its class. `prev_L` is L moved up by one, so
that bit i tells of the byte before; `next_W` likewise of the byte after.

A piece begins
- at a byte that is no white space, unless the byte before is of its class or is the space, which
  then belongs to the piece;
- at the first byte of a run of white space;
- at the last character of a run of white space that something follows: the rest of the run is a
  piece of its own, and this character, if it is the space, joins what follows.
An apostrophe that begins a piece may be a contraction, which ends after its letters.

The readable twin is `toktools.pretokenizers.Gpt2Split`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.character_classes import LETTER, NUMBER, SPACE
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, ascii_masks, load_word, lowest_bit

PADDING = 2 * WIDTH + 8
"""Bytes that must follow the text in its array, spaces where the text has ended."""

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)
_BYTE, _TWO_BYTES = np.uint64(0xFF), np.uint64(0xFFFF)
_S, _T, _M, _D = (np.uint64(ord(letter)) for letter in "stmd")
_LL, _VE, _RE = (np.uint64(a | b << 8) for a, b in (b"ll", b"ve", b"re"))


@kernel
def _decode(text, i):
    """Return (code point, length in bytes) of the character that begins at byte i; valid UTF-8."""
    lead = np.int64(text[i])
    if lead < 0x80:
        return lead, 1
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | text[i + 1] & 0x3F, 2
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | (text[i + 1] & 0x3F) << 6 | text[i + 2] & 0x3F, 3
    return (
        (lead & 0x07) << 18
        | (text[i + 1] & 0x3F) << 12
        | (text[i + 2] & 0x3F) << 6
        | text[i + 3] & 0x3F
    ), 4


@kernel
def _add_wide(text, i, high, classes, carry):
    """Classify the characters of more than one byte in a block.

    Args:
        text: uint8 bytes; i: where the block begins; high: mask of its bytes above 0x7F.
        classes: class of each code point, uint8 (0x110000,).
        carry: low 16 bits: class of a character that began in the block before; above: its bytes
            that stand in this one.
    Returns: (L, N, W, last): masks; `last`: lead bytes of white space that something follows; and
             the carry into the next block.
    """
    L, N, W, last = _0, _0, _0, _0
    kind, n = carry & 0xFFFF, carry >> 16
    mask = (_1 << np.uint64(n)) - _1
    if kind == LETTER:
        L |= mask
    elif kind == NUMBER:
        N |= mask
    elif kind == SPACE:
        W |= mask
    high &= ~mask
    carry = 0
    while high:
        k = lowest_bit(high)
        code, n = _decode(text, i + k)
        kind = np.int64(classes[code])
        mask = ((_1 << np.uint64(n)) - _1) << np.uint64(k)
        high &= ~mask
        if k + n > WIDTH:
            carry = kind | (k + n - WIDTH) << 16
        if kind == LETTER:
            L |= mask
        elif kind == NUMBER:
            N |= mask
        elif kind == SPACE:
            W |= mask
            following, _ = _decode(text, i + k + n)
            if classes[following] != SPACE:
                last |= _1 << np.uint64(k)
    return L, N, W, last, carry


@kernel
def _block(text, i, classes, carry):
    """Return L, N, S, W, high, apostrophes, line feeds, last, and the carry, of the block at i."""
    L, N, S, W, high, quotes, feeds = ascii_masks(text, i)
    W |= S
    last = _0
    if high | np.uint64(carry):
        wide_L, wide_N, wide_W, last, carry = _add_wide(text, i, high, classes, carry)
        L |= wide_L
        N |= wide_N
        W |= wide_W
    return L, N, S, W, high, quotes, feeds, last, carry


@kernel
def _contraction(text, i):
    """Return the length of the contraction at the apostrophe at byte i, or 0."""
    letters = load_word(text, i + 1)
    one, two = letters & _BYTE, letters & _TWO_BYTES
    if one in (_S, _T, _M, _D):
        return 2
    if two in (_LL, _VE, _RE):
        return 3
    return 0


@kernel
def gpt2_starts(text, n, lines, classes, starts):
    """Write where each piece of `text[:n]` begins; return how many there are.

    Args:
        text: uint8, valid UTF-8 that begins where a piece begins. It holds PADDING bytes more than
            n: what follows, or spaces where the text ends.
        n: bytes to look at, >= 1.
        lines: whether each line is a text of its own; its line feed is then a piece apart.
        classes: `gpt2_classes()`.
        starts: int64, room for n; byte positions, ascending.
    """
    count = 0
    prev_L, prev_N, prev_X, prev_S, prev_W, prev_feed = _0, _0, _0, _0, _0, _0
    set_next, clear_next = _0, _0  # of the next block, by a contraction in this one
    L, N, S, W, high, quotes, feeds, last, carry = _block(text, 0, classes, 0)
    i = 0
    while i < n:
        after = _block(text, i + WIDTH, classes, carry)
        X = ~(L | N | W)
        same = L & (L << _1 | prev_L) | N & (N << _1 | prev_N) | X & (X << _1 | prev_X)
        next_W = W >> _1 | after[3] << _63
        begins = ~W & ~same & ~(S << _1 | prev_S)
        begins |= W & ~(W << _1 | prev_W) | W & ~next_W & ~high | last
        if lines:
            begins |= feeds | feeds << _1 | prev_feed
            prev_feed = feeds >> _63
        begins = begins & ~clear_next | set_next
        set_next, clear_next = _0, _0
        quotes &= begins
        while quotes:
            k = lowest_bit(quotes)
            quotes &= quotes - _1
            length = _contraction(text, i + k)
            if length:
                if k + 1 < WIDTH:
                    begins &= ~(_1 << np.uint64(k + 1))
                else:
                    clear_next |= _1 << np.uint64(k + 1 - WIDTH)
                if k + length < WIDTH:
                    begins |= _1 << np.uint64(k + length)
                else:
                    set_next |= _1 << np.uint64(k + length - WIDTH)
        if n - i < WIDTH:
            begins &= (_1 << np.uint64(n - i)) - _1
        while begins:
            starts[count] = i + lowest_bit(begins)
            count += 1
            begins &= begins - _1
        prev_L, prev_N, prev_X, prev_S, prev_W = L >> _63, N >> _63, X >> _63, S >> _63, W >> _63
        L, N, S, W, high, quotes, feeds, last, carry = after
        i += WIDTH
    return count
