"""`merging.learn_merges` for more words than fit in memory: the same algorithm, in columns on disk.

What that file keeps in lists, dicts, sets and a heap stands here in arrays that live in files
(`columns.py`): the words one after the other, the counts of pairs, the entries of the queue, and
the places (words) of each entry. A merge handles many words at once with NumPy. The merges are the
same to the last one, the three habits told there included.

Letters: a word is named by its number; a pair (left, right) by the key

    max(left, right) << 32 | min(left, right) << 1 | (left > right)

A pair first occurs when the newer of its two symbols is made, and new symbols have the highest ids:
so keys come nearly in ascending order, and looking one up is a binary search.

At most 2**31 symbols and as many distinct words.
Memory: temporaries of a bounded number of symbols at a time, whatever the size of the corpus.
Disk: about 4 bytes a symbol for the words and 4 to 12 for the places, 30 bytes a pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from toktools.training.memory import resident_bytes
from toktools.training.merging import Pair, Progress, Symbols
from toktools.training.on_disk.columns import Columns
from toktools.training.on_disk.pair_columns import (
    Entries,
    Ints,
    PairCounts,
    keys_of,
    pair_of,
    sides_of,
    sums,
)
from toktools.training.on_disk.places import Formed, Segments

_BYTES_A_SYMBOL = 200  # of temporaries, while words are merged
_FEWEST_SYMBOLS, _MOST_SYMBOLS = 1 << 12, 1 << 20  # at a time


class Words:
    """Distinct words as one flat column of symbols, each with its count.

    Args:
        words: (symbol ids, count) of each distinct word; read once.
        columns: where the arrays go.
        at_once: symbols that may be handled at a time.
    """

    def __init__(
        self, words: Iterable[tuple[list[int], int]], columns: Columns, at_once: int
    ) -> None:
        self._columns, self._at_once = columns, at_once
        self._flat, self._lengths = columns.new(np.int32), columns.new(np.int32)
        self._starts, self._counts = columns.new(np.int64), columns.new(np.int64)
        flat: list[int] = []
        lengths: list[int] = []
        counts: list[int] = []
        for word, count in words:
            flat += word
            lengths.append(len(word))
            counts.append(count)
            if len(flat) >= at_once // 4:
                self._store(flat, lengths, counts)
        self._store(flat, lengths, counts)

    def _store(self, flat: list[int], lengths: list[int], counts: list[int]) -> None:
        ends = np.cumsum(np.array(lengths, np.int64))
        start = self._flat.append(np.array(flat, np.int32))
        self._starts.append(start + ends - np.array(lengths, np.int64))
        self._lengths.append(np.array(lengths, np.int32))
        self._counts.append(np.array(counts, np.int64))
        for filled in (flat, lengths, counts):
            filled.clear()
        self._columns.relieve()

    def chunks(self, words: Ints) -> Iterator[Ints]:
        """Cut ascending word numbers into parts of bounded symbols, at least one word each."""
        ends = np.cumsum(self._lengths.take(words), dtype=np.int64)
        first = 0
        while first < len(words):
            done = ends[first - 1] if first else 0
            last = int(np.searchsorted(ends, done + self._at_once, "right"))
            yield words[first : max(last, first + 1)]
            first = max(last, first + 1)

    def all_chunks(self) -> Iterator[Ints]:
        """Yield all word numbers in parts of bounded symbols."""
        for first in range(0, len(self._starts), self._at_once):
            yield from self.chunks(
                np.arange(first, min(first + self._at_once, len(self._starts)), dtype=np.int64)
            )

    def pairs(self, words: Ints) -> tuple[Ints, Ints, Ints]:
        """Return key, count and word of every pair of neighbours in these words."""
        symbols, owner, _ = self._gather(words)
        inside = np.flatnonzero(owner[1:] == owner[:-1])
        where = owner[inside]
        keys = keys_of(symbols[inside], symbols[inside + 1])
        return keys, self._counts.take(words)[where], words[where]

    def merge(
        self, words: Ints, pair: Pair, new: int
    ) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints, Ints]]:
        """Merge `pair` into `new` in these words, from left to right.

        Returns: (keys, counts) of each pair that this breaks, and (keys, counts, words) of each
                 that it forms, one item an occurrence; one that is formed by a merge and broken by
                 the next in the same word is in both.
        """
        symbols, owner, starts = self._gather(words)
        at = occurrences(symbols, owner, pair)
        end = len(symbols) - 1
        before = np.flatnonzero((at > 0) & (owner[np.maximum(at - 1, 0)] == owner[at]))
        after = np.flatnonzero((at < end - 1) & (owner[np.minimum(at + 2, end)] == owner[at]))
        previous = symbols[at[before] - 1]
        follows = np.flatnonzero(np.diff(at, prepend=-2)[before] == 2)
        previous[follows] = new  # the merge just before has been done by then
        following = symbols[at[after] + 2]
        count, word = self._counts.take(words)[owner[at]], words[owner[at]]
        broken = np.concatenate(
            [keys_of(previous, pair[0]), keys_of(np.full_like(following, pair[1]), following)]
        )
        formed = np.concatenate(
            [keys_of(previous, new), keys_of(np.full_like(following, new), following)]
        )
        both = np.concatenate([before, after])
        self._write(words, symbols, owner, starts, at, new)
        return (broken, count[both]), (formed, count[both], word[both])

    def _gather(self, words: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the symbols of the words, which word (by place in `words`) each is in, starts."""
        starts, lengths = self._starts.take(words), self._lengths.take(words).astype(np.int64)
        shift = starts - (np.cumsum(lengths) - lengths)
        owner = np.repeat(np.arange(len(words)), lengths)
        symbols = self._flat.take(np.arange(len(owner)) + shift[owner]).astype(np.int64)
        return symbols, owner, starts

    def _write(
        self, words: Ints, symbols: Ints, owner: Ints, starts: Ints, at: Ints, new: int
    ) -> None:
        """Write the words back, `new` for the two symbols from each of `at` on."""
        symbols[at] = new
        keep = np.ones(len(symbols), bool)
        keep[at + 1] = False
        symbols, owner = symbols[keep], owner[keep]
        lengths = np.bincount(owner, minlength=len(words))
        shift = starts - (np.cumsum(lengths) - lengths)
        self._flat.put(np.arange(len(owner)) + shift[owner], symbols.astype(np.int32))
        self._lengths.put(words, lengths.astype(np.int32))


