"""The compiled cuts beside the readable ones, for tests."""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts import Cut, cut_of
from toktools.kernels.cuts.blocks import END, PADDING
from toktools.kernels.cuts.chunks import CHUNK, cut_chunks
from toktools.pretokenizers import (
    Cl100kSplit,
    DigitSplit,
    Gpt2Split,
    Llama3Split,
    MetaspaceSplit,
    O200kSplit,
    Pretokenizer,
    PunctuationMarkSplit,
    PunctuationSplit,
    Qwen2Split,
    SplitSequence,
    WhitespaceSplit,
    WholeText,
    WordSplit,
)

GPT: list[Pretokenizer] = [Gpt2Split(), Cl100kSplit(), Llama3Split(), Qwen2Split(), O200kSplit()]
SIMPLE: list[Pretokenizer] = [
    WhitespaceSplit(),
    PunctuationSplit(),
    WordSplit(),
    DigitSplit(),
    DigitSplit(group=None),
    MetaspaceSplit(),
    MetaspaceSplit("_"),
    WholeText(),
    PunctuationMarkSplit(),
    PunctuationMarkSplit("removed"),
    PunctuationMarkSplit("merged_with_previous"),
    PunctuationMarkSplit("merged_with_next"),
    PunctuationMarkSplit("contiguous"),
    SplitSequence(),
    SplitSequence(WhitespaceSplit(), DigitSplit(group=None), PunctuationSplit()),
    SplitSequence(WordSplit(), DigitSplit(), PunctuationMarkSplit("merged_with_next")),
]
CUTS = GPT + SIMPLE
Spans = list[tuple[int, int]]


def known(wanted: Pretokenizer) -> Cut:
    """Return the compiled cut, which must be there."""
    cut = cut_of(wanted)
    assert cut is not None
    return cut


def padded(data: bytes) -> np.ndarray:
    """Return a whole text as the cut functions take it."""
    return np.frombuffer(data + bytes([END]) * PADDING, np.uint8)


def spans(starts: list[int]) -> Spans:
    """Return where pieces stand, given their starts and the end."""
    places = [max(start, ~start) for start in starts]
    return [(start, places[i + 1]) for i, start in enumerate(starts[:-1]) if start >= 0]


def compiled(wanted: Pretokenizer, text: str, *, lines: bool = False) -> Spans:
    """Return where the pieces of a text stand, in bytes, all at once."""
    cut, data = known(wanted), text.encode()
    if not data:
        return []
    starts = np.empty(len(data), np.int64)
    count = cut.starts(padded(data), len(data), lines, cut.classes, starts)
    return spans([*starts[:count].tolist(), len(data)])


def compiled_by_chunks(
    wanted: Pretokenizer, text: str, *, lines: bool = False, n_bytes: int = CHUNK
) -> Spans:
    """Return the same, chunk after chunk."""
    data, found, position = np.frombuffer(text.encode(), np.uint8), Spans(), 0
    for chunk, starts in cut_chunks(known(wanted), data, lines=lines, n_bytes=n_bytes):
        found += [(position + a, position + b) for a, b in spans(starts.tolist())]
        assert len(chunk) >= starts[-1] + PADDING
        position += int(starts[-1])
    assert position == len(data)
    return found


def readable(wanted: Pretokenizer, text: str) -> Spans:
    """Return the same of the readable cut."""
    place = [0]
    for character in text:
        place.append(place[-1] + len(character.encode()))
    return [(place[start], place[end]) for start, end in wanted.split_spans(text)]


def readable_lines(wanted: Pretokenizer, text: str) -> Spans:
    """Return the same for lines that are texts of their own, each line feed a piece."""
    found, position = Spans(), 0
    for line in text.split("\n"):
        found += [(position + start, position + end) for start, end in readable(wanted, line)]
        position += len(line.encode()) + 1
        found.append((position - 1, position))
    return found[:-1]
