"""The class of every code point, as one byte: what the kernels look up for non-ASCII text."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from toktools.unicode.tables import LETTERS, NUMBERS, WHITE_SPACE, ranges

LETTER, NUMBER, SPACE = 1, 2, 4


@cache
def gpt2_classes() -> NDArray[np.uint8]:
    """Return LETTER, NUMBER, SPACE or 0 for each code point; shape (0x110000,)."""
    classes = np.zeros(0x110000, dtype=np.uint8)
    for table, value in ((LETTERS, LETTER), (NUMBERS, NUMBER)):
        for first, last in ranges(table):
            classes[first : last + 1] = value
    spaces = WHITE_SPACE.replace("\u2000-\u200a", "".join(map(chr, range(0x2000, 0x200B))))
    classes[[ord(character) for character in spaces]] = SPACE
    return classes
