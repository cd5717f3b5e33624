"""Merges in one hash table: which pair of symbols becomes which, and how early.

An entry is one uint64: the left symbol, the right symbol and the rank of their merge, 21 bits each.
So a lookup touches one cache line, and a table of 32,000 merges fits a core's own cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.errors import ToktoolsError
from toktools.kernels.kernel import kernel

BITS = np.uint64(21)
LIMIT = 1 << 21  # of ids and ranks; the last is left out, so that no entry is EMPTY
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, vol. 3, sec. 6.4)
_RANK = np.uint64(LIMIT - 1)
_1 = np.uint64(1)


class MergeTable(NamedTuple):
    """Merges as the kernels take them.

    entries: uint64, a power of two of them, at least twice the number of merges.
    shift: uint64, 64 less the logarithm of their number.
    made: int32 (n_merges,): the symbol that the merge of each rank makes.
    """

    entries: NDArray[np.uint64]
    shift: np.uint64
    made: NDArray[np.int32]


def merge_table(merges: Sequence[tuple[int, int, int]]) -> MergeTable:
    """Return the table of merges given as (left, right, made) ids, in order of rank.

    A pair given twice has the later rank. Raises: ToktoolsError if there are 2^21 ids or more.
    """
    columns = np.array(merges, dtype=np.int64).reshape(-1, 3)
    if len(columns) >= LIMIT - 1 or (columns.size and columns.max() >= LIMIT - 1):
        raise ToktoolsError(f"compiled merging needs fewer than {LIMIT - 1:,} tokens and merges")
    bits = max(4, (2 * len(columns)).bit_length())
    entries = np.full(1 << bits, EMPTY)
    table = MergeTable(entries, np.uint64(64 - bits), columns[:, 2].astype(np.int32))
    _fill(columns, table.entries, table.shift)
    return table


@kernel
def _fill(merges, entries, shift):
    """Put every merge of int64 (n, 3) rows (left, right, made) in its place."""
    mask = np.uint64(len(entries) - 1)
    for rank in range(len(merges)):
        key = np.uint64(merges[rank, 0]) << BITS | np.uint64(merges[rank, 1])
        i = key * _MULTIPLIER >> shift
        while entries[i] != EMPTY and entries[i] >> BITS != key:
            i = (i + _1) & mask
        entries[i] = key << BITS | np.uint64(rank)


@kernel
def find_rank(entries, shift, left, right):
    """Return the rank of the merge of two symbols, int64, or -1."""
    key = np.uint64(left) << BITS | np.uint64(right)
    i = key * _MULTIPLIER >> shift
    mask = np.uint64(len(entries) - 1)
    while True:
        entry = entries[i]
        if entry >> BITS == key:
            return np.int64(entry & _RANK)
        if entry == EMPTY:
            return np.int64(-1)
        i = (i + _1) & mask
