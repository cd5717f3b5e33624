"""Distinct-n: how many of the n-grams of all texts are different ones.

Source: Li et al. 2016, arXiv:1510.03055, sec. 5.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def ngrams(words: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """Yield the runs of n words of a text, in order.

    Example:
        >>> list(ngrams("a b c".split(), 2))
        [('a', 'b'), ('b', 'c')]
    """
    return (tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def distinct_n(texts: Sequence[str], n: int) -> float:
    """Return the number of different n-grams by that of all, over all texts; 0 if there is none.

    Example:
        >>> distinct_n(["a b a b", "a b"], 2)  # a b, b a; a b comes three times
        0.5
    """
    found = [ngram for text in texts for ngram in ngrams(text.split(), n)]
    return len(set(found)) / len(found) if found else 0.0
