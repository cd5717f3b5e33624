"""Counting the pieces of GPT-2's cut with the compiled loop: the tables, and their growth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels import counting as loop
from toktools.kernels.character_classes import gpt2_classes
from toktools.kernels.encoding import CHUNK
from toktools.kernels.gpt2_starts import PADDING
from toktools.kernels.piece_cache import SHORT


class PieceCounter:
    """Counts the pieces of texts as they come.

    Example:
        >>> counter = PieceCounter()
        >>> counter.add(b"one two\\none\\n", lines=True)
        >>> sorted(counter.counts().items())
        [(' two', 1), ('one', 2)]
    """

    def __init__(self) -> None:
        self._classes = gpt2_classes()
        self._short = np.zeros((1 << 17, 4), np.uint64)
        self._long = np.zeros((1 << 13, 4), np.uint64)
        self._kept = np.empty(1 << 20, np.uint8)
        self._state = np.zeros(4, np.int64)
        self._make_chunk(CHUNK + PADDING)

    def _make_chunk(self, n_bytes: int) -> None:
        self._chunk, self._starts = np.empty(n_bytes, np.uint8), np.empty(n_bytes, np.int64)

    def add(self, data: bytes, *, lines: bool) -> None:
        """Count the pieces of one text or, with `lines`, of one in each line; valid UTF-8."""
        text = np.frombuffer(data, np.uint8)
        self._state[loop.POSITION] = 0
        status = loop.PIECE_TOO_LONG
        while status != loop.DONE:
            status = loop.count_bytes(
                *(text, lines, self._classes, self._chunk, self._starts),
                *(self._short, self._long, self._kept, self._state),
            )
            if status == loop.SHORT_FULL:
                self._short = _enlarged(self._short, is_long=False)
            elif status == loop.LONG_FULL:
                self._long = _enlarged(self._long, is_long=True)
                self._kept = np.concatenate([self._kept, np.empty_like(self._kept)])
            elif status == loop.PIECE_TOO_LONG:
                self._make_chunk(2 * len(self._chunk))

    def counts(self) -> Counter[str]:
        """Return how often each piece was met."""
        return Counter({piece.decode(): count for piece, count in self._items()})

    def _items(self) -> Iterator[tuple[bytes, int]]:
        rows = self._short[self._short[:, loop.COUNT] > 0]
        data = np.ascontiguousarray(rows[:, :2]).tobytes()
        for i, (length, count) in enumerate(rows[:, loop.LENGTH :].tolist()):
            yield data[SHORT * i : SHORT * i + length], count
        for _, place, length, count in self._long[self._long[:, loop.COUNT] > 0].tolist():
            yield self._kept[place : place + length].tobytes(), count


def _enlarged(table: NDArray[Any], *, is_long: bool) -> NDArray[Any]:
    """Return a table of twice the size with the same rows."""
    larger = np.zeros((2 * len(table), table.shape[1]), table.dtype)
    loop.move_rows(table, larger, is_long)
    return larger
