"""Learning merges and applying them: what BPE and frequency WordPiece share.

Letters: a word is a list of symbol ids, a pair is two neighbours in a word, and a merge replaces
every occurrence of a pair, from left to right, by one new symbol.

The most frequent pair is merged first; among equals, the pair with the lowest ids. Counting follows
the Hugging Face trainer to the letter, because parity with it is a promise of this project. That
includes three habits worth knowing:

- neighbours count as they overlap: "aaa" holds the pair (a, a) twice;
- a merged pair keeps its own count. If later merges form the pair anew (possible, since different
  merges can spell the same token), the new occurrences come on top of it;
- such a pair is merged again, and takes its rank from the last time.

And one that shows only where `max_token_length` meets marks that are text too: a pair that is too
long to be counted when it is formed is still taken off when it is broken, and a count that falls
below zero so is read as a huge one (the library casts it to an unsigned number).

Counts are Python's whole numbers and never overflow; the library's have 32 bits (its issue 2058).

Source: Sennrich et al. 2016, arXiv:1508.07909, sec. 3.2; the habits were read off the library's
behaviour and source (huggingface/tokenizers, models/bpe/trainer.rs).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from toktools.errors import ToktoolsError

Pair = tuple[int, int]
Progress = Callable[[int, int], object]
"""Called with (tokens so far, tokens wanted) as a vocabulary grows."""


class Symbols:
    """The growing vocabulary of a trainer: strings by id, ids by string.

    Args:
        reserved: special tokens. They take the first ids, and no merge may spell one.
        continuing_prefix: what marks a symbol that continues a word ("##"), or "".
    """

    def __init__(self, reserved: Iterable[str] = (), continuing_prefix: str = "") -> None:
        self.strings: list[str] = list(reserved)
        self.reserved = frozenset(self.strings)
        self.ids = {string: i for i, string in enumerate(self.strings)}
        self.prefix = continuing_prefix

    def __len__(self) -> int:
        return len(self.strings)

    def add(self, string: str) -> int:
        """Return the id of `string`, a new one if need be."""
        if string not in self.ids:
            self.ids[string] = len(self.strings)
            self.strings.append(string)
        return self.ids[string]

    def add_alphabet(self, characters: Iterable[str]) -> None:
        """Add base symbols; ToktoolsError if one of them is a special token."""
        for character in characters:
            if character in self.reserved:
                raise ToktoolsError(
                    f"special token {character!r} is a character of the text; name it otherwise"
                )
            self.add(character)

    def joined(self, pair: Pair) -> str:
        """Return the string that merging `pair` spells."""
        left, right = self.strings[pair[0]], self.strings[pair[1]]
        return left + right.removeprefix(self.prefix)

    def join(self, pair: Pair) -> int:
        """Return the id of what merging `pair` spells, a new one if need be."""
        return self.add(self.joined(pair))


def count_pairs(
    words: list[list[int]], counts: list[int]
) -> tuple[dict[Pair, int], dict[Pair, set[int]]]:
    """Return each pair's count, and the indices of the words that hold it."""
    pair_counts: dict[Pair, int] = defaultdict(int)
    places: dict[Pair, set[int]] = defaultdict(set)
    for index, word in enumerate(words):
        for pair in pairwise(word):
            pair_counts[pair] += counts[index]
            places[pair].add(index)
    return pair_counts, places


def merge_in_word(
    word: list[int], pair: Pair, new: int, lengths: list[int] | None = None, limit: int = 0
) -> Iterator[tuple[Pair, int]]:
    """Merge `pair` into `new` throughout `word`, in place.

    Args:   lengths: of the symbols, in base symbols; kept up to date. None: no pair is too long.
            limit: a pair of this length is not told of when it is formed.
    Yields: the pairs that this breaks, with -1, and the pairs that it forms, with +1.
    Example:
        >>> word = [8, 1, 2, 9]
        >>> list(merge_in_word(word, (1, 2), 3)), word
        ([((8, 1), -1), ((8, 3), 1), ((2, 9), -1), ((3, 9), 1)], [8, 3, 9])
    """
    left, right = pair
    i = -1
    while True:
        try:
            i = word.index(left, i + 1)
        except ValueError:
            return
        if i + 1 == len(word) or word[i + 1] != right:
            continue
        word[i : i + 2] = [new]
        if lengths is not None:
            lengths[i : i + 2] = [lengths[i] + lengths[i + 1]]
        if i > 0:
            yield (word[i - 1], left), -1
            if lengths is None or lengths[i - 1] + lengths[i] < limit:
                yield (word[i - 1], new), 1
        if i + 1 < len(word):
            yield (right, word[i + 1]), -1
            if lengths is None or lengths[i] + lengths[i + 1] < limit:
                yield (new, word[i + 1]), 1


