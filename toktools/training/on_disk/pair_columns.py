"""Pairs of symbols in columns: how often each occurs, and which to merge next.

Used by `compact_merging.py`, which says how a pair is written as one whole number, its key.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toktools.training.on_disk.columns import Columns

Ints = NDArray[np.int64]
_WINDOW = 1 << 18  # rows of the table that a search touches between two looks at the memory
_BLOCK = 1 << 12  # entries of the queue of which only the first is known
_GONE = np.iinfo(np.int64).min


def keys_of(left: Ints, right: Ints | int) -> Ints:
    """Return the keys of pairs of symbol ids."""
    newer, older = np.maximum(left, right), np.minimum(left, right)
    return newer << 32 | older << 1 | (left > right)


def sides_of(keys: Ints) -> tuple[Ints, Ints]:
    """Return the left and right symbol ids of keys.

    Example:
        >>> sides_of(keys_of(np.array([7, 2]), np.array([3, 9])))
        (array([7, 2]), array([3, 9]))
    """
    newer, older, left_is_newer = keys >> 32, keys >> 1 & 0x7FFFFFFF, keys & 1
    return np.where(left_is_newer, newer, older), np.where(left_is_newer, older, newer)


def pair_of(key: int) -> tuple[int, int]:
    """Return the pair of one key."""
    newer, older = key >> 32, key >> 1 & 0x7FFFFFFF
    return (newer, older) if key & 1 else (older, newer)


def sums(keys: Ints, values: Ints) -> tuple[Ints, Ints]:
    """Return the distinct keys, ascending, and the sum of the values of each.

    Example:
        >>> sums(np.array([5, 3, 5]), np.array([1, 10, 100]))
        (array([3, 5]), array([ 10, 101]))
    """
    if not len(keys):
        return keys, values
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
    return keys[first], np.add.reduceat(values[order], first)


class PairCounts:
    """key -> count. Counts are int64, exact up to 9.2e18."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._keys, self._counts = columns.new(np.int64), columns.new(np.int64)
        self._last = -1  # the highest key in the columns
        self._starts: list[int] = []  # the first key of each window of rows
        self._late: dict[int, int] = {}  # pairs of a symbol that was spelled a second time

    def get(self, key: int) -> int:
        """Return the count of one pair, 0 if it was never seen."""
        return int(self.of(np.array([key]))[0])

    def of(self, keys: Ints) -> Ints:
        """Return the counts of ascending keys."""
        rows, found = self._find(keys)
        counts = np.zeros(len(keys), np.int64)
        counts[found] = self._counts.take(rows[found])
        if self._late:
            for i in np.flatnonzero(~found):
                counts[i] = self._late.get(int(keys[i]), 0)
        return counts

    def add(self, keys: Ints, changes: Ints, *, insert: bool = False) -> None:
        """Add to the counts of distinct, ascending keys; new keys are left out unless `insert`."""
        if not len(keys):
            return
        if insert and keys[0] > self._last:
            self._append(keys, changes)
            return
        rows, found = self._find(keys)
        there = rows[found]
        self._counts.put(there, self._counts.take(there) + changes[found])
        if insert or self._late:
            for key, change in zip(keys[~found].tolist(), changes[~found].tolist(), strict=True):
                if insert or key in self._late:
                    self._late[key] = self._late.get(key, 0) + change

    def _append(self, keys: Ints, counts: Ints) -> None:
        row = self._keys.append(keys)
        self._counts.append(counts)
        self._last = int(keys[-1])
        first = -row % _WINDOW  # the first of these rows that starts a window
        self._starts += keys[first::_WINDOW].tolist()

    def _find(self, keys: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Return the row of each key, and whether it is there at all; -1 where it is not."""
        rows = np.full(len(keys), -1, np.int64)
        table = self._keys.values
        windows = np.searchsorted(np.array(self._starts, np.int64), keys, "right") - 1
        cuts = np.flatnonzero(np.diff(windows)) + 1
        for part in np.split(np.arange(len(keys)), cuts):
            if not len(part) or windows[part[0]] < 0:
                continue
            first = int(windows[part[0]]) * _WINDOW
            some = table[first : first + _WINDOW]
            at = np.searchsorted(some, keys[part])
            hit = some[np.minimum(at, len(some) - 1)] == keys[part]
            rows[part[hit]] = first + at[hit]
            if len(cuts):
                self._columns.relieve()
        return rows, rows >= 0


class Entries:
    """The queue: entries (pair, count when it was queued, its places), the most frequent first.

    Among equal counts the pair with the lowest ids comes first, among entries of one pair the
    oldest. The first entry of each block of 4,096 is kept in memory, so that finding the first of
    all looks at one number a block.
    """

    def __init__(self, columns: Columns) -> None:
        self._keys, self._stored = columns.new(np.int64), columns.new(np.int64)
        self._segments = columns.new(np.int64)
        self._best = np.empty((0, 3), np.int64)  # of each block: count, pair in order, row

    def append(self, keys: Ints, counts: Ints, segments: Ints) -> None:
        """Queue pairs; `segments` says where each stands."""
        if not len(keys):
            return
        row = self._keys.append(keys)
        self._stored.append(counts)
        self._segments.append(segments)
        n_blocks = -(-len(self._keys) // _BLOCK)
        more = np.full((n_blocks - len(self._best), 3), _GONE, np.int64)
        self._best = np.concatenate([self._best, more])
        for block in range(row // _BLOCK, n_blocks):
            self._refresh(block)

    def top(self) -> tuple[int, int, int] | None:
        """Return row, key and count of the first entry; None if there is none."""
        counts = self._best[:, 0]
        highest = counts.max(initial=_GONE)
        if highest == _GONE:
            return None
        tied = np.flatnonzero(counts == highest)
        row = int(self._best[tied[np.argmin(self._best[tied, 1])], 2])
        return row, int(self._keys.values[row]), int(highest)

    def set(self, row: int, count: int) -> None:
        """Queue the entry of that row anew, by another count."""
        self._stored.values[row] = count
        self._refresh(row // _BLOCK)

    def take(self, row: int) -> int:
        """Take the entry of that row off the queue and return its segment."""
        self.set(row, _GONE)
        return int(self._segments.values[row])

    def _refresh(self, block: int) -> None:
        """Find the first entry of a block anew."""
        first = block * _BLOCK
        stored = self._stored.values[first : first + _BLOCK]
        highest = stored.max()
        tied = np.flatnonzero(stored == highest)
        left, right = sides_of(self._keys.values[first + tied])
        order = left << 31 | right
        at = int(np.argmin(order))
        self._best[block] = highest, order[at], first + tied[at]
