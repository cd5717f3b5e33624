"""Cuts at marks in the text: where words end, at punctuation, at a string.

Adds to `basic.py` the choice of what becomes of the marks, which `custom.py` explains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from toktools.errors import ToktoolsError
from toktools.pretokenizers.basic import PatternSplit
from toktools.pretokenizers.custom import (
    Behavior,
    Span,
    SpanSplit,
    check_behavior,
    pieces,
    stretches,
)
from toktools.unicode.tables import WHITE_SPACE, punctuation
from toktools.unicode.words import word_characters


@dataclass(frozen=True)
class WordSplit(PatternSplit):
    r"""A piece is a run of word characters, or of others; white space separates (`\w+|[^\w\s]+`).

    This is the Hugging Face library's `Whitespace`.

    Example:
        >>> WordSplit().split("It's  here...")
        ['It', "'", 's', 'here', '...']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _words_and_others()


@dataclass(frozen=True)
class PunctuationMarkSplit(SpanSplit):
    """Cuts at each punctuation character, and nowhere else.

    Args:
        behavior: what becomes of the characters; see `RegexSplit`.
    Example:
        >>> PunctuationMarkSplit().split("well, yes")
        ['well', ',', ' yes']
    """

    behavior: Behavior = "isolated"

    def __post_init__(self) -> None:
        check_behavior(self.behavior)

    def split_spans(self, text: str) -> list[Span]:
        return pieces(stretches(_marks().finditer(text), len(text)), self.behavior)


@dataclass(frozen=True)
class StringSplit(SpanSplit):
    """Cuts at every occurrence of a string, from left to right.

    Args:
        mark: the string. behavior, invert: as in `RegexSplit`.
    Example:
        >>> StringSplit("--", "removed").split("a--b---c")
        ['a', 'b', '-c']
    """

    mark: str
    behavior: Behavior = "isolated"
    invert: bool = False

    def __post_init__(self) -> None:
        check_behavior(self.behavior)
        if not self.mark:
            raise ToktoolsError("the string to cut at must not be empty")

    def split_spans(self, text: str) -> list[Span]:
        parts = stretches(re.finditer(re.escape(self.mark), text), len(text))
        return pieces(_inverted(parts) if self.invert else parts, self.behavior)


def _inverted(parts: Iterator[tuple[int, int, bool]]) -> Iterator[tuple[int, int, bool]]:
    return ((start, end, not match) for start, end, match in parts)


@cache
def _words_and_others() -> re.Pattern[str]:
    word = word_characters()
    return re.compile(f"[{word}]+|[^{word}{WHITE_SPACE}]+")


@cache
def _marks() -> re.Pattern[str]:
    return re.compile(f"[{punctuation()}]")
