"""What symbols spell, as hashes: of a string, of two strings joined, and sets of them.

A hash is the string's characters as the digits of a number, modulo 2^64, so that the hash of a
joined string follows from those of its parts. That a hash is met again is only a hint that its
string is: `toktools.kernels.training` then looks at the string itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel

FULL, CONTENT, POWER = 0, 1, 2
"""Columns of `hashes`: of the whole string, of what it adds when joined, and base^length."""

BASE = 0x9E3779B97F4A7C15 | 1
_WORD = (1 << 64) - 1
_BASE, _MULTIPLIER = np.uint64(BASE), np.uint64(0x9E3779B97F4A7C15)
_20, _1 = np.uint64(20), np.uint64(1)


@inlined
def joined_hash(hashes, left, right):
    """Return the hash of what two symbols spell when they are joined."""
    return hashes[left, FULL] * hashes[right, POWER] + hashes[right, CONTENT]


@kernel
def spell(left, right, made, hashes):
    """Give a new symbol its hashes."""
    hashes[made, FULL] = joined_hash(hashes, left, right)
    hashes[made, CONTENT] = hashes[left, CONTENT] * hashes[right, POWER] + hashes[right, CONTENT]
    hashes[made, POWER] = hashes[left, POWER] * hashes[right, POWER]


@kernel
def is_known(known, hash):
    """Whether a hash is in a set. known: uint64, a power of two, 0 where empty."""
    mask = np.uint64(len(known) - 1)
    i = (hash * _MULTIPLIER >> _20) & mask
    while known[i]:
        if known[i] == hash:
            return True
        i = (i + _1) & mask
    return False


@kernel
def add_known(known, hash):
    """Put a hash in a set."""
    mask = np.uint64(len(known) - 1)
    i = (hash * _MULTIPLIER >> _20) & mask
    while known[i] and known[i] != hash:
        i = (i + _1) & mask
    known[i] = hash


def polynomial(string: str, before: int = 0) -> int:
    """Return the hash of a string; with `before`, the hash of one that it is added to.

    Example:
        >>> polynomial("to be") == polynomial(" be", polynomial("to"))
        True
    """
    hash = before
    for character in string:
        hash = (hash * BASE + ord(character) + 1) & _WORD
    return hash


@kernel
def _hash_all(points, ends, n_skipped, hashes):
    start = 0
    for i in range(len(ends)):
        full, content, power = np.uint64(0), np.uint64(0), _1
        for j in range(start, ends[i]):
            digit = np.uint64(points[j]) + _1
            full = full * _BASE + digit
            if j - start >= n_skipped[i]:
                content = content * _BASE + digit
                power *= _BASE
        hashes[i, FULL], hashes[i, CONTENT], hashes[i, POWER] = full, content, power
        start = ends[i]


def hashes_of(strings: Sequence[str], prefix: str) -> NDArray[np.uint64]:
    """Return the three columns of strings, (n, 3); what one adds when joined is without the prefix.

    Example:
        >>> full, content, power = hashes_of(["a", "##bc"], "##")[1].tolist()
        >>> full == polynomial("##bc"), content == polynomial("bc"), power == BASE**2 % 2**64
        (True, True, True)
    """
    points = np.frombuffer("".join(strings).encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = np.cumsum([len(string) for string in strings], dtype=np.int64)
    n_skipped = np.array([string.startswith(prefix) for string in strings]) * np.int64(len(prefix))
    hashes = np.empty((len(strings), 3), np.uint64)
    _hash_all(points, ends, n_skipped, hashes)
    return hashes


@kernel
def add_all(known, hashes):
    """Put hashes in a set."""
    for i in range(len(hashes)):
        add_known(known, hashes[i])


def set_of(hashes: Collection[int]) -> NDArray[np.uint64]:
    """Return a set of hashes for `is_known`.

    Example:
        >>> known = set_of([polynomial("to"), polynomial("be")])
        >>> is_known(known, np.uint64(polynomial("be"))), is_known(known, np.uint64(7))
        (True, False)
    """
    known = np.zeros(1 << (2 * len(hashes)).bit_length(), np.uint64)
    add_all(known, np.fromiter(hashes, np.uint64, len(hashes)))
    return known
