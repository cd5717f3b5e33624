"""Counting pieces with the compiled loop: the tables of one thread, their growth, their sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toktools.kernels import counting as loop
from toktools.kernels.cuts import Cut
from toktools.kernels.cuts.chunks import cut_chunks
from toktools.kernels.memory import longer, zeros
from toktools.training.packed_counts import PackedCounts

_ONCE = np.ones(1, np.int64)


class PieceCounter:
    """Counts the pieces of texts as they come, by one cut.

    Example:
        >>> from toktools.kernels.cuts import cut_of
        >>> from toktools.pretokenizers import Gpt2Split
        >>> counter = PieceCounter(cut_of(Gpt2Split()))
        >>> counter.add(np.frombuffer(b"one two\\none\\n", np.uint8), lines=True)
        >>> counter.counts().items()
        [('one', 2), (' two', 1)]
    """

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._index = np.zeros(1 << 17, np.int32)
        self._rows = np.zeros((1 << 15, 4), np.uint64)
        self._kept = np.empty(1 << 18, np.uint8)
        self._state = np.zeros(3, np.int64)

    def add(
        self, text: NDArray[np.uint8], *, lines: bool, weights: NDArray[np.int64] = _ONCE
    ) -> None:
        """Count the pieces of one text or, with `lines`, of one in each line; valid UTF-8.

        Args: weights: how often each line counts, or all of them.
        """
        self._state[loop.LINE] = 0
        for chunk, starts in cut_chunks(self._cut, text, lines=lines):
            self._make_room(len(starts), len(chunk))
            loop.count_pieces(
                chunk, starts, lines, weights, self._index, self._rows, self._kept, self._state
            )

    def add_all(self, other: PieceCounter) -> None:
        """Add what another has counted."""
        n_more, n_bytes = int(other._state[loop.N_ROWS]), int(other._state[loop.N_BYTES])
        self._make_room(n_more, n_bytes)
        loop.add_rows(
            *(other._rows, n_more, other._kept, self._index, self._rows, self._kept, self._state)
        )

    def _make_room(self, n_rows: int, n_bytes: int) -> None:
        """Make room for so many pieces more, and bytes of long pieces."""
        n_rows += int(self._state[loop.N_ROWS])
        n_bytes += int(self._state[loop.N_BYTES]) + 8  # which are read, but not used
        if n_rows > len(self._rows):
            self._rows = longer(self._rows, max(n_rows, 2 * len(self._rows)))
        if n_bytes > len(self._kept):
            self._kept = longer(self._kept, max(n_bytes, 2 * len(self._kept)))
        if 2 * n_rows > len(self._index):
            self._index = zeros(1 << (2 * n_rows - 1).bit_length(), np.int32)
            loop.index_rows(self._index, self._rows, int(self._state[loop.N_ROWS]))

    def counts(self) -> PackedCounts:
        """Return how often each piece was met."""
        rows = self._rows[: self._state[loop.N_ROWS]]
        n_bytes = int(rows[:, loop.LENGTH].sum())
        data, ends = zeros(n_bytes + loop.SHORT, np.uint8), zeros(len(rows), np.int64)
        loop.pack_rows(rows, self._kept, data, ends)
        return PackedCounts(data[:n_bytes], ends, rows[:, loop.COUNT].astype(np.int64))
