"""Texts for the compiled loops: whether there are enough, and many in one piece of UTF-8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from toktools.contract.encoding import check_text

if TYPE_CHECKING:
    from toktools.normalizers import Normalizer

LEAST = 2_000_000  # characters
"""From here on the loops are worth a second to load them, and some ten on the first use of all."""
_BATCH = 1 << 21  # characters


def batches(documents: Iterable[str]) -> Iterator[tuple[bytes, bool]]:
    """Yield documents as UTF-8: many at a time with a line feed behind each, and whether it is so.

    A document with a line feed in it comes alone.

    Raises: as `check_text`.
    Example:
        >>> list(batches(["a", "b", "c\\nd", "e"]))
        [(b'a\\nb\\n', True), (b'c\\nd', False), (b'e\\n', True)]
    """
    waiting: list[str] = []
    n_characters = 0
    for document in documents:
        alone = "\n" in checked(document)
        if waiting and (alone or n_characters > _BATCH):
            yield ("\n".join(waiting) + "\n").encode(), True
            waiting, n_characters = [], 0
        if alone:
            yield document.encode(), False
        else:
            waiting.append(document)
            n_characters += len(document) + 1
    if waiting:
        yield ("\n".join(waiting) + "\n").encode(), True


def rewritten(documents: Iterable[str], normalizer: Normalizer | None) -> Iterable[str]:
    """Yield documents as the normalizer rewrites them; nothing stays nothing.

    Raises: as `check_text`.
    """
    if normalizer is None:
        return documents
    return (checked(text) and normalizer.normalize(text) for text in documents)


def checked(document: str) -> str:
    """Return the document. Raises: as `check_text`."""
    if not isinstance(document, str) or not document.isascii():
        check_text(document)
    return document


def enough(documents: Iterable[str]) -> tuple[bool, Iterable[str]]:
    """Return whether documents are worth the loops, and the same documents."""
    reading, seen = iter(documents), list[str]()
    n_characters = 0
    for document in reading:
        seen.append(document)
        n_characters += len(document) if isinstance(document, str) else 0
        if n_characters >= LEAST:
            return True, chain(seen, reading)
    return False, seen
