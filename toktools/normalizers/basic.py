"""The contract of a normalizer, and the simple ones: lowercase, replace, prepend, sequences."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from toktools.errors import ToktoolsError
from toktools.unicode.tables import LOWERCASE_AFTER_UNICODE_14


class Normalizer(Protocol):
    """Rewrites text, and can say which source character each resulting character came from."""

    def normalize(self, text: str) -> str:
        """Return the rewritten text."""
        ...

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        """Return the rewritten text and, for each of its characters, its index in `text`."""
        ...


@dataclass(frozen=True)
class Lowercase:
    """Lowercases each code point by itself (Unicode 17), as the Hugging Face normalizer does.

    `str.lower` looks at context too: it turns a Greek sigma at the end of a word into "ς".

    Example:
        >>> Lowercase().normalize("ΟΔΟΣ"), "ΟΔΟΣ".lower()
        ('οδοσ', 'οδος')
    """

    def normalize(self, text: str) -> str:
        lowered = "σ".join(part.lower() for part in text.split("Σ"))
        return lowered.translate(LOWERCASE_AFTER_UNICODE_14)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        return each_character(text, _lower)


def _lower(character: str) -> str:
    return character.lower().translate(LOWERCASE_AFTER_UNICODE_14)


def each_character(text: str, rewrite: Callable[[str], str]) -> tuple[str, list[int]]:
    """Return `text` with each character rewritten by itself, and where each result came from."""
    parts = [rewrite(character) for character in text]
    return "".join(parts), [i for i, part in enumerate(parts) for _ in part]


@dataclass(frozen=True)
class Replace:
    """Replaces every occurrence of a string, from left to right.

    Example:
        >>> Replace(" ", "▁").normalize("to be")
        'to▁be'
    """

    old: str
    new: str

    def __post_init__(self) -> None:
        if not self.old:
            raise ToktoolsError("the string to replace must not be empty")

    def normalize(self, text: str) -> str:
        return text.replace(self.old, self.new)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        source: list[int] = []
        position = 0
        for match in re.finditer(re.escape(self.old), text):
            source += range(position, match.start())
            source += [match.end() - 1] * len(self.new)
            position = match.end()
        return self.normalize(text), [*source, *range(position, len(text))]


@dataclass(frozen=True)
class Prepend:
    """Puts a string before a text that is not empty.

    Example:
        >>> Prepend("▁").normalize("one"), Prepend("▁").normalize("")
        ('▁one', '')
    """

    prefix: str

    def normalize(self, text: str) -> str:
        return self.prefix + text if text else text

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        n_added = len(self.prefix) if text else 0
        return self.normalize(text), [*[0] * n_added, *range(len(text))]


@dataclass(frozen=True, init=False)
class NormalizerSequence:
    """One normalizer after the other.

    Example:
        >>> NormalizerSequence(Lowercase(), Replace("to", "2")).normalize("To be")
        '2 be'
    """

    parts: tuple[Normalizer, ...]

    def __init__(self, *parts: Normalizer) -> None:
        object.__setattr__(self, "parts", parts)

    def normalize(self, text: str) -> str:
        for part in self.parts:
            text = part.normalize(text)
        return text

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        source = list(range(len(text)))
        for part in self.parts:
            text, step = part.normalize_aligned(text)
            source = [source[i] for i in step]
        return text, source
