"""Rewriting at the edges of a text and by rule: strip, a prefix, patterns, bytes in letters.

Adds to `basic.py` what files of other programs ask for besides; each rewrites as the Hugging Face
library does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from toktools.normalizers.basic import each_character
from toktools.unicode.byte_alphabet import spell

_SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""The property White_Space, character by character."""


@dataclass(frozen=True)
class Strip:
    """Removes white space from the ends of a text.

    Example:
        >>> Strip(right=False).normalize(" a ")
        'a '
    """

    left: bool = True
    right: bool = True

    def normalize(self, text: str) -> str:
        start, end = self._span(text)
        return text[start:end]

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        start, end = self._span(text)
        return text[start:end], list(range(start, end))

    def _span(self, text: str) -> tuple[int, int]:
        end = len(text.rstrip(_SPACES) if self.right else text)
        start = len(text) - len(text.lstrip(_SPACES)) if self.left else 0
        return min(start, end), end


@dataclass(frozen=True)
class EnsurePrefix:
    """Puts a string before a text that neither is empty nor begins with it.

    Example:
        >>> [EnsurePrefix(" ").normalize(text) for text in ("one", " one", "")]
        [' one', ' one', '']
    """

    prefix: str

    def normalize(self, text: str) -> str:
        return self.prefix + text if text and not text.startswith(self.prefix) else text

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        rewritten = self.normalize(text)
        return rewritten, [*[0] * (len(rewritten) - len(text)), *range(len(text))]


@dataclass(frozen=True)
class RegexReplace:
    """Replaces every match of a regular expression by a string; needs the `regex` package.

    Raises: ToktoolsError if the package is missing or the pattern is none.
    Example:
        >>> RegexReplace(" {2,}", " ").normalize("one    two")
        'one two'
    """

    pattern: str
    new: str
    _finditer: Callable[[str], Iterable[Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from toktools.pretokenizers.custom import compile_pattern

        object.__setattr__(self, "_finditer", compile_pattern(self.pattern))

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return RegexReplace, (self.pattern, self.new)

    def normalize(self, text: str) -> str:
        return self.normalize_aligned(text)[0]

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        parts: list[str] = []
        source: list[int] = []
        position = 0
        for match in self._finditer(text):
            start, end = match.span()
            parts += text[position:start], self.new
            source += [*range(position, start), *[end - 1] * len(self.new)]
            position = end
        source += range(position, len(text))
        return "".join([*parts, text[position:]]), source


@dataclass(frozen=True)
class NmtCleanup:
    """Drops control characters, and makes spaces of some others.

    Source: the `Nmt` normalizer of the Hugging Face library, after SentencePiece's nmt_nfkc rule.
    Example:
        >>> NmtCleanup().normalize("a\\x07b\\tc")
        'ab c'
    """

    def normalize(self, text: str) -> str:
        return text.translate(_NMT)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        return each_character(text, self.normalize)


_NMT: dict[int, str | None] = {
    **dict.fromkeys([*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F], None),
    **dict.fromkeys([0x09, 0x0A, 0x0C, 0x0D, 0x1680, *range(0x200B, 0x2010)], " "),
    **dict.fromkeys([0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD], " "),
}


@dataclass(frozen=True)
class SpellBytes:
    """Writes the bytes of a text in GPT-2's printable alphabet.

    Example:
        >>> SpellBytes().normalize("é\\n")
        'Ã©Ċ'
    """

    def normalize(self, text: str) -> str:
        return spell(text.encode())

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        return each_character(text, self.normalize)
