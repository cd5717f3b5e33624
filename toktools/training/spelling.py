"""The distinct words of a corpus, written in symbols, as learners want them.

Two classes with the same methods: `Speller` for counts in a mapping of any kind, and, in
`packed_spelling.py`, `PackedSpeller` for those that the compiled loops have counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from toktools.training.marks import Marks
from toktools.unicode.byte_alphabet import spell

if TYPE_CHECKING:
    from toktools.kernels.packed_words import PackedWords

WordLists = tuple[list[list[int]], list[int]]


class Speller:
    """Writes words in symbols.

    Args:
        counts: words and their occurrences: a Counter, or counts on disk.
        marks: how words are marked; by_byte: whether a character is a byte.
    Attributes:
        base: symbol -> id, to be set once the alphabet is chosen. Characters that are not in it,
            unmarked, are left out of the words.
    Example:
        >>> speller = Speller(Counter(hug=2), Marks("##"), by_byte=False)
        >>> sorted(speller.marked(["h", "u"]))
        ['##u', 'h']
        >>> speller.base = {"h": 0, "u": 1, "##u": 2}
        >>> speller.lists()
        ([[0, 2]], [2])
    """

    def __init__(self, counts: Any, marks: Marks, *, by_byte: bool) -> None:
        self._counts, self._marks, self._by_byte = counts, marks, by_byte
        self.base: Mapping[str, int] = {}

    def _characters(self, word: str) -> str:
        return spell(word.encode()) if self._by_byte else word

    def character_counts(self) -> Counter[str]:
        """Return how often each character occurs."""
        totals: Counter[str] = Counter()
        for word, count in self._counts.items():
            for character in self._characters(word):
                totals[character] += count
        return totals

    def marked(self, alphabet: Container[str]) -> set[str]:
        """Return the symbols, marked or not, that the words are spelled in.

        Args: alphabet: the characters; others are left out.
        """
        marks = self._marks
        return {
            symbol
            for word, _ in self._counts.items()
            for symbol in marks.spell(self._characters(word), alphabet)
        }

    def spelled(self) -> Iterator[tuple[list[int], int]]:
        """Yield each word as ids of base symbols, and its count."""
        marks, base = self._marks, self.base
        for word, count in self._counts.items():
            yield [base[symbol] for symbol in marks.spell(self._characters(word), base)], count

    def lists(self) -> WordLists:
        """Return all words, as ids of symbols, and all counts."""
        words: list[list[int]] = []
        counts: list[int] = []
        for word, count in self.spelled():
            words.append(word)
            counts.append(count)
        return words, counts

    def size(self) -> tuple[int, int]:
        """Return how many characters there are in the words, and in the corpus."""
        n, total = 0, 0
        for word, count in self._counts.items():
            length = len(self._characters(word))
            n, total = n + length, total + length * count
        return n, total

    def packed(self) -> PackedWords:
        """Return all words as the compiled loops want them; counts must be below 2^63."""
        from toktools.kernels.packed_words import pack

        return pack(*self.lists())
