"""Unicode's normal forms, as the Hugging Face library has them, and accents stripped.

Adds to `basic.py` rewriting that looks at neighbours: marks are put in order, and composed with the
letter before. `unicodedata` does that, in each stretch between two code points that are too new
for the library (`toktools/unicode/history.py`). So no other Unicode version shows, Python's or a
later one.

Source: Unicode Standard Annex 15, sec. 1.3 (the forms), and chapter 3.11 (the algorithm).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from toktools.errors import ToktoolsError
from toktools.normalizers.basic import each_character
from toktools.unicode.history import accents, late

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
_Step = tuple[
    str, int
]  # a character, and how many characters it stands for less one took its place


@dataclass(frozen=True)
class UnicodeForm:
    """Rewrites text in a normal form: "NFC", "NFD", "NFKC" or "NFKD".

    Example:
        >>> UnicodeForm("NFKC").normalize("ﬁ"), len(UnicodeForm("NFD").normalize("é"))
        ('fi', 2)
    """

    form: Form

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise ToktoolsError(f"form must be NFC, NFD, NFKC or NFKD, got {self.form!r}")

    def normalize(self, text: str) -> str:
        if text.isascii():
            return text
        parts = _late().split(text)
        for i in range(0, len(parts), 2):  # what stands between are the late code points
            parts[i] = unicodedata.normalize(self.form, parts[i])
        return "".join(parts)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        steps = _decompose(text, "NFKD" if "K" in self.form else "NFD")
        if self.form.endswith("C"):
            steps = _compose(steps)
        source: list[int] = []
        position = 0  # in `text`: how much of it the characters so far stand for
        for _, change in steps:
            source.append(max(position - 1, 0) if change > 0 else position)
            position += max(1 - change, 0)
        return "".join(character for character, _ in steps), source


@dataclass(frozen=True)
class StripAccents:
    """Removes marks; letters that hold theirs within need a decomposing form before.

    Example:
        >>> StripAccents().normalize(UnicodeForm("NFD").normalize("naïve"))
        'naive'
    """

    def normalize(self, text: str) -> str:
        return text if text.isascii() else _accents().sub("", text)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        return each_character(text, self.normalize)


@cache
def _late() -> re.Pattern[str]:
    return re.compile(f"([{late()}])")


@cache
def _accents() -> re.Pattern[str]:
    return re.compile(f"[{accents()}]")


def _class(character: str) -> int:
    """Return the canonical combining class; 0 (a starter) for late code points."""
    return 0 if _late().match(character) else unicodedata.combining(character)


def _decompose(text: str, form: Literal["NFD", "NFKD"]) -> list[_Step]:
    """Return the characters of the decomposition, 0 with the first of each and 1 with the rest."""
    steps: list[_Step] = []
    marks: list[tuple[int, _Step]] = []
    for character in text:
        whole = character if _late().match(character) else unicodedata.normalize(form, character)
        for i, part in enumerate(whole):
            step = part, int(i > 0)
            if combining := _class(part):
                marks.append((combining, step))
            else:
                steps += [mark for _, mark in sorted(marks, key=lambda mark: mark[0])]
                marks.clear()
                steps.append(step)
    return steps + [mark for _, mark in sorted(marks, key=lambda mark: mark[0])]


def _compose(steps: list[_Step]) -> list[_Step]:
    """Join each mark (or vowel, or trailing consonant) with its starter where nothing blocks it."""
    composed: list[_Step] = []
    starter = -1  # its place in `composed`
    last_class = 0  # of what was left standing after the starter
    for character, change in steps:
        combining = _class(character)
        adjacent = starter == len(composed) - 1
        if starter >= 0 and (adjacent or last_class < combining):
            first, first_change = composed[starter]
            if both := _pair(first, character):
                composed[starter] = both, first_change + change - 1
                continue
        if combining == 0:
            starter = len(composed)
        last_class = combining
        composed.append((character, change))
    return composed


@cache
def _pair(first: str, second: str) -> str | None:
    """Return the one character that two compose to, or None."""
    if _late().search(first + second):
        return None
    both = unicodedata.normalize("NFC", first + second)
    return both if len(both) == 1 else None