def occurrences(symbols: Ints, owner: Ints, pair: Pair) -> Ints:
    """Return where `pair` stands within a word; of overlapping places, as in "aaa", the leftmost.

    Example:
        >>> occurrences(np.array([1, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 1]), (1, 1))
        array([0, 3])
    """
    same = owner[1:] == owner[:-1]
    at = np.flatnonzero((symbols[:-1] == pair[0]) & (symbols[1:] == pair[1]) & same)
    if pair[0] != pair[1] or not len(at):
        return at
    starts_run = np.diff(at, prepend=-2) > 1
    run = np.cumsum(starts_run) - 1
    return at[(at - at[starts_run][run]) % 2 == 0]


def learn_merges_compact(
    words: Iterable[tuple[list[int], int]],
    symbols: Symbols,
    *,
    vocab_size: int,
    min_frequency: int = 1,
    max_token_length: int | None = None,
    progress: Progress | None = None,
    max_memory: int | None = None,
    folder: Path | None = None,
) -> list[Pair]:
    """Merge the most frequent pair, again and again, until the vocabulary is full.

    Args:
        words: (ids of `symbols`, count) of each distinct word; read once.
        max_memory: bytes that the whole process should hold at most; None: no limit.
        folder: where the columns go.
        The others, and what is returned, as `toktools.training.merging.learn_merges`.
    Cost: each merge is some hundred microseconds and as many NumPy steps as its words need.
    """
    at_once, limit = _MOST_SYMBOLS, None
    if max_memory is not None:  # a third of the room for temporaries, the rest for columns
        room = max_memory - resident_bytes()
        at_once = min(at_once, max(room // 3 // _BYTES_A_SYMBOL, _FEWEST_SYMBOLS))
        limit = max_memory - room // 3
    with Columns(folder, limit) as columns:
        learner = _Learner(words, len(symbols), max_token_length, columns, at_once)
        merges: dict[Pair, None] = {}  # an ordered set
        while len(symbols) < vocab_size:
            top = learner.next_pair(max(min_frequency, 1))
            if top is None:
                break
            pair, segment = top
            if symbols.joined(pair) in symbols.reserved:
                continue
            new = symbols.join(pair)
            merges.pop(pair, None)
            merges[pair] = None
            learner.merge(pair, new, segment)
            if progress is not None:
                progress(len(symbols), vocab_size)
        return list(merges)


class _Learner:
    """Words, counts of pairs and the queue, kept in step."""

    def __init__(
        self,
        words: Iterable[tuple[list[int], int]],
        n_symbols: int,
        max_token_length: int | None,
        columns: Columns,
        at_once: int,
    ) -> None:
        self._columns, self._at_once = columns, at_once
        self._words = Words(words, columns, self._at_once)
        self._counts, self._entries = PairCounts(columns), Entries(columns)
        self._segments = Segments(columns)
        self._lengths = [1] * n_symbols  # of each symbol, in base symbols
        self._max_length = max_token_length
        pairs = map(self._words.pairs, self._words.all_chunks())
        self._settle(self._segments.collect(pairs), [])

    def next_pair(self, least: int) -> tuple[Pair, int] | None:
        """Take the entry to merge next off the queue; None if no pair is as frequent as `least`."""
        while (top := self._entries.top()) is not None:
            index, key, stored = top
            count = self._counts.get(key)
            if count != stored:
                self._entries.set(index, count)
                self._columns.relieve()
                continue
            if count < least:
                return None
            return pair_of(key), self._entries.take(index)
        return None

    def merge(self, pair: Pair, new: int, segment: int) -> None:
        """Merge `pair` into `new` in the words of `segment`."""
        if new == len(self._lengths):
            self._lengths.append(self._lengths[pair[0]] + self._lengths[pair[1]])
        broken: list[tuple[Ints, Ints]] = []

        def formed() -> Iterator[tuple[Ints, Ints, Ints]]:
            for some in self._segments.words(segment, self._at_once):
                for words in self._words.chunks(some):
                    gone, come = self._words.merge(words, pair, new)
                    broken.append(sums(*gone))
                    yield self._short_enough(*come)
                    self._columns.relieve()

        self._settle(self._segments.collect(formed()), broken)
        self._columns.relieve()

    def _settle(self, formed: Formed, broken: list[tuple[Ints, Ints]]) -> None:
        """Bring the counts up to date, and queue the pairs that were formed."""
        self._counts.add(formed.keys, formed.counts, insert=True)
        for keys, counts in broken:
            self._counts.add(keys, -counts)
        counts = self._counts.of(formed.keys)
        there = counts > 0
        self._entries.append(formed.keys[there], counts[there], formed.segments[there])

    def _short_enough(self, keys: Ints, counts: Ints, words: Ints) -> tuple[Ints, Ints, Ints]:
        """Leave out the pairs that spell too many base symbols."""
        if self._max_length is None:
            return keys, counts, words
        lengths = np.array(self._lengths)
        left, right = sides_of(keys)
        kept = lengths[left] + lengths[right] < self._max_length
        return keys[kept], counts[kept], words[kept]
