"""One number for what a corpus holds, whatever the order of its documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from toktools.errors import ToktoolsError


def digest(documents: Iterable[str]) -> str:
    """Return a fingerprint of `documents` that does not depend on their order.

    It is the sum modulo 2**256 of the SHA-256 of each document's UTF-8 bytes: unlike an exclusive
    or, a sum also notices a document that comes twice.

    Args:    documents: a corpus, or any iterable of str; read once, not kept.
    Returns: 64 hexadecimal digits; of no documents, 64 zeros.
    Raises:  ToktoolsError at a lone surrogate, which has no UTF-8 bytes.
    Example:
        >>> digest(["a", "b"]) == digest(["b", "a"])
        True
    """
    total = 0
    for number, document in enumerate(documents, start=1):
        try:
            data = document.encode()
        except UnicodeEncodeError as e:
            raise ToktoolsError(
                f"document {number} must be encodable as UTF-8, got a lone surrogate at index "
                f"{e.start}; open the text with open_corpus(..., errors='replace')"
            ) from e
        total += int.from_bytes(hashlib.sha256(data).digest(), "big")
    return f"{total % (1 << 256):064x}"
