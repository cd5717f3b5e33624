"""Texts for the compiled loops: whether there are enough, and many in one piece of UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from toktools.compiled.worth import Least
from toktools.contract.encoding import check_text

if TYPE_CHECKING:
    from toktools.normalizers import Normalizer

LEAST, LEAST_AGAIN = Least(loaded=50_000, kept=200_000, new=2_000_000), 1_000
"""How many characters must have been given to a tokenizer, in all, for the loops to make their
tables for it; and how many there must be in a call for them to encode it."""
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


def enough(
    documents: Iterable[str], is_enough: Callable[[int], bool]
) -> tuple[bool, Iterable[str]]:
    """Return whether documents are worth the loops, and the same documents.

    Args: is_enough: whether so many characters more are; asked when their number has doubled.
    """
    reading, seen = iter(documents), list[str]()
    n_characters, asked = 0, LEAST_AGAIN
    for document in reading:
        seen.append(document)
        n_characters += len(document) if isinstance(document, str) else 0
        if n_characters >= asked:
            if is_enough(n_characters):
                return True, chain(seen, reading)
            asked = 2 * n_characters
    return is_enough(n_characters), seen
