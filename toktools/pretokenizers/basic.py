"""The contract of a pretokenizer, and three cuts: none, at white space, at punctuation too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from toktools.unicode.tables import WHITE_SPACE, punctuation


class Pretokenizer(Protocol):
    """Cuts text into pieces, in order and without overlap."""

    def split(self, text: str) -> list[str]:
        """Return the pieces of `text`, none of them empty."""
        ...

    def split_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the half-open span of characters of each piece."""
        ...


@dataclass(frozen=True)
class WholeText:
    """Leaves the text in one piece.

    Example:
        >>> WholeText().split("one piece")
        ['one piece']
    """

    def split(self, text: str) -> list[str]:
        return [text] if text else []

    def split_spans(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))] if text else []


class PatternSplit:
    """The pieces are the matches of a regular expression."""

    def _pattern(self) -> re.Pattern[str]:
        raise NotImplementedError

    def split(self, text: str) -> list[str]:
        return self._pattern().findall(text)

    def split_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in self._pattern().finditer(text)]


@dataclass(frozen=True)
class WhitespaceSplit(PatternSplit):
    """A piece is a run of anything but white space.

    Example:
        >>> WhitespaceSplit().split(" It's  here.")
        ["It's", 'here.']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _words()


@dataclass(frozen=True)
class PunctuationSplit(PatternSplit):
    """White space separates, and every punctuation character is a piece of its own (as in BERT).

    Source: Devlin et al. 2019, arXiv:1810.04805, the basic tokenizer of the released code.
    Example:
        >>> PunctuationSplit().split(" It's  here.")
        ['It', "'", 's', 'here', '.']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _words_and_punctuation()


@cache
def _words() -> re.Pattern[str]:
    return re.compile(f"[^{WHITE_SPACE}]+")


@cache
def _words_and_punctuation() -> re.Pattern[str]:
    return re.compile(f"[{punctuation()}]|[^{punctuation()}{WHITE_SPACE}]+")
