"""Words as the learning loops merge in them: one behind the other, the most frequent first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels import pair_table as table
from toktools.kernels import spelling
from toktools.kernels.memory import zeros


class PackedWords(NamedTuple):
    """Words that the loops can merge in: see `pair_table.py`.

    cells: int32 (n,); changed by merging. weights: int64, one for each block of cells.
    """

    cells: NDArray[np.int32]
    weights: NDArray[np.int64]

    def up_to(self, n_cells: int) -> PackedWords:
        """Return the words in the first cells alone; OUTSIDE if there are none."""
        if not n_cells:
            return PackedWords(np.full(1, table.OUTSIDE, np.int32), np.ones(1, np.int64))
        n_blocks = (n_cells - 1 >> table.BLOCK_BITS) + 1
        return PackedWords(self.cells[:n_cells], self.weights[:n_blocks])


def pack(words: Sequence[Sequence[int]], counts: Sequence[int]) -> PackedWords:
    """Return words and their counts, given as lists, packed.

    Example:
        >>> packed = pack([[7, 8], [9]], [1, 1])
        >>> (packed.cells >> table.SHAPE_BITS).tolist(), packed.weights.tolist()
        ([-1, 7, 8, -1, 9, -1], [1])
    """
    ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))
    n = int(ends[-1]) if len(words) else 0
    symbols = np.fromiter((symbol for word in words for symbol in word), np.int32, n)
    occurrences = np.array(counts, np.int64)
    order = by_count(occurrences)
    room = room_for(n, occurrences[order])
    n_cells = spelling.pack_words(symbols, ends, occurrences, order, *room)
    return room.up_to(n_cells)


def room_for(n_symbols: int, counts: NDArray[np.int64]) -> PackedWords:
    """Return arrays for words of so many symbols together, with these counts, equal ones together.

    Two blocks for each distinct count are enough for what its words do not fill.
    """
    n_distinct = 1 + int(np.count_nonzero(counts[1:] != counts[:-1]))
    n_blocks = (n_symbols + len(counts) >> table.BLOCK_BITS) + 2 * n_distinct + 1
    cells = zeros(n_blocks << table.BLOCK_BITS, np.int32)
    return PackedWords(cells, np.zeros(n_blocks, np.int64))


def by_count(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of words, the most frequent ones first, equally frequent ones as they are.

    Example:
        >>> by_count(np.array([1, 70_000, 1, 80_000])).tolist()
        [3, 1, 0, 2]
    """
    most = np.iinfo(np.uint16).max  # such small numbers are sorted by counting them
    rare = most - np.minimum(counts, most).astype(np.uint16)
    order = np.argsort(rare, kind="stable")
    frequent = order[: np.count_nonzero(rare == 0)]
    frequent[:] = frequent[np.argsort(-counts[frequent], kind="stable")]
    return order
