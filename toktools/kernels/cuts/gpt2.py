"""Where the pieces of GPT-2's cut begin, found by bit operations on 64 bytes at a time.

The letters are those of `blocks.py`. A piece begins
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

from toktools.kernels.cuts.blocks import after, below, block, top, write_starts
from toktools.kernels.cuts.contractions import contraction
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, lowest_bit

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)
_START = np.int64(0)  # a plain 0 is of another type, for which all is compiled once more


@kernel
def gpt2_starts(text, n, lines, classes, starts):
    """Write where each piece of `text[:n]` begins; see `blocks.py`. classes: `gpt_classes()`."""
    count = i = _START
    prev_L, prev_N, prev_X, prev_S, prev_W, prev_F = _0, _0, _0, _0, _0, _0
    set_next, clear_next = _0, _0  # of the next block, by a contraction in this one
    L, N, S, W, _, F, last, quotes, _, high = block(text, i, lines, classes, _0, _0, _0)
    while i < n:
        next_L, next_N, next_S, next_W, _, next_F, next_last, next_quotes, _, next_high = block(
            text, i + WIDTH, lines, classes, top(L), top(N), top(W)
        )
        X = ~(L | N | W | F)
        same = L & after(L, prev_L) | N & after(N, prev_N) | X & after(X, prev_X)
        begins = ~(W | F | same | after(S, prev_S))
        followed = ~((W | F) >> _1 | (next_W | next_F) << _63)
        begins |= W & ~after(W, prev_W) | W & followed & ~high | last
        if lines:
            begins |= F | after(F, prev_F)
        begins = begins & ~clear_next | set_next
        set_next, clear_next = _0, _0
        quotes &= begins
        while quotes:
            k = lowest_bit(quotes)
            quotes &= quotes - _1
            length = contraction(text, i + k)
            if length:
                if k + 1 < WIDTH:
                    begins &= ~(_1 << np.uint64(k + 1))
                else:
                    clear_next = _1
                if k + length < WIDTH:
                    begins |= _1 << np.uint64(k + length)
                else:
                    set_next = _1 << np.uint64(k + length - WIDTH)
        count = write_starts(begins & below(n - i), _0, i, starts, count)
        prev_L, prev_N, prev_X, prev_S = top(L), top(N), top(X), top(S)
        prev_W, prev_F = top(W), top(F)
        L, N, S, W, F, last = next_L, next_N, next_S, next_W, next_F, next_last
        quotes, high = next_quotes, next_high
        i += WIDTH
    return count
