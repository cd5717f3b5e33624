"""A corpus in the middle of training, counted exactly: which pairs are best, and how many of them.

Adds to `trace.py` speed enough for real corpora; shares no code with the trainers, so that it can
check them. Words that a merge touches are taken out of the counts, rewritten and counted again.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

Pair = tuple[int, int]


class Recount:
    """Words as they are cut at one moment of training, with the score of every pair in them.

    Args:
        words: distinct words as symbol ids; occurrences: of each word.
        likelihood: score a pair by count(ab) / (count(a) count(b)) rather than by count(ab).
        allowed: (pair, count) -> whether the trainer may merge it.
    """

    def __init__(
        self,
        words: Sequence[Sequence[int]],
        occurrences: Sequence[int],
        *,
        likelihood: bool = False,
        allowed: Callable[[Pair, int], bool] = lambda pair, count: True,
    ) -> None:
        self._words = [list(word) for word in words]
        self._occurrences = occurrences
        self._likelihood, self._allowed = likelihood, allowed
        self.pair_counts: dict[Pair, int] = defaultdict(int)
        self._symbol_counts: dict[int, int] = defaultdict(int)
        self._places: dict[Pair, set[int]] = defaultdict(set)
        self._pairs_with: dict[int, set[Pair]] = defaultdict(set)
        self._scores: dict[Pair, float] = {}
        self._pairs_of_score: dict[float, set[Pair]] = defaultdict(set)
        self._queue: list[float] = []  # negative scores, also of sets that are empty by now
        changed = {pair for index in range(len(words)) for pair in self._count(index, 1)}
        for pair in changed:
            self._rescore(pair)

    def best(self) -> tuple[float, set[Pair]]:
        """Return the highest score and the pairs that have it; (0, empty) if there is no pair."""
        while self._queue:
            pairs = self._pairs_of_score.get(-self._queue[0])
            if pairs:
                return -self._queue[0], pairs
            self._pairs_of_score.pop(-heapq.heappop(self._queue), None)
        return 0.0, set()

    def score(self, pair: Pair) -> float:
        """Return the score of a pair; 0 where the trainer may not merge it or it does not occur."""
        return self._scores.get(pair, 0.0)

    def rank(self, pair: Pair) -> tuple[float, int, Pair]:
        """Return what our trainers choose the smallest of: score, then count, then lowest ids."""
        return -self.score(pair), -self.pair_counts.get(pair, 0), pair

    def merge(self, pair: Pair, new: int) -> None:
        """Replace `pair` by `new` in every word, from left to right, and count again."""
        changed: set[Pair] = set()
        for index in list(self._places[pair]):
            changed.update(self._count(index, -1))
            self._words[index] = replaced(self._words[index], pair, new)
            changed.update(self._count(index, 1))
        if self._likelihood:
            for symbol in (*pair, new):
                changed |= self._pairs_with[symbol]
        for touched in changed:
            self._rescore(touched)

    def _count(self, index: int, sign: int) -> list[Pair]:
        """Add (1) or take away (-1) a word from all counts; return its pairs."""
        word, count = self._words[index], sign * self._occurrences[index]
        for symbol in word:
            self._symbol_counts[symbol] += count
        pairs = list(pairwise(word))
        for pair in pairs:
            self.pair_counts[pair] += count
            if sign > 0:
                self._places[pair].add(index)
                self._pairs_with[pair[0]].add(pair)
                self._pairs_with[pair[1]].add(pair)
            else:
                self._places[pair].discard(index)
        return pairs

    def _rescore(self, pair: Pair) -> None:
        old = self._scores.pop(pair, None)
        if old is not None:
            self._pairs_of_score[old].discard(pair)
        count = self.pair_counts[pair]
        if not count:
            del self.pair_counts[pair]
            for symbol in pair:
                self._pairs_with[symbol].discard(pair)
            return
        if not self._allowed(pair, count):
            return
        score: float = count
        if self._likelihood:
            score = count / (self._symbol_counts[pair[0]] * self._symbol_counts[pair[1]])
        self._scores[pair] = score
        if not self._pairs_of_score[score]:
            heapq.heappush(self._queue, -score)
        self._pairs_of_score[score].add(pair)


def replaced(word: list[int], pair: Pair, new: int) -> list[int]:
    """Return `word` with every occurrence of `pair`, from the left, replaced by `new`.

    Example:
        >>> replaced([1, 1, 1, 2], (1, 1), 3)
        [3, 1, 2]
    """
    result: list[int] = []
    i = 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            result.append(new)
            i += 2
        else:
            result.append(word[i])
            i += 1
    return result
