"""What simple cuts know of each character; `class_runs.py` says what the bits do.

A cut is simple if it follows from two characters side by side whether a piece ends between them.
Of several such cuts in a row, each seeing only the pieces of the one before, the pieces end where
those of any of them do. So a sequence has a table as well, as long as its numbers are no more than
four.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.character_classes import N_CODE_POINTS, members
from toktools.pretokenizers import (
    DigitSplit,
    MetaspaceSplit,
    Pretokenizer,
    PunctuationMarkSplit,
    PunctuationSplit,
    SplitSequence,
    WhitespaceSplit,
    WholeText,
    WordSplit,
)
from toktools.pretokenizers.custom import Behavior
from toktools.unicode.tables import WHITE_SPACE, digits, punctuation
from toktools.unicode.words import word_characters

DROPPED, BEGINS, ENDS, NUMBER_LOW, NUMBER_HIGH = 1, 2, 4, 8, 16
_EDGES, _NUMBER = DROPPED | BEGINS | ENDS, NUMBER_LOW | NUMBER_HIGH

KINDS = {
    "a": ((ord("A"), ord("Z")), (ord("a"), ord("z"))),
    "0": ((ord("0"), ord("9")),),
    " ": ((ord("\t"), ord("\r")), (ord(" "), ord(" "))),
    "_": ((ord("_"), ord("_")),),
    "!": (
        (ord("!"), ord("/")),
        (ord(":"), ord("@")),
        (ord("["), ord("^")),
        (ord("`"), ord("`")),
        (ord("{"), ord("~")),
    ),
    "\0": ((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x7F)),
}
"""The kinds of ASCII characters: one that stands for all, and the ranges."""

Table = NDArray[np.uint8]


def table_of(cut: Pretokenizer) -> Table | None:
    """Return the class of each code point for a cut, (0x110000,); None if it is not simple.

    Example:
        >>> table_of(DigitSplit())[ord("7")] == BEGINS | ENDS, table_of(DigitSplit(group=3))
        (np.True_, None)
    """
    return _table(cut) if _may_be_simple(cut) else None


def _may_be_simple(cut: Pretokenizer) -> bool:
    if isinstance(cut, SplitSequence):
        return all(map(_may_be_simple, cut.parts))
    return type(cut) in _TABLES


@cache
def _table(cut: Pretokenizer) -> Table | None:
    table = _sequence(cut) if isinstance(cut, SplitSequence) else _TABLES[type(cut)](cut)
    return table if table is not None and _fits_ascii(table) else None


def _fits_ascii(table: Table) -> bool:
    """Whether the characters of each kind are of one class."""
    return all(
        (table[first : last + 1] == table[ord(character)]).all()
        for character, ranges in KINDS.items()
        for first, last in ranges
    )


def _marks(character_class: str, behavior: Behavior = "isolated") -> Table:
    """Return the table of a cut at marks; see `RegexSplit` for what may become of them."""
    bits = {
        "isolated": BEGINS | ENDS,
        "removed": DROPPED,
        "merged_with_previous": ENDS,
        "merged_with_next": BEGINS,
        "contiguous": NUMBER_LOW,
    }
    return members(character_class) * np.uint8(bits[behavior])


def _digits(cut: DigitSplit) -> Table | None:
    if cut.group not in (1, None):
        return None
    return _marks(digits(), "isolated" if cut.group else "contiguous")


_TABLES: dict[type, Callable[[Any], Table | None]] = {
    WholeText: lambda cut: np.zeros(N_CODE_POINTS, np.uint8),
    WhitespaceSplit: lambda cut: _marks(WHITE_SPACE, "removed"),
    PunctuationSplit: lambda cut: _marks(WHITE_SPACE, "removed") | _marks(punctuation()),
    WordSplit: lambda cut: _marks(WHITE_SPACE, "removed") | _marks(word_characters(), "contiguous"),
    PunctuationMarkSplit: lambda cut: _marks(punctuation(), cut.behavior),
    DigitSplit: _digits,
    MetaspaceSplit: lambda cut: _marks(cut.replacement, "merged_with_next"),
}


def _sequence(cut: SplitSequence) -> Table | None:
    """Return the table of one cut after the other, None if it would need too many numbers."""
    parts = [_table(part) for part in cut.parts]
    bits, numbers = np.zeros(N_CODE_POINTS, np.uint8), np.zeros(N_CODE_POINTS, np.uint8)
    for part in parts:
        if part is None:
            return None
        bits |= part & _EDGES
        apart = (bits & DROPPED > 0) | (bits & (BEGINS | ENDS) == BEGINS | ENDS)
        both = np.where(apart, 0, numbers * 4 + (part & _NUMBER) // NUMBER_LOW)
        distinct, numbers = np.unique(both, return_inverse=True)
        if len(distinct) > 4:
            return None
    table = bits | numbers.astype(np.uint8) * NUMBER_LOW
    return np.where(table & DROPPED > 0, DROPPED, table).astype(np.uint8)
