"""What was copied from the training text: the share of n-grams, and the longest span.

Only the texts are held in memory, in a set of n-grams and a suffix automaton; the training text
streams by once for each, in time linear in its words, however long it is.
Source: Blumer et al. 1985, "The smallest automaton recognizing the subwords of a text".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lstm_lm.quality.diversity import ngrams


def copy_rate(texts: Sequence[str], training: Iterable[str], n: int) -> float:
    """Return the share of the texts' n-grams of words that a training document holds.

    Example:
        >>> copy_rate(["a b c d"], ["x a b c"], 2)  # a b, b c are there; c d is not
        0.6666666666666666
    """
    found = [ngram for text in texts for ngram in ngrams(text.split(), n)]
    wanted = set(found)
    copied: set[tuple[str, ...]] = set()
    for document in training:
        copied.update(wanted.intersection(ngrams(document.split(), n)))
    return sum(ngram in copied for ngram in found) / len(found) if found else 0.0


def longest_copy(texts: Sequence[str], training: Iterable[str]) -> str:
    """Return the longest run of words that stands in a text and in a training document.

    Of equally long ones, that which comes first in the training text.

    Example:
        >>> longest_copy(["so we say the cat sat", "a dog"], ["the cat ran", "then the cat sat"])
        'the cat sat'
    """
    automaton = _SuffixAutomaton()
    for number, text in enumerate(texts):
        for word in [*text.split(), number]:  # a number is no word: nothing runs over it
            automaton.add(word)
    best: list[str] = []
    for document in training:
        words = document.split()
        state, length = 0, 0
        for i, word in enumerate(words, 1):
            state, length = automaton.follow(word, state, length)
            if length > len(best):
                best = words[i - length : i]
    return " ".join(best)


class _SuffixAutomaton:
    """Recognises every run of what was added. A state holds runs that end at the same places."""

    def __init__(self) -> None:
        self._next: list[dict[str | int, int]] = [{}]
        self._link = [-1]  # the state of the longest ending that is in another state
        self._length = [0]  # of the longest run of the state
        self._last = 0

    def add(self, word: str | int) -> None:
        """Add one word at the end."""
        new = self._state({}, self._length[self._last] + 1, 0)
        state, self._last = self._last, new
        while state >= 0 and word not in self._next[state]:
            self._next[state][word] = new
            state = self._link[state]
        if state < 0:
            return
        after = self._next[state][word]
        if self._length[after] == self._length[state] + 1:
            self._link[new] = after
            return
        clone = self._state(dict(self._next[after]), self._length[state] + 1, self._link[after])
        while state >= 0 and self._next[state].get(word) == after:
            self._next[state][word] = clone
            state = self._link[state]
        self._link[after] = self._link[new] = clone

    def _state(self, following: dict[str | int, int], length: int, link: int) -> int:
        self._next.append(following)
        self._length.append(length)
        self._link.append(link)
        return len(self._link) - 1

    def follow(self, word: str, state: int, length: int) -> tuple[int, int]:
        """Return state and length of the longest known run that ends with this word."""
        while state and word not in self._next[state]:
            state = self._link[state]
            length = self._length[state]
        if word not in self._next[state]:
            return 0, 0
        return self._next[state][word], length + 1
