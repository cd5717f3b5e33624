"""Learning merges with the compiled loop: the arrays, their growth, and the strings of symbols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels import bpe_training as loop
from toktools.kernels import likelihood_training as likelihood
from toktools.kernels import pair_table as table
from toktools.kernels import string_hashes as hashing
from toktools.kernels.marked_text import BEGINS, CONTINUES, marked_text
from toktools.kernels.memory import longer, zeros
from toktools.kernels.packed_words import PackedWords
from toktools.kernels.symbol_strings import SymbolStrings
from toktools.training.merging import Pair, Progress, Symbols

_SHARE = 48  # see `_first_floor`
_LOWER = 4  # times, the next floor
_SUMS = 1 << 18  # 2 MB
_PLACES = 4  # times as many as there are at first; what is not used takes no memory
_ANYWHERE = BEGINS | CONTINUES
_EXACT = 1 << 53  # whole numbers below are exact as float64


class InexactError(Exception):
    """The loop cannot do exactly what the readable code does.

    There is a bound on the length of tokens, and one symbol stands for strings of unequal length:
    "##" + "a" as text, and a marked "a". Only text that holds a mark comes to this. Or a symbol
    occurs so often that scores would be rounded.
    """


class FloorError(Exception):
    """A merge has spelled a symbol that was there, and some of its pairs may have been left out.

    They may be formed while they wait in the queue. By which count they wait is known of those
    alone that were not left out; see `bpe_training.py`.
    """


def learn_merges(
    words: PackedWords, symbols: Symbols, *, floors: bool = True, **options: Any
) -> Iterator[Pair]:
    """Merge as `toktools.training.merging.learn_merges` does; the other options are the same.

    Counts of pairs must stay below 2^62.

    Args:    floors: leave out rare pairs as long as they cannot matter, which is faster.
    Returns: the merges, for who wants them: tuples are made as they are asked for.
    Raises:  FloorError and InexactError, with `symbols` as they were: it must be done without
             floors, or by the readable code. Both have changed `words`.
    """
    return _learn(Learner if floors else FullLearner, words, symbols, **options)


def learn_merges_by_likelihood(
    words: PackedWords, symbols: Symbols, **options: Any
) -> Iterator[Pair]:
    """Merge as `toktools.training.likelihood.learn_merges_by_likelihood` does.

    Returns: as `learn_merges`.
    Raises:  the same; also where a symbol occurs too often for exact scores.
    """
    return _learn(LikelihoodLearner, words, symbols, **options)


def _learn(
    kind: type[Learner],
    words: PackedWords,
    symbols: Symbols,
    *,
    vocab_size: int,
    min_frequency: int = 1,
    max_token_length: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Pair]:
    learner = kind(words, symbols, vocab_size, max(min_frequency, 1), max_token_length or 0)
    n_before = len(symbols)
    try:
        merges = learner.learn(progress)
    except (FloorError, InexactError):
        for string in symbols.strings[n_before:]:
            del symbols.ids[string]
        del symbols.strings[n_before:]
        raise
    return _pairs(merges)


def _pairs(merges: NDArray[np.int32]) -> Iterator[Pair]:
    """Yield merges; a pair that was merged twice stands where it was last."""
    pairs = list(zip(*merges.T.tolist(), strict=True))
    if len(set(pairs)) == len(pairs):
        yield from pairs
    else:
        yield from reversed(dict.fromkeys(reversed(pairs)))


class Learner:
    """The state of learning, and what the compiled loop cannot do: room and strings.

    Args:
        words: changed.
        symbols: specials and alphabet; grows by what is merged.
        vocab_size: symbols wanted.
        least: merge no pair that is less frequent.
        limit: form no pair of this many base symbols or more; 0 for none.
    """

    def __init__(
        self, words: PackedWords, symbols: Symbols, vocab_size: int, least: int, limit: int
    ) -> None:
        self.words, self.symbols, self.wanted = words, symbols, vocab_size
        self.least, self.limit = least, limit
        n = max(vocab_size, len(symbols)) + 1
        self.strings = SymbolStrings(symbols, n)
        self.lengths = np.ones(n, np.int32)
        self.hashes = np.zeros((n, 3), np.uint64)
        self.careful = np.zeros(n, np.uint8)  # symbols that might begin the prefix, by chance
        self.known = np.zeros(1 << (4 * n).bit_length(), np.uint64)
        self.hashes[: len(symbols)] = hashing.hashes_of(symbols.strings, symbols.prefix)
        hashing.add_all(self.known, self.hashes[: len(symbols), hashing.FULL].copy())
        for length in range(1, len(symbols.prefix)):
            self.careful[symbols.ids.get(symbols.prefix[:length], -1)] = 1  # -1: none's
        self.lasting, self.where = np.zeros(1, np.uint64), np.full(n, _ANYWHERE, np.uint8)
        self.around = np.zeros((2, n), np.int32)
        self.tallies = np.zeros((2, 1 << n.bit_length(), 2), np.int64)
        self.row_at = np.zeros((2, n), np.int32)
        self.found = zeros((len(words.cells), 4), np.int32)
        self.rows = zeros((max(1 << 17, len(words.cells)), 6), np.int64)
        self.index = np.zeros(1 << 18, np.int32)
        self.places = np.zeros(0, np.int32)
        self.heap = zeros((1 << 17, 3), np.int64)
        self.merged = np.zeros((n + loop.ROUND, 3), np.int32)
        self.state = np.zeros(8, np.int64)
        self.floor = self._first_floor()
        if self._leaves_out and symbols.prefix:
            self._see_marks()

    def _first_floor(self) -> int:
        """Return a count that the last merge will probably have, or not be far below.

        The counts of merges fall about as their numbers rise: most of the text's pairs, shared out
        among the merges, are more than the last of them has.
        """
        n_symbols = table.count_symbols(*self.words)
        return max(self.least, n_symbols // (_SHARE * self.wanted))

    @property
    def _leaves_out(self) -> bool:
        """Whether there may be pairs without a row that a symbol spelled again would need."""
        return self.floor > 0

    def _see_marks(self) -> None:
        """Give the pairs a row that are never to be left out, and write down what they spell."""
        seen = marked_text(self.words.cells, self.symbols)
        if seen is None:
            return
        self.lasting = seen.beginnings
        self.where[:] = 0
        self.where[: len(seen.where)] = seen.where
        n = len(seen.pairs)
        while 2 * n >= len(self.index):
            self._grow_rows()
        self.rows[:n] = 0
        self.rows[:n, table.KEY] = seen.pairs
        self.state[loop.N_ROWS] = n

    def _note(self, id: int, string: str) -> None:
        """Write down what the loop must know of the string of a symbol."""
        prefix = self.symbols.prefix
        self.hashes[id] = hashing.hashes_of([string], prefix)[0]
        self.careful[id] = len(string) < len(prefix) and prefix.startswith(string)

    def learn(self, progress: Progress | None) -> NDArray[np.int32]:
        """Merge until the vocabulary is full or no pair is as frequent as `least`.

        Returns: the pairs that were merged, (n, 2).
        """
        state, symbols = self.state, self.symbols
        state[loop.SYMBOLS], state[loop.MADE] = len(symbols), loop.ASK
        self._count_pairs()
        merges: list[NDArray[np.int32]] = []
        status = loop.PAUSE
        while status != loop.DONE:
            status = self._run()
            if state[loop.UNSURE] and self._leaves_out:
                raise FloorError
            # seldom, for what Python needs for it is in no cache while the loop runs
            if status in (loop.STRING, loop.FLOOR, loop.DONE) or self._is_full:
                merges.append(self._take_over())
            if progress is not None:
                progress(int(state[loop.SYMBOLS]), self.wanted)
            if status == loop.ROWS:
                self._grow_rows()
            elif status == loop.PLACES:
                self.places = _doubled(self.places)
            elif status == loop.HEAP:
                self.heap = _doubled(self.heap)
            elif status == loop.STRING:
                state[loop.MADE] = self._decide()
            elif status == loop.FLOOR and not self._lower_floor():
                break
        return np.concatenate(merges)

    def _run(self) -> int:
        return loop.learn(
            *(*self.words, self.lengths, self.hashes, self.careful, self.known),
            *(self.lasting, self.where),
            *(self.index, self.rows, self.places, self.heap, self.around, self.tallies),
            *(self.row_at, self.found, self.merged, self.state),
            *(self.wanted, self.least, self.floor, self.limit),
        )

    def _lower_floor(self) -> bool:
        """Count the pairs anew, those below the floor with them; False if none can be due.

        Raises: FloorError if pairs that were formed again still wait: they may come up by a count
                below `least`, and be due all the same.
        """
        if self.floor <= self.least:
            rows = self.rows[: self.state[loop.N_ROWS]]
            if np.any((rows[:, table.MERGED] >= table.TWICE) & (rows[:, table.LENGTH] > 0)):
                raise FloorError
            return False
        self.floor = max(self.least, self.floor // _LOWER)
        self._count_pairs()
        return True

    def _count_pairs(self) -> None:
        """Enter all pairs from the floor on in the table, and empty the queue.

        At first others too, if there is room: symbols of one character form few pairs.
        """
        state = self.state
        cells, weights = self.words
        text = cells, weights, self.lengths, self.limit
        n_lasting, n_kept, places = self._keep_rows(int(state[loop.N_ROWS]))
        is_first, sums = not len(self.places), np.zeros(0, np.int64)
        row_at = self._room_behind(len(places) + len(cells))[: len(cells)]
        while True:
            if not (is_first or len(sums)):
                sums = np.zeros(_SUMS, np.int64)
                table.sum_pairs(*text, self.rows, n_kept, self.floor, sums)
            self.index.fill(table.EMPTY)
            table.index_rows(self.index, self.rows, n_kept)
            n_rows, n_places = table.enter_pairs(
                *(*text, self.floor, sums, self.hashes, self.lasting[: None if n_lasting else 0]),
                *(self.index, self.rows, n_kept, row_at),
            )
            if n_rows >= 0:
                break
            if not is_first:
                self._grow_rows()
            is_first = False
            others = self.rows[n_lasting:n_kept]
            others[:, table.LENGTH] = 0
            others[others[:, table.MERGED] == 0, table.COUNT] = 0
        n_places += len(places)
        self.places[: len(places)] = places
        highest = table.enter_places(row_at, self.rows, n_lasting, n_rows, self.places, len(places))
        waiting = self.rows[:n_lasting][self.rows[:n_lasting, table.LENGTH] > 0, table.STORED]
        state[loop.N_ROWS], state[loop.N_PLACES] = n_rows, n_places
        state[loop.SIZE], state[loop.THRESHOLD] = 0, max(highest, waiting.max(initial=0)) + 1

    def _room_behind(self, n_places: int) -> NDArray[np.int32]:
        """Return what is behind so many places: as many others that are not in use yet, or more."""
        if 2 * n_places > len(self.places):
            self.places = zeros(_PLACES * n_places + 1024, np.int32)
        return self.places[n_places:]

    def _keep_rows(self, n_rows: int) -> tuple[int, int, NDArray[np.int32]]:
        """Keep the rows of pairs that last, and of those that have been merged before.

        Returns: how many rows last; how many stay; the places of those that last, which they begin
                 at now, in the same order as before. The first time no row has places.
        """
        if not len(self.places):
            return 0, n_rows, self.places
        rows, lasts = self.rows[:n_rows], np.zeros(n_rows, bool)
        if len(self.lasting) > 1:
            table.find_lasting(rows, n_rows, self.hashes, self.lasting, lasts)
        found = np.flatnonzero(lasts)
        found = found[np.argsort(rows[found, table.START], kind="stable")]
        kept, numbers = rows[found], np.zeros(n_rows, np.int64)
        numbers[found] = np.arange(len(found))
        again = kept[:, table.MERGED] >= table.AGAIN
        owners = kept[again, table.MERGED] - table.AGAIN
        kept[again, table.MERGED] = table.AGAIN + numbers[owners]
        lengths = kept[:, table.LENGTH]
        starts = np.cumsum(lengths) - lengths
        from_there = np.repeat(kept[:, table.START] - starts, lengths)
        places = self.places[from_there + np.arange(len(from_there))]
        kept[:, table.START] = starts
        merged = rows[~lasts & (rows[:, table.MERGED] > 0)]
        merged[:, (table.START, table.LENGTH)] = 0
        n_kept = len(kept) + len(merged)
        self.rows[: len(kept)], self.rows[len(kept) : n_kept] = kept, merged
        return len(kept), n_kept, places

    def _take_over(self) -> NDArray[np.int32]:
        """Give the symbols that the loop has made their strings; return the pairs, (n, 2)."""
        merged = self.merged[: self.state[loop.N_MERGES]]
        assert self.strings.join(merged), "a symbol was met as another"
        self.state[loop.N_MERGES] = 0
        return merged[:, :2].copy()

    @property
    def _is_full(self) -> bool:
        """Whether there is no room for the merges of another round."""
        return self.state[loop.N_MERGES] + loop.ROUND > len(self.merged)

    def _decide(self) -> int:
        """Return what the pair on top becomes, seen as a string."""
        row = int(self.heap[0, 0])
        left, right = divmod(int(self.rows[row, table.KEY]), 1 << 32)
        string = self.symbols.joined((left, right))
        if string in self.symbols.reserved:
            return loop.FORBIDDEN
        made = self.symbols.ids.get(string, len(self.symbols))
        if made == len(self.symbols):
            self._note(made, string)
        elif self.limit and self.lengths[made] != self.lengths[left] + self.lengths[right]:
            raise InexactError
        return made

    def _grow_rows(self) -> None:
        if len(self.rows) < len(self.index):
            self.rows = _doubled(self.rows)
        self.index = np.full(2 * len(self.index), table.EMPTY, np.int32)
        table.index_rows(self.index, self.rows, int(self.state[loop.N_ROWS]))


class FullLearner(Learner):
    """The same without floors: every pair has its row, down to those that have died out."""

    def _first_floor(self) -> int:
        return 0


class LikelihoodLearner(Learner):
    """The same for merging by likelihood."""

    def _first_floor(self) -> int:
        return 1  # any pair may come to score high

    def _count_pairs(self) -> None:
        super()._count_pairs()
        n = len(self.lengths)
        self.heads = np.full((2, n), likelihood.NO_ROW, np.int32)
        self.symbol_counts = np.zeros(n, np.int64)
        likelihood.count_by_symbol(*self.words, self.symbol_counts)
        if int(self.symbol_counts.max()) ** 2 >= _EXACT:
            raise InexactError
        self._make_room()
        n_rows = int(self.state[loop.N_ROWS])
        likelihood.link_rows(self.rows, 0, n_rows, self.links, self.heads)
        self.state[loop.SIZE] = likelihood.enter_rows(
            *(self.scores, self.heap, self.rows, n_rows, self.symbol_counts, self.least)
        )

    @property
    def _leaves_out(self) -> bool:
        return False

    links = np.zeros((0, 2), np.int32)
    scores = np.zeros(0)

    def _make_room(self) -> None:
        """Give every row its links and enough entries of the queue."""
        n_rows = len(self.index) // 2
        self.links = longer(self.links, n_rows)
        n_entries = 5 * n_rows + 6 * len(self.lengths)
        self.heap, self.scores = longer(self.heap, n_entries), longer(self.scores, n_entries)

    def _grow_rows(self) -> None:
        super()._grow_rows()
        self._make_room()

    def _run(self) -> int:
        return likelihood.learn_by_likelihood(
            *(*self.words, self.lengths, self.hashes, self.careful, self.known),
            *(self.index, self.rows, self.places, self.heap, self.around, self.tallies),
            *(self.row_at, self.found, self.merged, self.state),
            *(self.wanted, self.least),
            *(self.scores, self.links, self.heads, self.symbol_counts),
        )


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of twice the length that begins as `array`."""
    return longer(array, 2 * len(array))
