"""Counting the pieces of text: each distinct piece once, with how often it occurs.

A piece of at most 16 bytes is its own key: two words in a table. Longer ones are found by a hash,
and compared byte by byte with the copy that was kept.

The readable twin is `toktools.training.counting.count_pretokens`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.encoding import fill_chunk
from toktools.kernels.gpt2_starts import PADDING, gpt2_starts
from toktools.kernels.kernel import kernel
from toktools.kernels.piece_cache import SHORT, long_hash, short_key, short_slot

DONE, SHORT_FULL, LONG_FULL, PIECE_TOO_LONG = range(4)
"""What `count_bytes` comes back for: larger tables, or a larger chunk, please."""

N_SHORT, N_LONG, N_BYTES, POSITION = range(4)
"""What stands where in `state`: rows of each table and bytes in use; how far the text is read."""

FIRST, SECOND, LENGTH, COUNT = range(4)  # columns of `short`; of `long`: hash, place, length, count
_LINE_FEED = ord("\n")
_1, _HALF = np.uint64(1), np.uint64(32)


@kernel
def count_bytes(text, lines, classes, chunk, starts, short, long, kept, state):
    """Count the pieces of `text`, from `state[POSITION]` on.

    Args:
        text: uint8, valid UTF-8; lines: whether a line is a document; classes: `gpt2_classes()`.
        chunk: uint8, room and PADDING; starts: int64, as many.
        short, long: uint64 (m, 4), m a power of two, 0 where empty; counts are below 2^64.
        kept: uint8, the bytes of long pieces.
        state: int64 (4,).
    Returns: DONE, or what it needs to go on; called again, it goes on where it was.
    """
    position = state[POSITION]
    n_short, n_long, n_bytes = state[N_SHORT], state[N_LONG], state[N_BYTES]
    status = DONE
    while position < len(text):
        n = min(len(chunk) - PADDING, len(text) - position)
        if 2 * (n_short + n) > len(short):
            status = SHORT_FULL
            break
        if 2 * (n_long + n // SHORT) > len(long) or n_bytes + n > len(kept):
            status = LONG_FULL
            break
        fill_chunk(chunk, text, position, n)
        n_pieces = gpt2_starts(chunk, n, lines, classes, starts)
        starts[n_pieces] = n
        if position + n < len(text):
            n_pieces -= 1  # the last piece may go on
            if n_pieces == 0:
                status = PIECE_TOO_LONG
                break
        for i in range(n_pieces):
            start = starts[i]
            length = starts[i + 1] - start
            if lines and chunk[start] == _LINE_FEED:
                continue
            if length <= SHORT:
                first, second = short_key(chunk, start, length)
                slot = _short_row(short, first, second, np.uint64(length))
                n_short += short[slot, COUNT] == 0
                short[slot, FIRST], short[slot, SECOND] = first, second
                short[slot, LENGTH] = length
                short[slot, COUNT] += _1
            else:
                mixed = long_hash(chunk, start, length)
                slot = _long_row(long, kept, mixed, chunk, start, length)
                if long[slot, COUNT] == 0:
                    n_long += 1
                    long[slot, 0], long[slot, 1] = mixed, n_bytes
                    long[slot, LENGTH] = length
                    for j in range(length):
                        kept[n_bytes + j] = chunk[start + j]
                    n_bytes += length
                long[slot, COUNT] += _1
        position += starts[n_pieces]
    state[POSITION] = position
    state[N_SHORT], state[N_LONG], state[N_BYTES] = n_short, n_long, n_bytes
    return status


@kernel
def _short_row(short, first, second, length):
    """Return the row of a short piece, or the empty one where it would go."""
    mask = np.uint64(len(short) - 1)
    slot = short_slot(short, first, second)
    while short[slot, COUNT] and (
        short[slot, FIRST] != first
        or short[slot, SECOND] != second
        or short[slot, LENGTH] != length
    ):
        slot = (slot + _1) & mask
    return slot


@kernel
def _long_row(long, kept, mixed, text, start, length):
    """Return the row of a long piece, or the empty one where it would go."""
    mask = np.uint64(len(long) - 1)
    slot = mixed >> _HALF & mask
    while long[slot, COUNT]:
        if long[slot, 0] == mixed and long[slot, LENGTH] == np.uint64(length):
            place, same = np.int64(long[slot, 1]), True
            for j in range(length):
                if kept[place + j] != text[start + j]:
                    same = False
                    break
            if same:
                return slot
        slot = (slot + _1) & mask
    return slot


@kernel
def move_rows(old, new, is_long):
    """Enter the rows of a table in a larger, empty one."""
    mask = np.uint64(len(new) - 1)
    for i in range(len(old)):
        if old[i, COUNT]:
            if is_long:
                slot = old[i, 0] >> _HALF & mask
            else:
                slot = short_slot(new, old[i, FIRST], old[i, SECOND])
            while new[slot, COUNT]:
                slot = (slot + _1) & mask
            for j in range(4):
                new[slot, j] = old[i, j]
