r"""Where the pieces of GPT-4's cut begin, and of Llama 3's and Qwen 2's, its kin.

The letters are those of `blocks.py`; V is white space but R. Differs from GPT-2's:
- a run of letters joins the character before it, if that is V, or X that begins a piece;
- numbers go in threes (Qwen: each apart), and join nothing;
- symbols take the line ends behind them, and white space is cut at line ends: `white_space.py`;
- contractions are of any case, and end after their letters as before.
GPT-4's own leaves white space at the end of a text in one piece.

The readable twins are `toktools.pretokenizers.Cl100kSplit`, `Llama3Split` and `Qwen2Split`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toktools.kernels.cuts.blocks import after, below, block, reach, spread, top, write_starts
from toktools.kernels.cuts.contractions import contraction_of_any_case
from toktools.kernels.cuts.numbers import threes
from toktools.kernels.cuts.white_space import settle, settle_open, white_space_starts
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, lowest_bit

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)
_START = np.int64(0)  # a plain 0 is of another type, for which all is compiled once more


def _cut(*, in_threes: bool, end_is_whole: bool) -> Any:
    """Make a cut function.

    Args: in_threes: whether numbers go in threes; end_is_whole: whether white space at the end of a
          text is one piece.
    """

    @kernel
    def starts_of_cut(text, n, lines, classes, starts):
        """Write where pieces of `text[:n]` begin; see `blocks.py`. classes: `gpt_classes()`."""
        count = i = _START
        prev_L, prev_N, prev_X, prev_S, prev_V, prev_F = _0, _0, _0, _0, _0, _0
        prev_single, prev_eaten, prev_left, prev_loose = _0, _0, _0, _0
        set_next, phase, is_open = _0, _START, False
        L, N, S, W, R, F, last, quotes, continued, high = block(text, i, lines, classes, _0, _0, _0)
        while i < n:
            (
                next_L, next_N, next_S, next_W, next_R, next_F, next_last, next_quotes,
                next_continued, next_high,
            ) = block(text, i + WIDTH, lines, classes, top(L), top(N), top(W))  # fmt: skip
            X, V = ~(L | N | W | F), W & ~R
            bad = R | F if end_is_whole else R
            if is_open:
                take_back, is_open = settle_open(V, bad)
                count -= take_back
            wanted = below(n - i)

            X_begins = X & ~(continued | after(X, prev_X) | after(S, prev_S))
            single = spread(X_begins, continued, prev_single)
            joined = after(L, prev_L) | after(V, prev_V) | after(single, prev_single)
            begins = X_begins | L & ~joined
            if in_threes:
                groups, phase = threes(N, continued, prev_N, phase)
                begins |= groups
            else:
                begins |= N & ~continued

            eaten = reach(R & (after(X, prev_X) | prev_eaten), R)
            followed = ~((W | F) >> _1 | (next_W | next_F) << _63)
            last |= W & followed & ~high
            certain, soft = white_space_starts(W, R, eaten, last, prev_left, prev_loose)
            begins |= certain
            kept, more = settle(soft & wanted, V, bad)
            begins |= kept
            is_open |= more
            if lines:
                begins |= F | after(F, prev_F)

            begins |= set_next
            set_next = _0
            quotes &= X_begins & (L >> _1 | next_L << _63)
            while quotes:
                k = lowest_bit(quotes)
                quotes &= quotes - _1
                length = contraction_of_any_case(text, i + k)
                if length:
                    if k + length < WIDTH:
                        begins |= _1 << np.uint64(k + length)
                    else:
                        set_next = _1 << np.uint64(k + length - WIDTH)
            count = write_starts(begins & wanted, _0, i, starts, count)

            prev_L, prev_N, prev_X, prev_S, prev_V = top(L), top(N), top(X), top(S), top(V)
            prev_F, prev_single, prev_eaten = top(F), top(single), top(eaten)
            prev_left, prev_loose = top(W & ~eaten), top(R & ~eaten)
            L, N, S, W, R, F, last = next_L, next_N, next_S, next_W, next_R, next_F, next_last
            quotes, continued, high = next_quotes, next_continued, next_high
            i += WIDTH
        if is_open:
            take_back, is_open = settle_open(W & ~R, R | F if end_is_whole else R)
            count -= take_back | is_open
        return count

    return starts_of_cut


cl100k_starts = _cut(in_threes=True, end_is_whole=True)
llama3_starts = _cut(in_threes=True, end_is_whole=False)
qwen2_starts = _cut(in_threes=False, end_is_whole=False)
