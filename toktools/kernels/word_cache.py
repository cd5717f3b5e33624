"""Words (or pieces) met before and their ids.

A word of at most 15 bytes, as nearly all are, is its own key, and is found without a branch that
depends on which word it is: the length is part of the key, the two places where a word may stand
are told apart by arithmetic, and a word may have no ids, as a line feed has none. In text every
guess that fails costs as much as a word. Longer words stand in a table of their own: see
`long_cache.py`.

What comes takes the place of what was there. When there is no more room for ids, the words are
forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.long_cache import LONG, first_table, with_room
from toktools.kernels.vectors import load_word, prefetch, store_word

SHORT = 15  # bytes
_INLINE = 3  # ids in a word's own row
_FIRST = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(SHORT + 1)], np.uint64)
_SECOND = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(SHORT + 1)], np.uint64)
_LENGTH_AT, _HALF, _29, _LOW = (np.uint64(n) for n in (56, 32, 29, 0xFFFFFFFF))
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_0, _1, _2 = np.uint64(0), np.uint64(1), np.uint64(2)


class WordCache(NamedTuple):
    """The tables; one set for each thread.

    short: uint64 (n, 4), n a power of two: the bytes (two words; in the last byte, their number);
        the first two ids, or where in `ids` all of them stand; the third, and how many there are.
    ids: uint32; used: int64 (2,): how much of `ids` is taken.
    long, long_ids, bytes, long_used: of the long words; see `long_cache.py`.
    """

    short: NDArray[np.uint64]
    ids: NDArray[np.uint32]
    used: NDArray[np.int64]
    long: NDArray[np.uint64]
    long_ids: NDArray[np.uint32]
    bytes: NDArray[np.uint8]
    long_used: NDArray[np.int64]


def word_cache(short_bits: int = 17, long_bits: int = 14) -> WordCache:
    """Return an empty cache; with `grown`, 6 MB by default."""
    n = 4 << short_bits
    words = np.zeros(n + 8, np.uint64)
    first = -words.ctypes.data % 64 // 8  # two rows side by side share a line of memory
    return WordCache(
        words[first : first + n].reshape(-1, 4),
        np.empty(2 << short_bits, np.uint32),
        np.zeros(2, np.int64),
        first_table(long_bits),
        np.empty(max(4 << long_bits, LONG), np.uint32),
        np.empty(max(32 << long_bits, LONG) + 8, np.uint8),
        np.zeros(3, np.int64),
    )


def grown(cache: WordCache, long_bits: int) -> WordCache:
    """Return the cache with room for more long words, up to 2^long_bits of them."""
    long = with_room(cache.long, cache.long_used, long_bits)
    return cache if long is cache.long else cache._replace(long=long)


@inlined
def word_key(text, start, length):
    """Return the two words of the key; 16 bytes from `start` are read. length: uint64, <= SHORT."""
    second = load_word(text, start + 8) & _SECOND[length]
    return load_word(text, start) & _FIRST[length], second | length << _LENGTH_AT


@inlined
def _mixed(first, second):
    """Return 32 bits that depend on all of a key."""
    return (first ^ second * _MIX_2 ^ first >> _29) * _MIX_1 >> _HALF


@inlined
def ask_for_word(short, text, start, length):
    """Ask for the rows where a word may stand, without waiting for them. Arguments: as above."""
    first, second = word_key(text, start, length)
    prefetch(short, np.int32(_mixed(first, second) & np.uint64(len(short) - 1)))


@inlined
def word_row(short, first, second):
    """Return the row that holds a word if any does."""
    row = _mixed(first, second) & np.uint64(len(short) - 1)
    return row ^ np.uint64((short[row, _0] ^ first | short[row, _1] ^ second) != _0)


@inlined
def recall_word(short, ids, row, out, count):
    """Write the ids of a row at `out[count]`, where there is room for 3 more; return how many.

    What it writes after the last of its ids is of no meaning.
    """
    head, tail = short[row, _2], short[row, np.uint64(3)]
    n = tail >> _HALF
    if n <= np.uint64(_INLINE):
        store_word(out, count, head)
        out[count + _2] = np.uint32(tail & _LOW)
    else:
        for j in range(n):
            out[count + j] = ids[head + j]
    return n


@kernel
def keep_word(short, ids, used, first, second, symbols, n):
    """Put a word and its ids `symbols[:n]` in its row; what was there moves to the one beside."""
    if used[0] + n > len(ids):
        short[:, 1] = 0  # no word has length 0
        used[0] = 0
    row = np.int64(_mixed(first, second) & np.uint64(len(short) - 1))
    if short[row, 1]:  # else what stands beside would be lost for nothing
        for j in range(4):
            short[row ^ 1, j] = short[row, j]
    head, tail = _0, np.uint64(n) << _HALF
    if n > _INLINE:
        head = np.uint64(used[0])
        for j in range(n):
            ids[used[0] + j] = symbols[j]
        used[0] += n
    else:
        for j in range(min(n, 2)):
            head |= np.uint64(symbols[j]) << np.uint64(32 * j)
        if n == _INLINE:
            tail |= np.uint64(symbols[2])
    short[row, 0], short[row, 1], short[row, 2], short[row, 3] = first, second, head, tail


def crowded_words(
    data: NDArray[np.uint8], sizes: NDArray[np.int64], n_rows: int
) -> NDArray[np.bool_]:
    """Return which of these words `keep_words` may have to leave out, in a cache of n rows.

    More than two of them would stand in two rows side by side.
    """
    words = data.view(np.uint64).reshape(-1, 2)
    second = words[:, 1] | sizes.astype(np.uint64) << _LENGTH_AT
    rows = _mixed.function(words[:, 0], second) & np.uint64(n_rows - 1)
    sides = (rows >> _1).astype(np.int64)
    return np.bincount(sides, minlength=1)[sides] > 2


@kernel
def keep_words(data, sizes, tokens, short, ids, used, symbols):
    """Put words that are one token each in an empty cache, none in the place of another.

    Where one of two rows side by side is left empty, no word had to be left out.

    Args: data: uint8, the short words, 16 bytes each; sizes: int64; tokens: int32, their
            ids, -1 for a word without.
    """
    for i in range(len(sizes)):
        first, second = word_key(data, np.uint64(16 * i), np.uint64(sizes[i]))
        row = word_row(short, first, second)
        if short[row, 1] == _0 or short[row ^ _1, 1] == _0:
            symbols[0] = tokens[i]
            keep_word(short, ids, used, first, second, symbols, int(tokens[i] >= 0))
