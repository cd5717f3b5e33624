"""How a tokenizer rewrites text before it cuts it, and where each character came from.

A normalizer belongs to a tokenizer and makes it lossy. To compare tokenizers fairly, normalise the
corpus instead (`open_corpus(..., normalize=...)`), so that all of them see the same text.
"""

from __future__ import annotations

from typing import Protocol

from toktools.unicode_tables import LOWERCASE_AFTER_UNICODE_14


class Normalizer(Protocol):
    """Rewrites text, and can say which source character each resulting character came from."""

    def normalize(self, text: str) -> str:
        """Return the rewritten text."""
        ...

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        """Return the rewritten text and, for each of its characters, its index in `text`."""
        ...


class Lowercase:
    """Lowercases each code point by itself (Unicode 17), as the Hugging Face normalizer does.

    `str.lower` looks at context too: it turns a Greek sigma at the end of a word into "ς".

    Example:
        >>> Lowercase().normalize("ΟΔΟΣ"), "ΟΔΟΣ".lower()
        ('οδοσ', 'οδος')
    """

    def normalize(self, text: str) -> str:
        if "Σ" in text:
            return "".join(map(_lower, text))
        return text.lower().translate(LOWERCASE_AFTER_UNICODE_14)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        lowered = [_lower(character) for character in text]
        source = [i for i, characters in enumerate(lowered) for _ in characters]
        return "".join(lowered), source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lowercase)

    def __hash__(self) -> int:
        return hash(Lowercase)


def _lower(character: str) -> str:
    return character.lower().translate(LOWERCASE_AFTER_UNICODE_14)
