"""Which tokens a word is cut into, by the characters that they stand for.

Words come from one fixed splitter that no tokenizer has a say in: a word is a run of anything but
white space. A token belongs to every word of which it covers a character. So a token of white space
alone belongs to none, and one that runs over a word's end belongs to two words.
"""

from __future__ import annotations

from collections.abc import Sequence

from toktools.pretokenizers import WhitespaceSplit

Span = tuple[int, int]
_SPLITTER = WhitespaceSplit()


def word_spans(text: str) -> list[Span]:
    """Return the half-open span of characters of each word of `text`.

    Example:
        >>> word_spans(" It's here.")
        [(1, 5), (6, 11)]
    """
    return _SPLITTER.split_spans(text)


def tokens_of_words(words: Sequence[Span], tokens: Sequence[Span]) -> list[range]:
    """Return, for each word, the indices of the tokens that cover some of its characters.

    Args:    words: spans in order, without overlap.
             tokens: spans whose starts and ends never go back, as `encode_with_offsets` gives.
    Returns: one range a word; empty for a word that no token stands for.
    Example:
        >>> tokens_of_words([(0, 2), (3, 5)], [(0, 1), (1, 2), (2, 5)])
        [range(0, 2), range(2, 3)]
    """
    found: list[range] = []
    first = 0
    for start, end in words:
        while first < len(tokens) and tokens[first][1] <= start:
            first += 1
        stop = first
        while stop < len(tokens) and tokens[stop][0] < end:
            stop += 1
        found.append(range(first, stop))
    return found
