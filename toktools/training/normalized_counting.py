"""Text that is normalized before it is cut, counted so that each distinct word is normalized once.

The text is cut at its spaces and line feeds as it stands, these words are counted, and what the
distinct ones become is cut and counted as often as they occur. That gives the same counts wherever
it makes no difference to a normalizer, and to the cut, what stands beyond a space: `separable` says
so of those that rewrite each character by itself, or look at marks and letters alone (in Unicode a
space, or a line feed, combines with nothing that follows it), before cuts that drop white space.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from toktools.normalizers import (
    BertCleanup,
    Lowercase,
    Normalizer,
    NormalizerSequence,
    StripAccents,
    UnicodeForm,
)
from toktools.pretokenizers import Pretokenizer, PunctuationSplit, WhitespaceSplit
from toktools.training.packed_counts import PackedCounts

_AT_ONCE = 1 << 20  # bytes
_FEED = ord("\n")
_INERT = "\ua015\ua016\ua017\u1401\u1402"
"""Letters that no normalizer here changes, nor combines with anything: one that no word holds
stands between words while they are normalized."""

Lines = tuple[bytes, NDArray[np.int64]]
"""Normalized words with a line feed behind each, and how often each occurs."""


def separable(normalizer: Normalizer, cut: Pretokenizer) -> bool:
    """Whether words can be normalized and cut one by one.

    Example:
        >>> separable(BertCleanup(), PunctuationSplit())
        True
    """
    if isinstance(normalizer, NormalizerSequence):
        return all(separable(part, cut) for part in normalizer.parts)
    by_character = type(normalizer) in (BertCleanup, Lowercase, StripAccents, UnicodeForm)
    return by_character and type(cut) in (WhitespaceSplit, PunctuationSplit)


def normalized_lines(counts: PackedCounts, normalizer: Normalizer) -> Iterator[Lines]:
    """Yield the words normalized, some MB at a time.

    Args: counts: words without spaces and line feeds; normalizer: one that is `separable`.
    """
    starts = np.concatenate([np.zeros(1, np.int64), counts.ends[:-1]])
    is_ascii = np.bitwise_or.reduceat(counts.data, starts) < 0x80
    for kind, normalized in ((is_ascii, _normalized_ascii), (~is_ascii, _normalized)):
        chosen = np.flatnonzero(kind)
        sizes = np.cumsum(counts.ends[chosen] - starts[chosen])
        limits = np.searchsorted(sizes, np.arange(_AT_ONCE, int(sizes[-1:].sum()), _AT_ONCE))
        for some in np.split(chosen, limits):
            if len(some):
                lines = _lines(counts.data, starts[some], counts.ends[some])
                yield normalized(lines, normalizer), counts.counts[some]


def _lines(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> bytes:
    """Return the pieces of `data` with a line feed behind each."""
    lengths = ends - starts + 1
    places = np.arange(int(lengths.sum())) + np.repeat(
        starts - np.cumsum(lengths) + lengths, lengths
    )
    lines = data[np.minimum(places, len(data) - 1)]
    lines[np.cumsum(lengths) - 1] = _FEED
    return lines.tobytes()


def _normalized_ascii(lines: bytes, normalizer: Normalizer) -> bytes:
    """Return lines of ASCII normalized: character by character, as everything here does that."""
    rewritten = [normalizer.normalize(chr(code)) for code in range(0x80)]
    dropped = bytes(code for code, text in enumerate(rewritten) if not text and code != _FEED)
    table = bytearray(range(256))
    for code, text in enumerate(rewritten):
        if text and code != _FEED:
            assert text.isascii(), f"{code} becomes {text!r}"
            table[code] = ord(text)
    return lines.translate(table, dropped)


def _normalized(lines: bytes, normalizer: Normalizer) -> bytes:
    """Return lines normalized, each by itself."""
    text = lines.decode()
    table = _character_table(text, normalizer)
    if table is not None:
        return text.translate(table).encode()
    between = next((letter for letter in _INERT if letter not in text), None)
    if between is None:
        parts = [normalizer.normalize(line) for line in text.split("\n")[:-1]]
        return "".join(part + "\n" for part in parts).encode()
    return normalizer.normalize(text.replace("\n", between)).replace(between, "\n").encode()


def _character_table(text: str, normalizer: Normalizer) -> dict[int, str] | None:
    """Return what becomes of each character of a text; None where its neighbours have a say.

    Only composing, and putting marks in order, look at neighbours. So they have none where nothing
    composes and no mark that could be put elsewhere is left.
    """
    if _composes(normalizer):
        return None
    table = {ord(c): normalizer.normalize(c) for c in set(text) - {"\n"}}
    if any(map(unicodedata.combining, "".join(table.values()))):
        return None
    return table


def _composes(normalizer: Normalizer) -> bool:
    if isinstance(normalizer, NormalizerSequence):
        return any(map(_composes, normalizer.parts))
    return isinstance(normalizer, UnicodeForm) and normalizer.form.endswith("C")
