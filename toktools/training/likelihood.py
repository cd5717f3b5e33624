"""Merging by likelihood: the criterion of WordPiece proper.

Where BPE merges the most frequent pair, this merges the pair that most raises the likelihood of the
corpus under a unigram model of its symbols: the pair whose parts occur together more often than
their own frequencies make likely,

    score(a, b) = count(ab) / (count(a) count(b)),

counted in the corpus as it is segmented at that moment. Among equal scores the more frequent pair
comes first, then the pair with the lowest ids. Scores are compared as float64.

Source: Schuster and Nakajima 2012, "Japanese and Korean voice search", sec. 3 (choose the new unit
that increases the likelihood most); the ratio is the usual approximation of that choice.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from itertools import pairwise

from toktools.training.merging import Pair, Progress, Symbols, count_pairs, merge_in_word

Rank = tuple[float, int, Pair]
"""(-score, -count, pair): the smallest is merged next."""


def learn_merges_by_likelihood(
    words: list[list[int]],
    counts: list[int],
    symbols: Symbols,
    *,
    vocab_size: int,
    min_frequency: int = 1,
    progress: Progress | None = None,
) -> list[Pair]:
    """Merge the pair of the highest score, again and again, until the vocabulary is full.

    Args and Returns: as `toktools.training.merging.learn_merges`; pairs seen fewer than
    `min_frequency` times are passed over, since a pair of symbols seen once scores highest.
    """
    corpus = _Corpus(words, counts)
    queue: list[Rank] = [corpus.rank(pair) for pair in corpus.pair_counts]
    heapq.heapify(queue)
    merges: dict[Pair, None] = {}  # an ordered set
    while queue and len(symbols) < vocab_size:
        rank = heapq.heappop(queue)
        pair = rank[2]
        if pair not in corpus.pair_counts or rank != corpus.rank(pair):
            continue  # out of date; the up-to-date entry is in the queue too
        if corpus.pair_counts[pair] < max(min_frequency, 1):
            continue
        if symbols.joined(pair) in symbols.reserved:
            continue
        merges.pop(pair, None)
        merges[pair] = None
        for changed in corpus.merge(pair, symbols.join(pair)):
            heapq.heappush(queue, corpus.rank(changed))
        if progress is not None:
            progress(len(symbols), vocab_size)
    return list(merges)


class _Corpus:
    """Words, and exact counts of their symbols and pairs."""

    def __init__(self, words: list[list[int]], counts: list[int]) -> None:
        self.words, self.counts = words, counts
        self.pair_counts, self.places = count_pairs(words, counts)
        self.symbol_counts: dict[int, int] = defaultdict(int)
        for word, count in zip(words, counts, strict=True):
            for symbol in word:
                self.symbol_counts[symbol] += count
        self.pairs_with: dict[int, set[Pair]] = defaultdict(set)
        for pair in self.pair_counts:
            self.pairs_with[pair[0]].add(pair)
            self.pairs_with[pair[1]].add(pair)

    def rank(self, pair: Pair) -> Rank:
        count = self.pair_counts[pair]
        score = count / (self.symbol_counts[pair[0]] * self.symbol_counts[pair[1]])
        return -score, -count, pair

    def merge(self, pair: Pair, new: int) -> set[Pair]:
        """Merge `pair` everywhere and return the pairs whose rank this changed."""
        for index in self.places.pop(pair):
            word, count = self.words[index], self.counts[index]
            for symbol in word:
                self.symbol_counts[symbol] -= count
            self._count_pairs(index, -count)
            for _ in merge_in_word(word, pair, new):
                pass
            for symbol in word:
                self.symbol_counts[symbol] += count
            self._count_pairs(index, count)
        return self.pairs_with[pair[0]] | self.pairs_with[pair[1]] | self.pairs_with[new]

    def _count_pairs(self, index: int, count: int) -> None:
        word = self.words[index]
        for pair in pairwise(word):
            self.pair_counts[pair] += count
            if count > 0:
                self.places[pair].add(index)
                self.pairs_with[pair[0]].add(pair)
                self.pairs_with[pair[1]].add(pair)
            elif not self.pair_counts[pair]:
                del self.pair_counts[pair]
                self.places.pop(pair, None)
                self.pairs_with[pair[0]].discard(pair)
                self.pairs_with[pair[1]].discard(pair)
