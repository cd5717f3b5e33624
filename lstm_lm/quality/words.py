"""Words that exist: those of the training text. A word model makes no others; pieces can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def share_of_known_words(texts: Sequence[str], training: Iterable[str]) -> float:
    """Return the share of the texts' words, repetitions counted, that the training text has.

    Example:
        >>> share_of_known_words(["the catful sat", "the"], ["the cat sat"])
        0.75
    """
    words = [word for text in texts for word in text.split()]
    wanted, known = set(words), set[str]()
    for document in training:
        known.update(wanted.intersection(document.split()))
    return sum(word in known for word in words) / len(words) if words else 0.0
