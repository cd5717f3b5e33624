"""Learning merges with the compiled loop: the arrays, their growth, and the strings of symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels import bpe_training as loop
from toktools.training import merging
from toktools.training.merging import Pair, Progress, Symbols

_BASE = 0x9E3779B97F4A7C15 | 1
_WORD = (1 << 64) - 1


def learn_merges(
    words: Sequence[Sequence[int]],
    counts: Sequence[int],
    symbols: Symbols,
    *,
    vocab_size: int,
    min_frequency: int = 1,
    progress: Progress | None = None,
) -> list[Pair]:
    """Merge as `toktools.training.merging.learn_merges` does; `words` are left as they are.

    Counts of pairs must stay below 2^63.
    """
    text, word_of = _pack(words)
    learner = Learner(text, word_of, np.array(counts, np.int64), symbols, vocab_size)
    n_before = len(symbols)
    try:
        return learner.learn(max(min_frequency, 1), progress)
    except _UnequalSpansError:
        for string in symbols.strings[n_before:]:
            del symbols.ids[string]
        del symbols.strings[n_before:]
    options: dict[str, Any] = {"vocab_size": vocab_size, "min_frequency": min_frequency}
    copies = [list(word) for word in words]
    return merging.learn_merges(copies, list(counts), symbols, **options, progress=progress)


class _UnequalSpansError(Exception):
    """One symbol stands for strings of unequal length: "##" + "a" as text, and a marked "a".

    Only text that holds the prefix itself comes to this. The loop knows one span for each symbol.
    """


def _pack(words: Sequence[Sequence[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return all words in one array with -1 around each, and the number of the word at each."""
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    ends = np.cumsum(lengths + 1)
    text = np.full(int(ends[-1]) + 1 if len(words) else 1, -1, np.int32)
    inside = np.ones(len(text), bool)
    inside[0] = False
    inside[ends] = False
    text[inside] = np.fromiter((s for word in words for s in word), np.int32, int(lengths.sum()))
    word_of = np.zeros(len(text), np.int32)
    word_of[inside] = np.repeat(np.arange(len(words), dtype=np.int32), lengths)
    return text, word_of


class Learner:
    """The state of learning, and what the compiled loop cannot do: room and strings.

    Args:
        text: int32 (n,), the words' symbols with -1 around each word; changed.
        word_of: int32 (n,), number of the word at each position.
        counts: int64 (n_words,).
        symbols: specials and alphabet; grows by what is merged.
        vocab_size: symbols wanted.
    """

    def __init__(
        self,
        text: NDArray[np.int32],
        word_of: NDArray[np.int32],
        counts: NDArray[np.int64],
        symbols: Symbols,
        vocab_size: int,
    ) -> None:
        self.text, self.word_of, self.counts = text, word_of, counts
        self.symbols, self.wanted = symbols, vocab_size
        n = max(vocab_size, len(symbols)) + 1
        self.spans = np.ones(n, np.int32)
        self.hashes = np.zeros((n, 3), np.uint64)
        self.known = np.zeros(1 << (4 * n).bit_length(), np.uint64)
        for id, string in enumerate(symbols.strings):
            self.hashes[id] = self._hashes(string, symbols)
            loop.add_known(self.known, self.hashes[id, loop.FULL])
        self.around = np.zeros((2, n), np.int32)
        self.weights = np.zeros((2, n), np.int64)
        self.numbers = np.zeros((2, n), np.int32)
        self.row_at = np.zeros((2, n), np.int32)
        self.found = np.zeros((3, len(text)), np.int32)
        self.rows = np.zeros((1 << 17, 5), np.int64)
        self.index = np.full(1 << 18, loop.EMPTY, np.int32)
        self.places = np.zeros(3 * len(text) + 16, np.int32)
        self.heap = np.zeros((1 << 17, 2), np.int64)
        self.merged = np.zeros((max(n, loop.ROUND), 3), np.int32)
        self.state = np.zeros(7, np.int64)

    @staticmethod
    def _hashes(string: str, symbols: Symbols) -> tuple[int, int, int]:
        def polynomial(s: str) -> int:
            h = 0
            for character in s:
                h = (h * _BASE + ord(character) + 1) & _WORD
            return h

        content = string.removeprefix(symbols.prefix)
        return polynomial(string), polynomial(content), pow(_BASE, len(content), 1 << 64)

    def learn(self, least: int, progress: Progress | None) -> list[Pair]:
        """Merge until the vocabulary is full or no pair is as frequent as `least`."""
        state, symbols = self.state, self.symbols
        while len(self.rows) < 2 * len(self.symbols) ** 2 and len(self.rows) < 2 * len(self.text):
            self._grow_rows()
        n_rows = loop.count_pairs(
            self.text, self.word_of, self.counts, self.index, self.rows, self.places
        )
        state[loop.N_ROWS] = n_rows
        state[loop.N_PLACES] = self.rows[:n_rows, loop.LENGTH].sum()
        state[loop.SYMBOLS] = len(symbols)
        state[loop.THRESHOLD] = int(self.rows[:n_rows, loop.COUNT].max(initial=0)) + 1
        state[loop.MADE] = loop.ASK
        merges: dict[Pair, None] = {}
        status = loop.PAUSE
        while status != loop.DONE:
            status = self._run(least)
            self._take_over(merges)
            if progress is not None:
                progress(len(symbols), self.wanted)
            if status == loop.ROWS:
                self._grow_rows()
            elif status == loop.PLACES:
                self.places = _doubled(self.places)
            elif status == loop.HEAP:
                self.heap = _doubled(self.heap)
            elif status == loop.STRING:
                state[loop.MADE] = self._decide()
        return list(merges)

    def _run(self, least: int) -> int:
        return loop.learn(
            *(self.text, self.word_of, self.counts, self.spans, self.hashes, self.known),
            *(self.index, self.rows, self.places, self.heap, self.around, self.weights),
            *(self.numbers, self.row_at, self.found, self.merged, self.state),
            self.wanted,
            least,
            len(self.symbols.prefix),
        )

    def _take_over(self, merges: dict[Pair, None]) -> None:
        """Give the symbols and merges that the loop has made their strings."""
        n = int(self.state[loop.N_MERGES])
        for left, right, made in self.merged[:n].tolist():
            pair = (left, right)
            id = self.symbols.join(pair)
            assert id == made, f"symbol {made} was met as {id}"
            merges.pop(pair, None)
            merges[pair] = None
        self.state[loop.N_MERGES] = 0

    def _decide(self) -> int:
        """Return what the pair on top becomes, seen as a string."""
        row = self.rows[self.heap[0, 0]]
        string = self.symbols.joined((int(row[loop.LEFT]), int(row[loop.RIGHT])))
        if string in self.symbols.reserved:
            return loop.FORBIDDEN
        made = self.symbols.ids.get(string, len(self.symbols))
        if made == len(self.symbols):
            self.hashes[made] = self._hashes(string, self.symbols)
        elif self.spans[made] != self.spans[row[loop.LEFT]] + self.spans[row[loop.RIGHT]]:
            raise _UnequalSpansError
        return made

    def _grow_rows(self) -> None:
        self.rows = _doubled(self.rows)
        self.index = np.full(2 * len(self.index), loop.EMPTY, np.int32)
        loop.index_rows(self.index, self.rows, int(self.state[loop.N_ROWS]))


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of twice the length that begins as `array`."""
    larger = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
