"""Titles of tokenizers as the study shows them: without options that all of a kind share."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPTION = re.compile(r", \w+=[^ ,]+")
_BY_LIKELIHOOD = ", criterion=likelihood"


def short_titles(titles: Sequence[str]) -> list[str]:
    """Return the titles without options but for the criterion; whole, where two would be the same.

    Example:
        >>> short_titles(["word, max_vocab=10000", "WordPiece 40, criterion=likelihood, a=5"])
        ['word', 'WordPiece 40 by likelihood']
        >>> short_titles(["word, max_vocab=10", "word, max_vocab=20"])
        ['word, max_vocab=10', 'word, max_vocab=20']
    """
    short = [shortened(title) for title in titles]
    return [
        title if short.count(own) > 1 else own for title, own in zip(titles, short, strict=True)
    ]


def shortened(text: str) -> str:
    """Return a text with every title in it shortened.

    Example:
        >>> shortened("word, max_vocab=10000 needs fewer bits than byte")
        'word needs fewer bits than byte'
    """
    return _OPTION.sub("", text.replace(_BY_LIKELIHOOD, " by likelihood"))
