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
        self.lengths = [0] * len(self.strings)
        self._prefix = continuing_prefix

    def __len__(self) -> int:
        return len(self.strings)

    def add(self, string: str, length: int) -> int:
        """Return the id of `string`, a new one if need be; `length` is in base symbols."""
        if string not in self.ids:
            self.ids[string] = len(self.strings)
            self.strings.append(string)
            self.lengths.append(length)
        return self.ids[string]

    def add_alphabet(self, characters: Iterable[str]) -> None:
        """Add base symbols; ToktoolsError if one of them is a special token."""
        for character in characters:
            if character in self.reserved:
                raise ToktoolsError(
                    f"special token {character!r} is a character of the text; name it otherwise"
                )
            self.add(character, 1)

    def joined(self, pair: Pair) -> str:
        """Return the string that merging `pair` spells."""
        left, right = self.strings[pair[0]], self.strings[pair[1]]
        return left + right.removeprefix(self._prefix)

    def join(self, pair: Pair) -> int:
        """Return the id of what merging `pair` spells, a new one if need be."""
        return self.add(self.joined(pair), self.lengths[pair[0]] + self.lengths[pair[1]])


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


def merge_in_word(word: list[int], pair: Pair, new: int) -> Iterator[tuple[Pair, int]]:
    """Merge `pair` into `new` throughout `word`, in place.

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
        if i > 0:
            yield (word[i - 1], left), -1
            yield (word[i - 1], new), 1
        if i + 1 < len(word):
            yield (right, word[i + 1]), -1
            yield (new, word[i + 1]), 1


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
    queue = [(-n, pair, 0, places[pair]) for pair, n in pair_counts.items()]
    heapq.heapify(queue)
    merges: dict[Pair, None] = {}  # an ordered set
    entry_number = 0  # keeps the heap from comparing sets
    while queue and len(symbols) < vocab_size:
        negative_count, pair, number, indices = heapq.heappop(queue)
        if -negative_count != pair_counts[pair]:
            heapq.heappush(queue, (-pair_counts[pair], pair, number, indices))
            continue
        if -negative_count < max(min_frequency, 1):
            break
        if symbols.joined(pair) in symbols.reserved:
            continue
        new = symbols.join(pair)
        merges.pop(pair, None)
        merges[pair] = None
        formed: dict[Pair, set[int]] = defaultdict(set)
        for index in indices:
            for changed, sign in merge_in_word(words[index], pair, new):
                if sign > 0:
                    length = symbols.lengths[changed[0]] + symbols.lengths[changed[1]]
                    if max_token_length is not None and length >= max_token_length:
                        continue
                    formed[changed].add(index)
                pair_counts[changed] += sign * counts[index]
        for formed_pair, formed_in in formed.items():
            if pair_counts[formed_pair] > 0:
                entry_number += 1
                item = (-pair_counts[formed_pair], formed_pair, entry_number, formed_in)
                heapq.heappush(queue, item)
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
