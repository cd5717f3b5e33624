"""One number for what a corpus holds, whatever the order of its documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from toktools.errors import ToktoolsError


class CorpusDigest:
    """A fingerprint of documents that does not depend on their order.

    It is the sum modulo 2**256 of the SHA-256 of each document's UTF-8 bytes: unlike an exclusive
    or, a sum also notices a document that comes twice.

    Example:
        >>> CorpusDigest().add("a").add("b").hex() == CorpusDigest().add("b").add("a").hex()
        True
    """

    def __init__(self, so_far: str = "0") -> None:
        """Start from nothing, or from the `hex()` of an earlier digest."""
        self._sum = int(so_far, 16)

    def add(self, document: str, times: int = 1) -> CorpusDigest:
        """Take one document into the sum, `times` over; ToktoolsError at a lone surrogate."""
        try:
            data = document.encode()
        except UnicodeEncodeError as e:
            raise ToktoolsError(
                f"a document must be encodable as UTF-8, got a lone surrogate at index {e.start}; "
                "open the text with open_corpus(..., errors='replace')"
            ) from e
        self._sum += times * int.from_bytes(hashlib.sha256(data).digest(), "big")
        return self

    def hex(self) -> str:
        """Return the digest so far, as 64 hexadecimal digits; of no documents, 64 zeros."""
        return f"{self._sum % (1 << 256):064x}"


def digest(documents: Iterable[str]) -> str:
    """Return the `CorpusDigest` of all of `documents`, read once.

    Example:
        >>> digest(["a", "b"]) == digest(["b", "a"])
        True
    """
    total = CorpusDigest()
    for document in documents:
        total.add(document)
    return total.hex()
