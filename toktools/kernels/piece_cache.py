"""Pieces met before and their ids, so that a text's common pieces are merged once.

A piece of at most 16 bytes is its own key: two words. Nearly all pieces are. Longer ones are found
by a hash, and compared byte by byte with the copy that was kept. Both tables are of fixed size:
what comes takes the place of what was there, and when the room for ids or bytes is full, the cache
begins anew.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import load_word

SHORT = 16  # bytes
LONG = 512  # bytes; longer pieces are merged every time
_INLINE = 3  # ids in a short piece's own entry
_ID = np.uint64(0xFFFFFFFF)
_FIRST = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(SHORT + 1)], dtype=np.uint64)
_SECOND = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(SHORT + 1)], dtype=np.uint64)
_BELOW = np.array([(1 << 8 * n) - 1 for n in range(8)], dtype=np.uint64)
_LENGTH_AT, _COUNT_AT, _HALF = np.uint64(56), np.uint64(48), np.uint64(32)
_COUNT = np.uint64(0xFF)
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_29, _1, _0 = np.uint64(29), np.uint64(1), np.uint64(0)


class PieceCache(NamedTuple):
    """The tables; one set for each thread.

    short: uint64 (n, 4), n a power of two: the bytes (two words); the length, the number of ids
        and the first id; the second and third, or where in `ids` all of them stand.
    long: uint64 (m, 4), m a power of two: the hash; length and place in `bytes`; number and place
        in `ids`; unused.
    ids: uint32; bytes: uint8: what the entries point to; room for one piece at least.
    used: int64 (2,): how much of `ids` and of `bytes` is taken.
    """

    short: NDArray[np.uint64]
    long: NDArray[np.uint64]
    ids: NDArray[np.uint32]
    bytes: NDArray[np.uint8]
    used: NDArray[np.int64]


def piece_cache(short_bits: int = 17, long_bits: int = 13) -> PieceCache:
    """Return an empty cache; 6 MB by default."""
    return PieceCache(
        np.zeros((1 << short_bits, 4), np.uint64),
        np.zeros((1 << long_bits, 4), np.uint64),
        np.empty(max(1 << short_bits + 1, LONG), np.uint32),
        np.empty(max(1 << long_bits + 6, LONG) + 8, np.uint8),
        np.zeros(2, np.int64),
    )


@kernel
def short_key(text, start, length):
    """Return the two words of a piece of at most SHORT bytes; 16 bytes from `start` are read."""
    return load_word(text, start) & _FIRST[length], load_word(text, start + 8) & _SECOND[length]


@kernel
def short_slot(short, first, second):
    """Return where in `short` the piece with these two words belongs."""
    mixed = (first ^ second * _MIX_2 ^ first >> _29) * _MIX_1
    return (mixed >> _HALF) & np.uint64(len(short) - 1)


@kernel
def recall_short(short, ids, slot, first, second, length, out, count):
    """Write a piece's ids at `out[count]`, which has room for 3 more; return how many, 0 if none.

    What it writes after the last of its ids is of no meaning.
    """
    for _ in range(2):
        head = short[slot, 2]
        if (
            short[slot, 0] == first
            and short[slot, 1] == second
            and head >> _LENGTH_AT == np.uint64(length)
        ):
            n = np.int64(head >> _COUNT_AT & _COUNT)
            tail = short[slot, 3]
            if n <= _INLINE:
                out[count] = np.uint32(head & _ID)
                out[count + 1] = np.uint32(tail & _ID)
                out[count + 2] = np.uint32(tail >> _HALF)
            else:
                for j in range(n):
                    out[count + j] = ids[np.int64(tail) + j]
            return n
        slot ^= _1
    return 0


@kernel
def keep_short(short, long, ids, used, slot, first, second, length, symbols, n):
    """Put a piece and its ids `symbols[:n]` in its slot; what was there moves to the one beside."""
    if used[0] + n > len(ids):
        _forget(short, long, used)
    for j in range(4):
        short[slot ^ _1, j] = short[slot, j]
    tail = _0
    if n > _INLINE:
        tail = np.uint64(_keep_ids(ids, used, symbols, n))
    elif n > 1:
        tail = np.uint64(symbols[1]) | (np.uint64(symbols[2]) << _HALF if n > 2 else _0)
    short[slot, 0] = first
    short[slot, 1] = second
    short[slot, 2] = (
        np.uint64(length) << _LENGTH_AT | np.uint64(n) << _COUNT_AT | np.uint64(symbols[0])
    )
    short[slot, 3] = tail


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


@kernel
def recall_long(long, ids, kept, mixed, text, start, length, out, count):
    """Write a long piece's ids at `out[count]`; return how many, 0 if it is not kept.

    Up to 7 bytes after the piece are read, in `text` and in `kept`.
    """
    slot = mixed >> _HALF & np.uint64(len(long) - 1)
    where = long[slot, 1]
    if long[slot, 0] != mixed or where >> _HALF != np.uint64(length):
        return 0
    place = np.int64(where & _ID)
    for i in range(0, length, 8):
        differ = load_word(kept, place + i) ^ load_word(text, start + i)
        if length - i < 8:
            differ &= _BELOW[length - i]
        if differ:
            return 0
    n = np.int64(long[slot, 2] >> _HALF)
    place = np.int64(long[slot, 2] & _ID)
    for j in range(n):
        out[count + j] = ids[place + j]
    return n


@kernel
def keep_long(short, long, ids, kept, used, mixed, text, start, length, symbols, n):
    """Put a long piece and its ids `symbols[:n]` in the place of what has its slot."""
    if used[0] + n > len(ids) or used[1] + length + 8 > len(kept):
        _forget(short, long, used)
    slot = mixed >> _HALF & np.uint64(len(long) - 1)
    place = used[1]
    for i in range(length):
        kept[place + i] = text[start + i]
    used[1] += length
    long[slot, 0] = mixed
    long[slot, 1] = np.uint64(length) << _HALF | np.uint64(place)
    long[slot, 2] = np.uint64(n) << _HALF | np.uint64(_keep_ids(ids, used, symbols, n))


@kernel
def _keep_ids(ids, used, symbols, n):
    """Copy ids to where there is room; return where that is."""
    place = used[0]
    for j in range(n):
        ids[place + j] = symbols[j]
    used[0] += n
    return place


@kernel
def _forget(short, long, used):
    """Empty the cache: no piece has length 0."""
    short[:, 2] = 0
    long[:, 1] = 0
    used[:] = 0
