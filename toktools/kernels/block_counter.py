"""One thread's counting: blocks of documents are checked, digested, cut and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from toktools.corpus.digest import Halves
from toktools.corpus.line_blocks import Block
from toktools.kernels.cuts import Cut
from toktools.kernels.digesting import digest_documents
from toktools.kernels.piece_counter import PieceCounter
from toktools.kernels.room import Room
from toktools.kernels.utf8 import is_utf8
from toktools.training.packed_counts import PackedCounts


class CountedBlock(NamedTuple):
    """How many documents a block held; the same and their bytes, as often as each weighs."""

    n_read: int
    n_documents: int
    n_bytes: int


class BlockCounter:
    """Counts the pieces, and adds up the digest, of the blocks that one thread is given.

    Example:
        >>> from toktools.kernels.cuts import cut_of
        >>> from toktools.pretokenizers import Gpt2Split
        >>> counter = BlockCounter(cut_of(Gpt2Split()))
        >>> counter.count(Block(b"one two\\none\\n"))
        CountedBlock(n_read=2, n_documents=2, n_bytes=10)
        >>> BlockCounter.total([counter]).items()
        [('one', 2), (' two', 1)]
    """

    def __init__(self, cut: Cut) -> None:
        self._pieces, self._text = PieceCounter(cut), Room(np.uint8)
        self.sums = Halves(0, 0)

    def count(self, block: Block) -> CountedBlock | None:
        """Count one block; None, and nothing counted, if it is not UTF-8."""
        text = block.read(self._text)
        n = len(text)
        if not block.valid and not is_utf8(text):
            return None
        sums = np.zeros(2, np.uint64)
        n_read = int(digest_documents(self._text.array, n, block.lines, sums))
        low, high = (block.weight * half for half in sums.tolist())
        self.sums = Halves(self.sums.low + low, self.sums.high + high)
        weights = np.full(1, block.weight, np.int64)
        self._pieces.add(text, lines=block.lines, weights=weights)
        n_bytes = n - n_read if block.lines else n
        return CountedBlock(n_read, n_read * block.weight, n_bytes * block.weight)

    @staticmethod
    def total(counters: Sequence[BlockCounter]) -> PackedCounts:
        """Return what all of them have counted together; they are of no use after that."""
        first, *others = (counter._pieces for counter in counters)
        for other in others:
            first.add_all(other)
        return first.counts()
