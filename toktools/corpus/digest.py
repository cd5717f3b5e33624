"""One number for what a corpus holds, whatever the order of its documents.

Each document becomes a number of 128 bits, and these are added up: as two halves, each modulo 2^64.
Unlike an exclusive or, a sum also notices a document that comes twice. So neither the order of the
documents counts, nor how they were read: in pieces, by several threads, from several files.

A document's UTF-8 bytes are read as words of 15, the last one shorter, and the words, with the
number of bytes behind them, as the coefficients of a polynomial modulo 2^127 - 1 (a prime), taken
at a fixed point. The two halves of its value are then scrambled, or a sum would be blind to text
that moves from one document to another.

It tells corpora apart that differ by accident: for two given ones, the chance to be taken for each
other is about 2^-120. It is no protection against somebody who builds a corpus to deceive it. The
definition has a number, `VERSION`, with which every digest begins.

The compiled twin is `toktools.kernels.digesting`.

Source: Carter and Wegman 1979, "Universal classes of hash functions" (a polynomial modulo a prime);
Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators" (the scrambling).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from toktools.errors import ToktoolsError

VERSION = 2
"""1 was the sum of the documents' SHA-256, modulo 2^256, without a number in front."""

WORD_BYTES = 15
PRIME = (1 << 127) - 1
POINT = 0x5DEECE66D1B54A35
"""Where the polynomial is taken; below 2^63, which the compiled twin relies on."""
_HALF = (1 << 64) - 1


class Halves(NamedTuple):
    """A document's number, or the sum of several: its lower and its higher 64 bits."""

    low: int
    high: int


class CorpusDigest:
    """A fingerprint of documents that does not depend on their order.

    Example:
        >>> CorpusDigest().add("a").add("b").hex() == CorpusDigest().add("b").add("a").hex()
        True
        >>> CorpusDigest().add("a").hex()
        '2:347448fb1e69f96268bee2f06392736b'
    """

    def __init__(self, so_far: str = "") -> None:
        """Start from nothing, or from the `hex()` of an earlier digest."""
        both = int(so_far.partition(":")[2] or "0", 16)
        self._low, self._high = both & _HALF, both >> 64

    def add(self, document: str, times: int = 1) -> CorpusDigest:
        """Take one document into the sum, `times` over; ToktoolsError at a lone surrogate."""
        try:
            data = document.encode()
        except UnicodeEncodeError as e:
            raise ToktoolsError(
                f"a document must be encodable as UTF-8, got a lone surrogate at index {e.start}; "
                "open the text with open_corpus(..., errors='replace')"
            ) from e
        return self.add_sum(number_of(data), times)

    def add_sum(self, halves: tuple[int, int], times: int = 1) -> CorpusDigest:
        """Take the number of a document, or the sum of several, into the sum, `times` over."""
        self._low = self._low + times * halves[0] & _HALF
        self._high = self._high + times * halves[1] & _HALF
        return self

    def hex(self) -> str:
        """Return the digest so far: the version, a colon, 32 hexadecimal digits."""
        return f"{VERSION}:{self._high:016x}{self._low:016x}"


def number_of(data: bytes) -> Halves:
    """Return the number of a document, given as UTF-8.

    Example:
        >>> number_of(b"a") == number_of(b"a\\0")
        False
    """
    value = 0
    for start in range(0, len(data), WORD_BYTES):
        word = int.from_bytes(data[start : start + WORD_BYTES], "little")
        value = (value * POINT + word) % PRIME
    value = (value * POINT + len(data)) % PRIME
    low = _scrambled(_scrambled(value >> 64) + value & _HALF)
    return Halves(low, _scrambled((value >> 64) + low & _HALF))


def _scrambled(x: int) -> int:
    """Return a 64-bit number from which x can be told, but whose bits all depend on all of x's."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _HALF
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _HALF
    return x ^ x >> 31


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
