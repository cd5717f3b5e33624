"""The cuts of published models, GPT-2 and after: the pieces joined are the text.

Adds to `basic.py` one pattern a model, in the standard library's `re`, over character classes of
our own (`toktools/unicode/`). The published patterns ignore case in
contractions, which adds "ſ" (U+017F) to s and S and nothing else. Possessive quantifiers are left
out where they cannot change a match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from toktools.pretokenizers.basic import PatternSplit
from toktools.unicode.case import lower_letters, marks, upper_letters
from toktools.unicode.tables import WHITE_SPACE, letters, numbers

_CONTRACTION = "'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])"


@dataclass(frozen=True)
class Gpt2Split(PatternSplit):
    """GPT-2's cut: contractions, words, numbers and symbols, each with at most one space before it.

    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", sec. 2.2.
    Example:
        >>> Gpt2Split().split(" It's  here in 2019.")
        [' It', "'s", ' ', ' here', ' in', ' 2019', '.']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _gpt2()


@dataclass(frozen=True)
class Cl100kSplit(PatternSplit):
    """GPT-4's cut (tiktoken's `cl100k_base`): numbers in threes, any one symbol before a word.

    White space at the end of the text is one piece, line ends and all; `Llama3Split` differs there.

    Source: the pattern of `cl100k_base` in tiktoken 0.14.
    Example:
        >>> Cl100kSplit().split("IT'S\\tin 2019: \\n  ")
        ['IT', "'S", '\\tin', ' ', '201', '9', ':', ' \\n  ']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _cl100k()


@dataclass(frozen=True)
class Llama3Split(PatternSplit):
    """Llama 3's cut: GPT-4's, but that the last line end also ends a piece at the end of the text.

    Files of GPT-4's tokenizer for the Hugging Face library hold this pattern too.

    Source: the pattern in the released Llama 3 tokenizer (Meta 2024).
    Example:
        >>> Llama3Split().split("in 2019: \\n  ")
        ['in', ' ', '201', '9', ':', ' \\n', '  ']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _llama3("{1,3}")


@dataclass(frozen=True)
class Qwen2Split(PatternSplit):
    """Qwen 2's cut: Llama 3's with every digit apart.

    Source: the pattern in the released Qwen 2 tokenizer (2024).
    Example:
        >>> Qwen2Split().split("in 2019")
        ['in', ' ', '2', '0', '1', '9']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _llama3("")


@dataclass(frozen=True)
class O200kSplit(PatternSplit):
    """GPT-4o's cut (tiktoken's `o200k_base`): words end where upper case follows lower case.

    A contraction stays with its word, and a mark (an accent apart) counts as a letter.

    Source: the pattern of `o200k_base` in tiktoken 0.14.
    Example:
        >>> O200kSplit().split("It's camelCase and HTTPServer")
        ["It's", ' camel', 'Case', ' and', ' HTTPServer']
    """

    def _pattern(self) -> re.Pattern[str]:
        return _o200k()


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


@cache
def _cl100k() -> re.Pattern[str]:
    return re.compile(
        f"{_words_and_numbers('{1,3}')}"
        f"|[{WHITE_SPACE}]+\\Z"
        f"|[{WHITE_SPACE}]*[\r\n]"
        f"|[{WHITE_SPACE}]+(?![^{WHITE_SPACE}])"
        f"|[{WHITE_SPACE}]"
    )


@cache
def _llama3(digits: str) -> re.Pattern[str]:
    return re.compile(f"{_words_and_numbers(digits)}|{_spaces()}")


def _words_and_numbers(digits: str) -> str:
    letter, number, space = letters(), numbers(), WHITE_SPACE
    return (
        f"{_CONTRACTION}"
        f"|[^\r\n{letter}{number}]?[{letter}]+"
        f"|[{number}]{digits}"
        f"| ?[^{space}{letter}{number}]+[\r\n]*"
    )


def _spaces() -> str:
    space = WHITE_SPACE
    return f"[{space}]*[\r\n]+|[{space}]+(?![^{space}])|[{space}]+"


@cache
def _o200k() -> re.Pattern[str]:
    letter, number, space = letters(), numbers(), WHITE_SPACE
    upper, lower = upper_letters() + marks(), lower_letters() + marks()
    return re.compile(
        f"[^\r\n{letter}{number}]?[{upper}]*[{lower}]+(?:{_CONTRACTION})?"
        f"|[^\r\n{letter}{number}]?[{upper}]+[{lower}]*(?:{_CONTRACTION})?"
        f"|[{number}]{{1,3}}"
        f"| ?[^{space}{letter}{number}]+[\r\n/]*"
        f"|{_spaces()}"
    )