class _Queue:
    """Pairs by count, the most frequent first, and where they stand.

    A pair may stand in it more than once, each time with the words in which it was formed then.
    """

    def __init__(self, counts: dict[Pair, int], places: dict[Pair, set[int]]) -> None:
        self._counts = counts
        self._entries = [(-n, pair, 0, places[pair]) for pair, n in counts.items()]
        heapq.heapify(self._entries)
        self._n_pushed = 0  # keeps the heap from comparing sets
        self._huge = 1 << (64 + sum(counts.values()).bit_length())  # more than any count

    def push(self, pair: Pair, places: set[int]) -> None:
        """Add a pair that a merge has formed in these words."""
        if self._counts[pair] > 0:
            self._n_pushed += 1
            heapq.heappush(self._entries, (-self._counts[pair], pair, self._n_pushed, places))

    def pop(self, least: int) -> tuple[Pair, set[int]] | None:
        """Return the pair to merge next and its words; None if none is as frequent as `least`."""
        while self._entries:
            negative_count, pair, number, places = self._entries[0]
            count = self._counts[pair]
            count += 0 if count >= 0 else self._huge  # as the library reads it
            if count == -negative_count:
                heapq.heappop(self._entries)
                return (pair, places) if count >= max(least, 1) else None
            heapq.heapreplace(self._entries, (-count, pair, number, places))
        return None


def learn_merges(
    words: list[list[int]],
    counts: list[int],
    symbols: Symbols,
    *,
    vocab_size: int,
    min_frequency: int = 1,
    max_token_length: int | None = None,
    progress: Progress | None = None,
) -> list[Pair]:
    """Merge the most frequent pair, again and again, until the vocabulary is full.

    Args:
        words: distinct words as lists of ids of `symbols`; changed in place.
        counts: occurrences of each word.
        symbols: specials and alphabet; grows by what is merged.
        vocab_size: stop when there are this many symbols.
        min_frequency: stop when no pair is this frequent.
        max_token_length: form a pair only if it spells fewer base symbols than this (pairs of two
            base symbols are always allowed; the bound is the Hugging Face trainer's).
        progress: told of every new symbol.
    Returns: the merges, in order of rank; a pair that was merged twice stands where it was last.
    """
    pair_counts, places = count_pairs(words, counts)
    queue = _Queue(pair_counts, places)
    limit = max_token_length or 0
    lengths = [[1] * len(word) if limit else None for word in words]
    merges: dict[Pair, None] = {}  # an ordered set
    while len(symbols) < vocab_size and (best := queue.pop(min_frequency)):
        pair, indices = best
        if symbols.joined(pair) in symbols.reserved:
            continue
        new = symbols.join(pair)
        merges.pop(pair, None)
        merges[pair] = None
        formed: dict[Pair, set[int]] = defaultdict(set)
        for index in indices:
            changes = merge_in_word(words[index], pair, new, lengths[index], limit)
            for changed, sign in changes:
                pair_counts[changed] += sign * counts[index]
                if sign > 0:
                    formed[changed].add(index)
        for formed_pair, formed_in in formed.items():
            queue.push(formed_pair, formed_in)
        if progress is not None:
            progress(len(symbols), vocab_size)
    return list(merges)


def apply_merges(word: list[int], merges: dict[Pair, tuple[int, int]]) -> list[int]:
    """Merge the pair of lowest rank first, the leftmost among equals, until none is left.

    A heap holds the pairs that might be merged, and links skip what was, so that a word of n
    symbols takes O(n log n).

    Args:    word: symbol ids; merges: pair -> (rank, id of the merged symbol).
    Returns: a new list of ids.
    Example:
        >>> apply_merges([1, 2, 1, 2, 3], {(1, 2): (0, 4), (4, 3): (1, 5)})
        [4, 5]
    """
    n = len(word)
    if n < 2:
        return list(word)
    word = list(word)
    following, preceding = list(range(1, n + 1)), list(range(-1, n - 1))
    queue = [(*merges[pair], i) for i, pair in enumerate(pairwise(word)) if pair in merges]
    heapq.heapify(queue)

    def offer(i: int, j: int) -> None:
        merge = merges.get((word[i], word[j]))
        if merge is not None:
            heapq.heappush(queue, (*merge, i))

    while queue:
        _, new, i = heapq.heappop(queue)
        j = following[i]
        if word[i] < 0 or j >= n:  # the left symbol was swallowed, or the right one is gone
            continue
        if merges.get((word[i], word[j]), (0, -1))[1] != new:  # another pair stands here by now
            continue
        word[i], word[j] = new, -1
        following[i] = after = following[j]
        if after < n:
            preceding[after] = i
            offer(i, after)
        if preceding[i] >= 0:
            offer(preceding[i], i)
    return [id for id in word if id >= 0]
