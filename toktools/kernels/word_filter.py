"""Which long words may be in a vocabulary: one bit each by their hash, so that most others need not
be looked up. A word whose bit is not set is in none.

Source: Bloom 1970, "Space/time trade-offs in hash coding with allowable errors", with one hash.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.long_cache import long_hash

_1, _6, _63 = np.uint64(1), np.uint64(6), np.uint64(63)
_READ_BEHIND = 8  # bytes, by `long_hash`


@inlined
def _bit(bits, mixed):
    """Return where the bit of a hash is: which number of `bits`, and a mask in it."""
    place = mixed & np.uint64(64 * len(bits) - 1)
    return np.int64(place >> _6), _1 << (place & _63)


@inlined
def may_be(bits, mixed):
    """Whether the word with this hash may be one of those."""
    i, mask = _bit(bits, mixed)
    return bits[i] & mask != np.uint64(0)


@kernel
def _note(data, starts, bits):
    for word in range(len(starts) - 1):
        i, mask = _bit(bits, long_hash(data, starts[word], starts[word + 1] - starts[word]))
        bits[i] |= mask


def word_filter(words: Sequence[bytes]) -> NDArray[np.uint64]:
    """Return the bits of these words, uint64 (n,), n a power of two."""
    bits = np.zeros(1 << len(words).bit_length(), np.uint64)  # 64 bits and more for each
    data = np.frombuffer(b"".join(words) + bytes(_READ_BEHIND), np.uint8)
    starts = np.cumsum([0, *map(len, words)], dtype=np.int64)
    _note(data, starts, bits)
    return bits
