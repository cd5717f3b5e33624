"""Where words begin and end, 64 bytes at a time, in text that is not rewritten yet.

Letters: D what is dropped, A what stands alone, T text, which is all that is not D; a mask has bit
i for byte i of a block, and all bytes of a character are in its class. See `character_map.py` for
the classes and `cuts/blocks.py` for the operations.

Differs from `cuts/class_runs.py` in that it writes both ends of each word and nothing for what is
dropped between them, and in what it knows of ASCII: that is all which words need.

The readable twins are `toktools.pretokenizers.WhitespaceSplit` and `PunctuationSplit`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.character_map import ALONE, DROPPED, UNKNOWN
from toktools.kernels.cuts.blocks import (
    CONTINUED,
    END,
    HIGH,
    after,
    below,
    code_point,
    spread,
    top,
    write_starts,
)
from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

_0, _1, _ALL = np.uint64(0), np.uint64(1), ~np.uint64(0)
_LINE_FEED, _TAB, _RETURN, _FORM_FEED, _SPACE = 0x0A, 0x09, 0x0D, 0x0C, 0x20
_SYMBOL = ord("!")
_spaces = ((_SPACE, _SPACE), (_TAB, _LINE_FEED), (_RETURN, _RETURN))
_symbols = ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E))
_masks = byte_masks(
    *(_spaces, ((0x0B, _FORM_FEED),), _symbols, ((_LINE_FEED, _LINE_FEED),)),
    *((CONTINUED,), (HIGH,), ((END, END),)),
)


@inlined
def _if(condition):
    """Return 64 bits of one kind."""
    return _ALL if condition else _0


@kernel
def word_bounds(text, n, lines, classes, starts, ends):
    """Write where each word of `text[:n]` begins, and ends.

    Args:
        text: uint8, valid UTF-8 that begins where a word may begin, with PADDING bytes behind;
            text[n] begins a character, or is END.
        lines: whether each line is a text of its own; its line feed is then a word apart.
        classes: of a `CharacterMap`.
        starts, ends: int64, room for n + 1; byte positions, ascending, `ends` exclusive.
    Returns: how many begin, and how many end: one less if the last goes on after n. Both are -1
             if a character was not met yet.
    """
    n_starts, n_ends = 0, 0
    drops_feeds = _if(classes[_FORM_FEED] == DROPPED)
    parts_symbols = _if(classes[_SYMBOL] == ALONE)
    prev_D, prev_A, prev_T = _1, _0, _0
    seen = 0
    for i in range(0, n, WIDTH):
        spaces, form_feeds, symbols, feeds, continued, high, F = _masks(text, i)
        D = spaces | form_feeds & drops_feeds
        A = symbols & parts_symbols
        leads = high & ~continued & ~F & below(n - i)
        if high:
            wide_D, wide_A = _0, _0
            while leads:
                k = lowest_bit(leads)
                leads &= leads - _1
                kind = classes[code_point(text, i + k)]
                seen |= kind
                wide_D |= np.uint64(kind & DROPPED) << np.uint64(k)
                wide_A |= np.uint64((kind & ALONE) >> 1) << np.uint64(k)
            D |= spread(wide_D, continued, prev_D)
            A |= spread(wide_A, continued, prev_A)
        if lines:
            D &= ~feeds
            A |= feeds
        T = ~D
        begins = T & ~continued & (A | after(D | A, prev_D | prev_A))
        finish = after(T, prev_T) & (D | begins)
        inside = below(n - i)
        n_starts = write_starts(begins & inside, _0, i, starts, n_starts)
        n_ends = write_starts(finish & inside, _0, i, ends, n_ends)
        prev_D, prev_A, prev_T = top(D), top(A), top(T)
    if seen & UNKNOWN:
        return -1, -1
    return n_starts, n_ends


@kernel
def bounds_of_pieces(pieces, count, n, starts, ends):
    """Write both ends of the pieces that a cut gives and does not drop; return how many.

    Args: pieces: int64, as the functions of `cuts/` write them; n: where the last one ends.
    """
    kept = 0
    for i in range(count):
        start = pieces[i]
        end = n
        if i + 1 < count:
            end = pieces[i + 1] ^ (pieces[i + 1] >> 63)
        if start >= 0:
            starts[kept], ends[kept] = start, end
            kept += 1
    return kept
