"""Merges in one hash table: which pair of symbols becomes which, and how early.

An entry is one uint64: the left symbol, the right symbol and the rank of their merge, 21 bits each.
Eight share a line of memory, and a lookup compares them all at once: which of them it is, or that
it is none, would be guessed wrong as often as not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.errors import ToktoolsError
from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.vectors import LANES, equal_words, lowest_bit

BITS = np.uint64(21)
LIMIT = 1 << 21  # of ids and ranks; the last is left out, so that no entry is EMPTY
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, vol. 3, sec. 6.4)
NO_SYMBOL = LIMIT - 1  # in no merge
_RANK = np.uint64(LIMIT - 1)
_LANES, _LAST, _LOG, _0 = (np.uint64(n) for n in (LANES, LANES - 1, 3, 0))


class MergeTable(NamedTuple):
    """Merges as the kernels take them.

    entries: uint64, rows of LANES, a power of two of them, filled from the first lane on; twice as
        many as merges or more. A row that is full goes on in the next.
    shift: uint64, 64 less the logarithm of the number of rows.
    made: int32 (n_merges,): the symbol that the merge of each rank makes.
    first: the first of them if they count upward one by one, as they do where a tokenizer was
        trained; else -1. With it `made` need not be waited for.
    """

    entries: NDArray[np.uint64]
    shift: np.uint64
    made: NDArray[np.int32]
    first: np.int64


def merge_table(merges: NDArray[np.int64] | Sequence[tuple[int, int, int]]) -> MergeTable:
    """Return the table of merges given as (left, right, made) ids, in order of rank.

    A pair given twice has the later rank. Raises: ToktoolsError if there are 2^21 ids or more.
    """
    columns = np.array(merges, dtype=np.int64).reshape(-1, 3)
    if len(columns) >= LIMIT - 1 or (columns.size and columns.max() >= LIMIT - 1):
        raise ToktoolsError(f"compiled merging needs fewer than {LIMIT - 1:,} tokens and merges")
    bits = max(1, (2 * len(columns) // LANES).bit_length())
    room = np.full(LANES * ((1 << bits) + 1), EMPTY)
    first = -room.ctypes.data % 64 // 8  # a row is a line of memory
    entries = room[first : first + (LANES << bits)]
    made = columns[:, 2]
    first = made[0] if len(made) and (np.diff(made) == 1).all() else -1
    table = MergeTable(entries, np.uint64(64 - bits), made.astype(np.int32), np.int64(first))
    _fill(columns, table.entries, table.shift)
    return table


@inlined
def _row(shift, key):
    """Return where the row of a key begins."""
    return (key * _MULTIPLIER >> shift) << _LOG


@kernel
def _fill(merges, entries, shift):
    """Put every merge of int64 (n, 3) rows (left, right, made) in its place."""
    mask = np.uint64(len(entries) - 1)
    for rank in range(len(merges)):
        key = np.uint64(merges[rank, 0]) << BITS | np.uint64(merges[rank, 1])
        i = _row(shift, key)
        while entries[i] != EMPTY and entries[i] >> BITS != key:
            i = (i + np.uint64(1)) & mask
        entries[i] = key << BITS | np.uint64(rank)


@inlined
def made_by(made, first, rank):
    """Return the symbol that the merge of a rank makes, int64."""
    return np.int64(rank) + first if first >= 0 else np.int64(made[rank])


@inlined
def find_rank(entries, shift, left, right):
    """Return the rank of the merge of two symbols, int64, or -1."""
    key = np.uint64(left) << BITS | np.uint64(right)
    row = _row(shift, key)
    while True:
        found = equal_words(entries, row, key, BITS)
        entry = entries[row + (np.uint64(lowest_bit(np.uint64(found))) & _LAST)]
        if (found != 0) | (entries[row + _LAST] == EMPTY):  # one branch, nearly always the same
            return np.int64(entry & _RANK) | -np.int64(found == 0)
        row = (row + _LANES) & np.uint64(len(entries) - 1)
