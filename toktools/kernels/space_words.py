"""Text cut at spaces and line feeds, and nowhere else: what is normalized word by word.

The readable twin is `re.findall("[^ \\n]+", text)`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts import Cut
from toktools.kernels.cuts.blocks import after, below, top
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

_0, _1 = np.uint64(0), np.uint64(1)
_separators = byte_masks(((ord(" "), ord(" ")), (ord("\n"), ord("\n"))))


@kernel
def space_word_starts(text, n, lines, classes, starts):
    """Write where each piece of `text[:n]` begins, separators as ~p; see `cuts/blocks.py`.

    Args: lines, classes: of no meaning here.
    """
    count, before, text_begins = 0, _0, _1
    for i in range(0, n, WIDTH):
        separators = _separators(text, i)[0]
        begins = (text_begins | separators ^ after(separators, before)) & below(n - i)
        while begins:
            k = lowest_bit(begins)
            dropped = np.int64(separators >> np.uint64(k) & _1)
            starts[count] = (i + k) ^ -dropped  # ~p is p ^ -1
            count += 1
            begins &= begins - _1
        before, text_begins = top(separators), _0
    return count


def space_words() -> Cut:
    """Return the cut."""
    return Cut(space_word_starts, np.zeros(1, np.uint8), drops=True)
