"""Cuts to build one's own from: digits, metaspace, a regular expression, one after the other.

Adds to `gpt.py` options: each class is a cut with parameters, checked when it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args

from toktools.errors import ToktoolsError
from toktools.pretokenizers.basic import Pretokenizer
from toktools.unicode.tables import digits, numbers

Span = tuple[int, int]
Behavior = Literal["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]


class SpanSplit:
    """The pieces are what stands at the spans."""

    def split(self, text: str) -> list[str]:
        return [text[start:end] for start, end in self.split_spans(text)]

    def split_spans(self, text: str) -> list[Span]:
        raise NotImplementedError


@dataclass(frozen=True)
class DigitSplit(SpanSplit):
    """Sets digits (all of category N) apart from the rest of the text, in groups.

    Args:
        group: digits in a piece; 1 for each by itself, None for whole numbers.
        from_right: let the short group be the first one, as one writes 1,234,567.

    `group` 1 and None are the Hugging Face library's `Digits`, which knows the numbers of
    Unicode 17; other groups are its `Split` by a regular expression, which knows Unicode 16.
    Example:
        >>> DigitSplit().split("in 2019")
        ['in ', '2', '0', '1', '9']
        >>> DigitSplit(group=3).split("1234567")
        ['123', '456', '7']
        >>> DigitSplit(group=3, from_right=True).split("1234567")
        ['1', '234', '567']
    """

    group: int | None = 1
    from_right: bool = False

    def __post_init__(self) -> None:
        if self.group is not None and self.group < 1:
            raise ToktoolsError(f"group must be >= 1, or None for whole numbers, got {self.group}")

    def split_spans(self, text: str) -> list[Span]:
        pattern = _digit_runs(self.group in (1, None))
        spans: list[Span] = []
        for start, end, is_number in stretches(pattern.finditer(text), len(text)):
            if not is_number or self.group is None:
                spans.append((start, end))
                continue
            short = (end - start) % self.group if self.from_right else 0
            if short:
                spans.append((start, start + short))
            for a in range(start + short, end, self.group):
                spans.append((a, min(a + self.group, end)))
        return spans


@cache
def _digit_runs(unicode_17: bool) -> re.Pattern[str]:
    return re.compile(f"[{digits() if unicode_17 else numbers()}]+")


@dataclass(frozen=True)
class MetaspaceSplit(SpanSplit):
    """Cuts before every "▁", which stands for a space in SentencePiece's vocabularies.

    It rewrites nothing: that spaces become "▁" is a normalizer's work (`Replace(" ", "▁")`).

    Example:
        >>> MetaspaceSplit().split("▁one▁two")
        ['▁one', '▁two']
    """

    replacement: str = "▁"

    def __post_init__(self) -> None:
        if len(self.replacement) != 1:
            raise ToktoolsError(f"replacement must be one character, got {self.replacement!r}")

    def split_spans(self, text: str) -> list[Span]:
        marks = re.finditer(re.escape(self.replacement), text)
        return pieces(stretches(marks, len(text)), "merged_with_next")


@dataclass(frozen=True)
class RegexSplit(SpanSplit):
    r"""Cuts by a regular expression of the user's own; needs the `regex` package.

    Args:
        pattern: what `regex.compile` takes (`\p{L}` and possessive quantifiers included).
        behavior: what becomes of the matches: "isolated" (pieces, like what stands between them),
            "removed", joined to the piece before or after ("merged_with_previous",
            "merged_with_next"), or "contiguous" (one piece where two touch).
        invert: exchange the parts of matches and of what stands between them.
    Raises: ToktoolsError if the package is missing, or at a bad pattern or unknown behavior.

    Which characters are letters is the package's Unicode version, the one thing here that may
    change with what is installed; the named cuts bring their own tables.
    Example:
        >>> RegexSplit(r"\p{P}").split("well, yes")
        ['well', ',', ' yes']
        >>> RegexSplit(r"\w+", "removed", invert=True).split("a b")
        ['a', 'b']
    """

    pattern: str
    behavior: Behavior = "isolated"
    invert: bool = False
    _finditer: Callable[[str], Iterable[Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_behavior(self.behavior)
        object.__setattr__(self, "_finditer", compile_pattern(self.pattern))

    def __reduce__(self) -> tuple[type, tuple[str, Behavior, bool]]:
        return RegexSplit, (self.pattern, self.behavior, self.invert)

    def split_spans(self, text: str) -> list[Span]:
        parts = stretches(self._finditer(text), len(text))
        if self.invert:
            parts = ((start, end, not match) for start, end, match in parts)
        return pieces(parts, self.behavior)


def check_behavior(behavior: str) -> None:
    """Raise ToktoolsError unless it is one that `RegexSplit` explains."""
    if behavior not in get_args(Behavior):
        raise ToktoolsError(
            f"behavior must be one of {', '.join(get_args(Behavior))}, got {behavior!r}"
        )


def compile_pattern(pattern: str) -> Callable[[str], Iterable[Any]]:
    """Return the `finditer` of the `regex` package for a pattern; ToktoolsError if it is none."""
    try:
        regex = import_module("regex")
    except ImportError as e:
        raise ToktoolsError(
            "RegexSplit needs the package 'regex'; pip install 'toktools[adapters]' installs it"
        ) from e
    try:
        return regex.compile(pattern).finditer
    except regex.error as e:
        raise ToktoolsError(f"{pattern!r} is not a regular expression: {e}") from e


@dataclass(frozen=True, init=False)
class SplitSequence(SpanSplit):
    """One cut after the other: each cuts the pieces of the one before, and sees nothing else.

    Example:
        >>> from toktools.pretokenizers import DigitSplit, WhitespaceSplit
        >>> SplitSequence(WhitespaceSplit(), DigitSplit()).split("in 2019")
        ['in', '2', '0', '1', '9']
    """

    parts: tuple[Pretokenizer, ...]

    def __init__(self, *parts: Pretokenizer) -> None:
        object.__setattr__(self, "parts", parts)

    def split_spans(self, text: str) -> list[Span]:
        spans = [(0, len(text))] if text else []
        for part in self.parts:
            spans = [
                (start + a, start + b)
                for start, end in spans
                for a, b in part.split_spans(text[start:end])
            ]
        return spans


def stretches(matches: Iterable[Any], length: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, whether it is a match) for every stretch of the text, in order."""
    position = 0
    for match in matches:
        start, end = match.span()
        if start > position:
            yield position, start, False
        if end > start:
            yield start, end, True
        position = end
    if position < length:
        yield position, length, False


def pieces(parts: Iterable[tuple[int, int, bool]], behavior: Behavior) -> list[Span]:
    """Return the spans of the pieces, given what shall become of the matches."""
    spans: list[Span] = []
    before: bool | None = None  # whether the last stretch was a match
    for start, end, match in parts:
        join = {
            "merged_with_previous": match and before is False,
            "merged_with_next": not match and before is True,
            "contiguous": match is before,
        }.get(behavior, False)
        if join:
            spans[-1] = (spans[-1][0], end)
        elif not (match and behavior == "removed"):
            spans.append((start, end))
        before = match
    return spans
