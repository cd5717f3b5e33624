"""How text is cut before a model sees it: no token ever crosses such a cut.

Every class here is a value: two of the same kind are equal. `split` gives the pieces, `split_spans`
says where they stand. What lies between two pieces (white space, for some) is not encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from toktools.errors import lookup
from toktools.unicode_tables import WHITE_SPACE, letters, numbers, punctuation


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


class _RegexPretokenizer:
    """The pieces are the matches of a regular expression."""

    def _pattern(self) -> re.Pattern[str]:
        raise NotImplementedError

    def split(self, text: str) -> list[str]:
        return self._pattern().findall(text)

    def split_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in self._pattern().finditer(text)]


@dataclass(frozen=True)
class WhitespaceSplit(_RegexPretokenizer):
    """A piece is a run of anything but white space.

    Example:
        >>> WhitespaceSplit().split(" It's  here.")
        ["It's", 'here.']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _words()


@dataclass(frozen=True)
class PunctuationSplit(_RegexPretokenizer):
    """White space separates, and every punctuation character is a piece of its own (as in BERT).

    Source: Devlin et al. 2019, arXiv:1810.04805, the basic tokenizer of the released code.
    Example:
        >>> PunctuationSplit().split(" It's  here.")
        ['It', "'", 's', 'here', '.']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _words_and_punctuation()


@dataclass(frozen=True)
class Gpt2Split(_RegexPretokenizer):
    """GPT-2's cut: contractions, words, numbers and symbols, each with at most one space before it.

    No character is lost: the pieces joined are the text.

    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", sec. 2.2.
    Example:
        >>> Gpt2Split().split(" It's  here in 2019.")
        [' It', "'s", ' ', ' here', ' in', ' 2019', '.']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _gpt2()


@cache
def _words() -> re.Pattern[str]:
    return re.compile(f"[^{WHITE_SPACE}]+")


@cache
def _words_and_punctuation() -> re.Pattern[str]:
    return re.compile(f"[{punctuation()}]|[^{punctuation()}{WHITE_SPACE}]+")


@cache
def _gpt2() -> re.Pattern[str]:
    letter, number, space = letters(), numbers(), WHITE_SPACE
    return re.compile(
        "'(?:[sdmt]|ll|ve|re)"
        f"| ?[{letter}]+"
        f"| ?[{number}]+"
        f"| ?[^{space}{letter}{number}]+"
        f"|[{space}]+(?![^{space}])"
        f"|[{space}]+"
    )


PRETOKENIZERS: dict[str, type[Pretokenizer]] = {
    "gpt2": Gpt2Split,
    "whitespace": WhitespaceSplit,
    "punctuation": PunctuationSplit,
    "none": WholeText,
}
"""The names by which options and files speak of them."""


def pretokenizer(name: str) -> Pretokenizer:
    """Return the pretokenizer of that name; ToktoolsError names the closest where there is none."""
    return lookup(name, PRETOKENIZERS, what="pretokenizer")()
