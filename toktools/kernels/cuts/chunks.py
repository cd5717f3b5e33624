"""A text of any size cut chunk after chunk, so that what is looked at stays in a core's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.cuts import Cut
from toktools.kernels.cuts.blocks import END, PADDING
from toktools.kernels.room import Room
from toktools.kernels.workers import Workers

CHUNK = 1 << 18  # bytes
_STARTS = Workers(lambda: Room(np.int64))  # used again by the next text


def cut_chunks(
    cut: Cut, text: NDArray[np.uint8], *, lines: bool = False, n_bytes: int = CHUNK
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield a text in chunks that end where a piece does, with where the pieces stand in each.

    Args:
        text: valid UTF-8, also memory-mapped: only the end of it is copied.
        lines: whether each line is a text of its own, its line feed a piece apart.
        n_bytes: length of a chunk; longer where one piece is.
    Returns: the chunk and the starts of its pieces, with the end of the last behind them; dropped
             stretches as `Cut` says. Both are valid until the next chunk. The chunks are read-only
             arrays, for numba compiles a function once more for those that are not.
    Example:
        >>> from toktools.kernels.cuts import cut_of
        >>> from toktools.pretokenizers import Gpt2Split, WhitespaceSplit
        >>> text = np.frombuffer(b"it's so", np.uint8)
        >>> [starts.tolist() for _, starts in cut_chunks(cut_of(Gpt2Split()), text)]
        [[0, 2, 4, 7]]
        >>> [starts.tolist() for _, starts in cut_chunks(cut_of(WhitespaceSplit()), text)]
        [[0, -5, 5, 7]]
    """
    position, size = 0, n_bytes
    with _STARTS.one() as room:
        while position < len(text):
            n = end = min(size, len(text) - position)
            room.reserve(0, n + 1)
            starts, chunk = room.array, padded(text, position, n)
            n_pieces = cut.starts(chunk, n, lines, cut.classes, starts)
            if position + n < len(text):
                n_pieces -= 1
                if n_pieces == 0:
                    size *= 2
                    continue
                end = max(int(starts[n_pieces]), ~int(starts[n_pieces]))
            starts[n_pieces] = end
            yield chunk, starts[: n_pieces + 1]
            position, size = position + end, n_bytes


def padded(text: NDArray[Any], position: int, n: int) -> NDArray[np.uint8]:
    """Return n bytes of text with PADDING more behind, END where the text has ended."""
    chunk = text[position : position + n + PADDING]
    if len(chunk) < n + PADDING:
        ends = np.full(n + PADDING - len(chunk), END, np.uint8)
        chunk = np.concatenate([chunk, ends])
    chunk.flags.writeable = False
    return chunk
