"""The class of every code point, as one byte: what the kernels look up for non-ASCII text."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from toktools.unicode.case import lower_letters, marks, upper_letters
from toktools.unicode.tables import WHITE_SPACE, letters, numbers

LETTER, NUMBER, SPACE, UPPER, LOWER, MARK = 1, 2, 4, 8, 16, 32
"""Bits of a class. UPPER and LOWER: letters that are upper (or title) case only, or lower only."""

N_CODE_POINTS = 0x110000


def members(character_class: str) -> NDArray[np.bool_]:
    r"""Return which code points are in the inside of a character class; shape (0x110000,).

    Args:
        character_class: characters and ranges, "a-z", as the functions of `toktools.unicode` write
            them: with `\U` for some; no other escape, and no dash that is not in a range.
    Example:
        >>> [chr(code) for code in members("a-c_\\U000000e9-\\U000000ea").nonzero()[0]]
        ['_', 'a', 'b', 'c', 'é', 'ê']
    """
    found = np.zeros(N_CODE_POINTS, np.bool_)
    text = character_class.encode("raw_unicode_escape").decode("raw_unicode_escape")
    i = 0
    while i < len(text):
        step = 3 if text[i + 1 : i + 2] == "-" else 1
        found[ord(text[i]) : ord(text[i + step - 1]) + 1] = True
        i += step
    return found


@cache
def gpt_classes() -> NDArray[np.uint8]:
    """Return the bits of each code point, for the cuts of GPT-2 and after; shape (0x110000,)."""
    is_letter = members(letters())
    upper, lower = members(upper_letters()), members(lower_letters())
    classes = np.zeros(N_CODE_POINTS, np.uint8)
    for bit, table in (
        (LETTER, is_letter),
        (NUMBER, members(numbers())),
        (SPACE, members(WHITE_SPACE)),
        (UPPER, is_letter & ~lower),
        (LOWER, is_letter & ~upper),
        (MARK, members(marks())),
    ):
        classes[table] |= bit
    return classes
