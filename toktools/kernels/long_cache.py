"""Long pieces and words met before, and their ids: found by a hash, then compared.

What comes takes the place of what was there; when the room for ids or bytes is full, the cache
begins anew. Its table is small at first, for most texts have few long pieces, and memory that is
touched here and there is filled with zeros by whole pages. `word_cache.py` holds the short ones
beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.vectors import load_word, prefetch

LONG = 512  # bytes; longer pieces are looked at every time
IDS, BYTES, ROWS = range(3)
"""What stands where in `used`: how much of `ids`, of `kept` and of the table is taken."""

_FIRST_BITS, _SHARE = 12, 4
_BELOW = np.array([(1 << 8 * n) - 1 for n in range(8)], dtype=np.uint64)
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_ID, _HALF, _29 = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(29)


@kernel
def long_hash(text, start, length):
    """Return the hash of a piece; up to 7 bytes after it are read."""
    mixed = np.uint64(length)
    for i in range(0, length, 8):
        word = load_word(text, start + i)
        if length - i < 8:
            word &= _BELOW[length - i]
        mixed = (mixed ^ word) * _MIX_1
        mixed ^= mixed >> _29
    return mixed * _MIX_2


@inlined
def same_bytes(kept, place, text, start, length):
    """Whether a piece is the one that was kept at `place`; up to 7 bytes after both are read."""
    for i in range(0, length, 8):
        differ = load_word(kept, place + i) ^ load_word(text, start + i)
        if length - i < 8:
            differ &= _BELOW[length - i]
        if differ:
            return False
    return True


@inlined
def ask_for_long(long, mixed):
    """Ask for the row where the piece of a hash may stand, without waiting for it."""
    prefetch(long, (mixed >> _HALF & np.uint64(len(long) - 1)) * np.uint64(long.shape[1]))


@kernel
def recall_long(long, ids, kept, mixed, text, start, length, out, count):
    """Write a long piece's ids at `out[count]`; return how many, 0 if it is not kept.

    Up to 7 bytes after the piece are read, in `text` and in `kept`.
    """
    slot = mixed >> _HALF & np.uint64(len(long) - 1)
    where = long[slot, 1]
    if long[slot, 0] != mixed or where >> _HALF != np.uint64(length):
        return 0
    if not same_bytes(kept, np.int64(where & _ID), text, start, length):
        return 0
    n = np.int64(long[slot, 2] >> _HALF)
    place = np.int64(long[slot, 2] & _ID)
    for j in range(n):
        out[count + j] = ids[place + j]
    return n


@kernel
def keep_long(long, ids, kept, used, mixed, text, start, length, symbols, n):
    """Put a long piece and its ids `symbols[:n]` in the place of what has its slot.

    Args: as in a `WordCache`: long: uint64 (m, 4), m a power of two: the hash; length and place in
          `kept`; number and place in `ids`; unused. used: int64 (3,).
    """
    if used[IDS] + n > len(ids) or used[BYTES] + length + 8 > len(kept):
        long[:, 1] = 0  # no piece has length 0
        used[:] = 0
    slot = mixed >> _HALF & np.uint64(len(long) - 1)
    place, first = used[BYTES], used[IDS]
    for i in range(length):
        kept[place + i] = text[start + i]
    for j in range(n):
        ids[first + j] = symbols[j]
    used[IDS] += n
    used[BYTES] += length
    used[ROWS] += long[slot, 1] == 0
    long[slot, 0] = mixed
    long[slot, 1] = np.uint64(length) << _HALF | np.uint64(place)
    long[slot, 2] = np.uint64(n) << _HALF | np.uint64(first)


def first_table(bits: int) -> NDArray[np.uint64]:
    """Return an empty table that may grow to 2^bits rows."""
    return np.zeros((1 << min(bits, _FIRST_BITS), 4), np.uint64)


def with_room(long: NDArray[np.uint64], used: NDArray[np.int64], bits: int) -> NDArray[np.uint64]:
    """Return the table, or, where much of it is taken, one with more rows and the same pieces.

    Args: bits: it gets no more than 2^bits rows.
    """
    if _SHARE * used[ROWS] < len(long) or len(long) >= 1 << bits:
        return long
    taken = long[long[:, 1] != 0]
    larger = np.zeros((min(_SHARE * len(long), 1 << bits), 4), np.uint64)
    larger[taken[:, 0] >> _HALF & np.uint64(len(larger) - 1)] = taken
    return larger
