"""What symbols spell, as hashes: of a string, of two strings joined, and sets of them.

A hash is the string's characters as the digits of a number, modulo 2^64, so that the hash of a
joined string follows from those of its parts. That a hash is met again is only a hint that its
string is: `toktools.kernels.training` then looks at the string itself.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel

FULL, CONTENT, POWER = 0, 1, 2
"""Columns of `hashes`: of the whole string, of what it adds when joined, and base^length."""

BASE = 0x9E3779B97F4A7C15 | 1
_WORD = (1 << 64) - 1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
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


def set_of(hashes: Collection[int]) -> NDArray[np.uint64]:
    """Return a set of hashes for `is_known`.

    Example:
        >>> known = set_of([polynomial("to"), polynomial("be")])
        >>> is_known(known, np.uint64(polynomial("be"))), is_known(known, np.uint64(7))
        (True, False)
    """
    known = np.zeros(1 << (2 * len(hashes)).bit_length(), np.uint64)
    for hash in hashes:
        add_known(known, np.uint64(hash))
    return known
