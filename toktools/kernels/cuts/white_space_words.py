"""Where the words between white space begin: `class_runs.py` for the cut that is used most.

That loop serves any cut, and so decodes each character above ASCII to find its class. White space
above ASCII is rare, and known by two bytes: after C2, E1, E2 or E3 comes one of five. Only what has
both is decoded.

The readable twin is `toktools.pretokenizers.WhitespaceSplit`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts.blocks import (
    CONTINUED,
    END,
    after,
    below,
    code_point,
    spread,
    top,
    write_starts,
)
from toktools.kernels.cuts.class_tables import DROPPED
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

_0, _1, _LAST = np.uint64(0), np.uint64(1), np.uint64(1 << (WIDTH - 1))
_DROPPED = np.uint64(DROPPED)
_masks = byte_masks(
    ((ord("\t"), ord("\r")), (ord(" "), ord(" "))),
    ((ord("\n"), ord("\n")),),
    (CONTINUED,),
    ((END, END),),
    ((0xC2, 0xC2), (0xE1, 0xE2)),
    ((0x80, 0x81), (0x85, 0x85), (0x9A, 0x9A), (0xA0, 0xA0)),
    ((0xE3, 0xE3),),
    ((0x80, 0x80),),
)
"""White space of ASCII, line feeds, bytes behind the first of a character, ENDs; then the first
bytes and the second ones of U+0085, U+00A0, U+1680, and U+2000 to U+205F; and those of U+3000, for
there are many characters in Japanese whose first byte is the same."""


@kernel
def white_space_word_starts(text, n, lines, classes, starts):
    """Write where each piece of `text[:n]` begins, white space as ~p; see `blocks.py`.

    Args: classes: `table_of` the cut.
    """
    count, text_begins = np.int64(0), _1
    prev_D, prev_F = _0, _0
    for i in range(0, n, WIDTH):
        D, feeds, continued, F, first, second, first_wide, second_wide = _masks(text, i)
        may_be = first & (second >> _1 | _LAST) | first_wide & (second_wide >> _1 | _LAST)
        wide_D = _0
        while may_be:
            k = lowest_bit(may_be)
            may_be &= may_be - _1
            kind = np.uint64(classes[code_point(text, i + k)])
            wide_D |= np.uint64(kind & _DROPPED != 0) << np.uint64(k)
        D |= spread(wide_D, continued, prev_D)
        begins = text_begins | D ^ after(D, prev_D)
        if lines:
            F |= feeds
            D &= ~feeds
            begins |= F | after(F, prev_F)
        count = write_starts(begins & below(n - i), D, i, starts, count)
        prev_D, prev_F, text_begins = top(D), top(F), _0
    return count
