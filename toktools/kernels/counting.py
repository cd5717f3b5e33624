"""Counting the pieces of text: each distinct piece once, with how often it occurs.

A piece of at most 16 bytes is its own key: two words. Of a longer one the key is a hash, and its
bytes are compared with the copy that was kept. The rows stand in the order in which the pieces were
first met, which keeps the common ones side by side; an index of their numbers finds them.

The readable twin is `toktools.training.counting.count_pretokens`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.long_cache import long_hash, same_bytes
from toktools.kernels.vectors import load_word, prefetch, store_word

N_ROWS, N_BYTES, LINE = range(3)
"""What stands where in `state`: rows and bytes in use; the line that is being counted."""

FIRST, SECOND, LENGTH, COUNT = range(4)
"""Columns of `rows`. Of a piece longer than SHORT: its hash, and where in `kept` it begins."""

SHORT = 16  # bytes
_AHEAD = 8  # rows
_FIRST_BYTES = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(SHORT + 1)], np.uint64)
_SECOND_BYTES = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(SHORT + 1)], np.uint64)
_LINE_FEED = ord("\n")
_SHORT = np.uint64(SHORT)
_0, _1, _HALF = np.uint64(0), np.uint64(1), np.uint64(32)
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_29 = np.uint64(29)


@inlined
def short_key(text, start, length):
    """Return the two words of a piece of at most SHORT bytes; 16 bytes from `start` are read."""
    first = load_word(text, start) & _FIRST_BYTES[length]
    return first, load_word(text, start + 8) & _SECOND_BYTES[length]


@inlined
def _place(index, first, second):
    """Return where in `index` the search for a piece with this key begins."""
    mixed = (first ^ second * _MIX_2 ^ first >> _29) * _MIX_1
    return mixed >> _HALF & np.uint64(len(index) - 1)


@inlined
def _slot_of(index, rows, row):
    """Return where in `index` the search for the piece of a row begins."""
    is_short = rows[row, LENGTH] <= _SHORT
    return _place(index, rows[row, FIRST], rows[row, SECOND] if is_short else _0)


@kernel
def count_pieces(chunk, starts, lines, weights, index, rows, kept, state):
    """Count the pieces of a chunk.

    Args:
        chunk: uint8, 16 bytes longer at least than the pieces in it.
        starts: int64 (n + 1,): where each piece begins, dropped ones as ~start, and the end of the
            last one; see `cuts/blocks.py`.
        lines: whether each line is a text of its own; its line feed is a piece that is not counted.
        weights: int64: how often each line counts, or (1,) for all; below 2^62 in sum.
        index: int32 (m,), m a power of two and at least twice the rows in use and the pieces here:
            numbers of rows plus 1, 0 where empty.
        rows: uint64 (k, 4), room for the pieces. kept: uint8, room for the chunk and 7 bytes more.
        state: int64 (3,).
    """
    n_rows, n_bytes, line = state[N_ROWS], state[N_BYTES], state[LINE]
    mask = np.uint64(len(index) - 1)
    weighted = len(weights) > 1
    weight = np.uint64(weights[line if weighted else 0])
    for i in range(len(starts) - 1):
        start = starts[i]
        if start < 0:
            continue
        if lines and chunk[start] == _LINE_FEED:
            line += 1
            if weighted and line < len(weights):
                weight = np.uint64(weights[line])
            continue
        end = starts[i + 1]
        length = (end if end >= 0 else ~end) - start
        if length <= SHORT:
            first, second = short_key(chunk, start, length)
        else:
            first, second = long_hash(chunk, start, length), np.uint64(n_bytes)
        wide = np.uint64(length)
        slot = _place(index, first, second if length <= SHORT else _0)
        while True:
            row = np.int64(index[slot]) - 1
            if row < 0:
                index[slot] = n_rows + 1
                rows[n_rows, FIRST], rows[n_rows, SECOND] = first, second
                rows[n_rows, LENGTH], rows[n_rows, COUNT] = wide, weight
                n_rows += 1
                if length > SHORT:
                    for j in range(length):
                        kept[n_bytes + j] = chunk[start + j]
                    n_bytes += length
                break
            if rows[row, FIRST] == first and rows[row, LENGTH] == wide:
                if length <= SHORT:
                    same = rows[row, SECOND] == second
                else:
                    same = same_bytes(kept, np.int64(rows[row, SECOND]), chunk, start, length)
                if same:
                    rows[row, COUNT] += weight
                    break
            slot = (slot + _1) & mask
    state[N_ROWS], state[N_BYTES], state[LINE] = n_rows, n_bytes, line


@kernel
def index_rows(index, rows, n_rows):
    """Enter the first rows, all distinct, in an empty index."""
    mask = np.uint64(len(index) - 1)
    for row in range(n_rows):
        prefetch(index, _slot_of(index, rows, min(row + _AHEAD, n_rows - 1)))
        slot = _slot_of(index, rows, row)
        while index[slot]:
            slot = (slot + _1) & mask
        index[slot] = row + 1


@kernel
def add_rows(more, n_more, more_kept, index, rows, kept, state):
    """Add the rows of one table to another, which has room for them all.

    Args: more, n_more, more_kept: what to add; the others: as for `count_pieces`.
    """
    n_rows, n_bytes = state[N_ROWS], state[N_BYTES]
    mask = np.uint64(len(index) - 1)
    for i in range(n_more):
        prefetch(index, _slot_of(index, more, min(i + 2 * _AHEAD, n_more - 1)))
        soon = index[_slot_of(index, more, min(i + _AHEAD, n_more - 1))]
        prefetch(rows, max(np.int64(soon) - 1, 0) * rows.shape[1])
        first, second, length = more[i, FIRST], more[i, SECOND], more[i, LENGTH]
        is_short = length <= _SHORT
        slot = _slot_of(index, more, i)
        while True:
            row = np.int64(index[slot]) - 1
            if row < 0:
                index[slot] = n_rows + 1
                rows[n_rows, FIRST], rows[n_rows, SECOND] = first, second
                rows[n_rows, LENGTH], rows[n_rows, COUNT] = length, more[i, COUNT]
                if not is_short:
                    rows[n_rows, SECOND] = np.uint64(n_bytes)
                    for j in range(np.int64(length)):
                        kept[n_bytes + j] = more_kept[np.int64(second) + j]
                    n_bytes += np.int64(length)
                n_rows += 1
                break
            if rows[row, FIRST] == first and rows[row, LENGTH] == length:
                if is_short:
                    same = rows[row, SECOND] == second
                else:
                    place = np.int64(rows[row, SECOND])
                    same = same_bytes(kept, place, more_kept, np.int64(second), np.int64(length))
                if same:
                    rows[row, COUNT] += more[i, COUNT]
                    break
            slot = (slot + _1) & mask
    state[N_ROWS], state[N_BYTES] = n_rows, n_bytes


@kernel
def pack_rows(rows, kept, data, ends):
    """Write the pieces one behind the other. ends: int64, one for each row.

    Args: kept: with 7 bytes more behind what is in use. data: uint8, room, and for 16 bytes more.
    """
    n = 0
    for row in range(len(ends)):
        length = np.int64(rows[row, LENGTH])
        if length > SHORT:
            place = np.int64(rows[row, SECOND])
            for j in range(0, length, 8):
                store_word(data, n + j, load_word(kept, place + j))
        else:
            store_word(data, n, rows[row, FIRST])
            store_word(data, n + 8, rows[row, SECOND])
        n += length
        ends[row] = n
