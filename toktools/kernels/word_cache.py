"""Words (or pieces) met before and their ids.

A word of at most 15 bytes, as nearly all are, is its own key, and is found without a branch that
depends on which word it is: the length is part of the key, the two places where a word may stand
are told apart by arithmetic, and a word may have no ids, as a line feed has none. In text every
guess that fails costs as much as a word. Longer words stand in a table of their own: see
`long_cache.py`.

Words are looked up a block at a time: first their rows are asked for, all of a block, and then they
are read, which have come from memory by then. Each of the two loops is short enough for its
variables to stay in registers.

What comes takes the place of what was there. When there is no more room for ids, the words are
forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.long_cache import LONG, ask_for_long, first_table, long_hash, with_room
from toktools.kernels.memory import zeros
from toktools.kernels.vectors import (
    copy_pair,
    load_word,
    lowest_bit,
    prefetch,
    same_pair,
    stays_apart,
)

SHORT = 15  # bytes
BLOCK = 128  # words; their rows fill a quarter of a core's first cache
_INLINE = 3  # ids in a word's own row
_FIRST = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(SHORT + 1)], np.uint64)
_SECOND = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(SHORT + 1)], np.uint64)
_LENGTH_AT, _HALF, _BYTE = (np.uint64(n) for n in (56, 32, 0xFF))
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_0, _1, _2, _3, _4 = (np.uint64(n) for n in range(5))
_TO_OTHER = np.uint64(2)  # what _1 is shifted by, to go from one row to the one beside
_LINE_FEED = np.uint64(ord("\n"))
_NO_KEY = ~_0


class WordCache(NamedTuple):
    """The tables; one set for each thread.

    short: uint64 (4 n,), n a power of two: rows of four: the bytes of a word (two; in the last
        byte, their number); the first two ids, or where in `ids` all of them stand; the third, and
        how many there are.
    ids: uint32; used: int64 (2,): how much of `ids` is taken.
    asked: uint64 (4 BLOCK,): rows of four, one for each word of a block: its key, two words, and
        where in `short` its row begins. Of a long word its hash, and a key that no word has.
    long, long_ids, bytes, long_used: of the long words; see `long_cache.py`.
    """

    short: NDArray[np.uint64]
    ids: NDArray[np.uint32]
    used: NDArray[np.int64]
    asked: NDArray[np.uint64]
    long: NDArray[np.uint64]
    long_ids: NDArray[np.uint32]
    bytes: NDArray[np.uint8]
    long_used: NDArray[np.int64]


def word_cache(short_bits: int = 17, long_bits: int = 14) -> WordCache:
    """Return an empty cache; with `grown`, 6 MB by default."""
    n = 4 << short_bits
    words = zeros(n + 8, np.uint64)
    first = -words.ctypes.data % 64 // 8  # two rows side by side share a line of memory
    return WordCache(
        words[first : first + n],
        zeros(2 << short_bits, np.uint32),
        np.zeros(2, np.int64),
        np.empty(4 * BLOCK, np.uint64),
        first_table(long_bits),
        zeros(max(4 << long_bits, LONG), np.uint32),
        zeros(max(32 << long_bits, LONG) + 8, np.uint8),
        np.zeros(3, np.int64),
    )


def grown(cache: WordCache, long_bits: int) -> WordCache:
    """Return the cache with room for more long words, up to 2^long_bits of them."""
    long = with_room(cache.long, cache.long_used, long_bits)
    return cache if long is cache.long else cache._replace(long=long)


@inlined
def _word_key(text, start, length):
    """Return the two words of the key; 16 bytes from `start` are read. length: uint64, <= SHORT."""
    second = load_word(text, start + 8) & _SECOND[length]
    return load_word(text, start) & _FIRST[length], second | length << _LENGTH_AT


@inlined
def _shift(n):
    """Return how far a hash is moved to point to one of n words, a power of two."""
    return np.uint64(64 - lowest_bit(np.uint64(n)))


@inlined
def _row(first, second, shift):
    """Return where the row of a key begins."""
    return (first * _MIX_1 ^ second * _MIX_2) >> shift & ~_3


@kernel
def ask_for_words(text, starts, ends, i, stop, short, long, asked):
    """Ask for the rows where the words from i up to `stop` may be kept, without waiting for them.

    Args: text: uint8, with 16 bytes behind the last word; starts, ends: int64, of each word; i,
          stop: uint64, at most BLOCK apart. The rest: of a `WordCache`.
    """
    stays_apart()
    shift, at = _shift(len(short)), _0
    for word in range(i, stop):
        start = np.uint64(starts[word])
        length = np.uint64(ends[word]) - start
        if length <= np.uint64(SHORT):
            first, second = _word_key(text, start, length)
            row = _row(first, second, shift)
            prefetch(short, row)
            asked[at], asked[at + _1], asked[at + _2] = first, second, row
        else:
            asked[at + _1], asked[at + _2] = _NO_KEY, _0
            if length <= np.uint64(LONG):
                asked[at] = long_hash(text, np.int64(start), np.int64(length))
                ask_for_long(long, asked[at])
        at += _4


@inlined
def recall_words(asked, at, end, lines, line_ends, short, ids, out, count, n_lines):
    """Write the ids of words that were asked for, up to the first that is not there.

    Args:
        at, end: where in `asked` the first of them stands, and the end of the last: uint64.
        lines: whether a line feed ends a text; then it is kept with no ids. line_ends: int64: how
            many ids there were at each, with room for one more. count, n_lines: uint64: how many
            ids and lines there are.
        short, ids: of a `WordCache`. out: uint32, with room for 4 ids more than are written.
    Returns: at, count, n_lines as they are then; `at` is where the word is that is not there.
    """
    while at < end:
        row = asked[at + _2]
        row ^= np.uint64(not same_pair(short, row, asked, at)) << _TO_OTHER
        if not same_pair(short, row, asked, at):
            break
        if lines:  # a branch for each line end would be guessed wrong as often
            line_ends[n_lines] = count
            n_lines += np.uint64(asked[at] & _BYTE == _LINE_FEED)
        n = short[row + _3] >> _HALF
        if n <= np.uint64(_INLINE):
            copy_pair(out, count, short, row + _2)
        else:
            head = short[row + _2]
            for j in range(n):
                out[count + j] = ids[head + j]
        count += n
        at += _4
    return at, count, n_lines


@inlined
def has_room(short, row):
    """Whether a row or the one beside is empty, so that none had to give place to another."""
    return short[row + _1] == _0 or short[(row ^ _4) + _1] == _0


@kernel
def keep_word(short, ids, used, first, second, symbols, n):
    """Put a word and its ids `symbols[:n]` in its row; what was there moves to the one beside.

    Args: first, second: the key, as in `asked`.
    """
    if used[0] + n > len(ids):
        short[:] = 0  # no word has length 0
        used[0] = 0
    row = _row(first, second, _shift(len(short)))
    if short[row + _1]:  # else what stands beside would be lost for nothing
        for j in range(_4):
            short[(row ^ _4) + j] = short[row + j]
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
    short[row], short[row + _1], short[row + _2], short[row + _3] = first, second, head, tail


def crowded_words(
    data: NDArray[np.uint8], sizes: NDArray[np.int64], n_rows: int
) -> NDArray[np.bool_]:
    """Return which of these words `keep_words` may have to leave out, in a cache of n rows.

    More than two of them would stand in two rows side by side.
    """
    words = data.view(np.uint64).reshape(-1, 2)
    second = words[:, 1] | sizes.astype(np.uint64) << _LENGTH_AT
    shift = np.uint64(64 - (4 * n_rows - 1).bit_length())
    sides = (_row.function(words[:, 0], second, shift) // (2 * _4)).astype(np.int64)
    return np.bincount(sides, minlength=1)[sides] > 2


@kernel
def keep_words(data, sizes, tokens, short, ids, used, symbols):
    """Put words that are one token each in an empty cache, none in the place of another.

    Where one of two rows side by side is left empty, no word had to be left out.

    Args: data: uint8, the short words, 16 bytes each; sizes: int64; tokens: int32, their
            ids, -1 for a word without.
    """
    shift = _shift(len(short))
    for i in range(len(sizes)):
        first, second = _word_key(data, np.uint64(16 * i), np.uint64(sizes[i]))
        if has_room(short, _row(first, second, shift)):
            symbols[0] = tokens[i]
            keep_word(short, ids, used, first, second, symbols, int(tokens[i] >= 0))
