"""Which words hold which pair: lists of word numbers in one column, linked in segments.

A merge that goes over many words does so part by part, and leaves one segment a part and pair.
Used by `compact_merging.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from toktools.training.on_disk.columns import Columns
from toktools.training.on_disk.pair_columns import Ints, sums

_NONE = -1


class Formed(NamedTuple):
    """Pairs by ascending key: the sum of their counts, and the last segment of their places."""

    keys: Ints
    counts: Ints
    segments: Ints


class Segments:
    """Segments of places: where each starts, how long it is, and which one comes before it."""

    def __init__(self, columns: Columns) -> None:
        self._places = columns.new(np.int32)
        self._starts, self._lengths = columns.new(np.int64), columns.new(np.int64)
        self._before = columns.new(np.int64)

    def collect(self, parts: Iterable[tuple[Ints, Ints, Ints]]) -> Formed:
        """Store the places of pairs that come part by part.

        Args: parts: key, count and word of each occurrence.
        """
        nothing = np.empty(0, np.int64)
        all_of_them = Formed(nothing, nothing, nothing)
        for keys, counts, words in parts:
            if len(keys):
                keys_found, totals = sums(keys, counts)
                before = _looked_up(all_of_them, keys_found)
                segments = self._store(keys, words, before)
                all_of_them = _joined(all_of_them, Formed(keys_found, totals, segments))
        return all_of_them

    def words(self, segment: int, at_least: int) -> Iterator[Ints]:
        """Yield the words of a segment and of all before it, in parts of ascending words.

        Args: at_least: small segments are put together until they hold so many words.
        """
        waiting: list[Ints] = []
        n_waiting = 0
        while segment != _NONE:
            start, length = self._starts.at(segment), self._lengths.at(segment)
            waiting.append(self._places.read(start, start + length).astype(np.int64))
            n_waiting += length
            segment = self._before.at(segment)
            if n_waiting >= at_least:
                yield np.sort(np.concatenate(waiting))
                waiting, n_waiting = [], 0
        if waiting:
            yield np.sort(np.concatenate(waiting))

    def _store(self, keys: Ints, words: Ints, before: Ints) -> Ints:
        """Store the distinct words of each key; return the segments, by ascending key."""
        order = np.lexsort((words, keys))
        keys, words = keys[order], words[order]
        new_key = np.diff(keys, prepend=keys[0] - 1) != 0
        distinct = new_key | (np.diff(words, prepend=-1) != 0)
        first = np.flatnonzero(new_key[distinct])
        start = self._places.append(words[distinct].astype(np.int32))
        self._starts.append(start + first)
        self._lengths.append(np.diff(first, append=np.count_nonzero(distinct)))
        return np.arange(len(first)) + self._before.append(before)


def _looked_up(formed: Formed, keys: Ints) -> Ints:
    """Return the last segment of each key so far, -1 for none."""
    if not len(formed.keys):
        return np.full(len(keys), _NONE, np.int64)
    at = np.minimum(np.searchsorted(formed.keys, keys), len(formed.keys) - 1)
    return np.where(formed.keys[at] == keys, formed.segments[at], _NONE)


def _joined(old: Formed, new: Formed) -> Formed:
    """Return both together; a key of both gets the sum, and the segment of `new`."""
    keys, counts = sums(
        np.concatenate([old.keys, new.keys]), np.concatenate([old.counts, new.counts])
    )
    segments = np.empty(len(keys), np.int64)
    segments[np.searchsorted(keys, old.keys)] = old.segments
    segments[np.searchsorted(keys, new.keys)] = new.segments
    return Formed(keys, counts, segments)
