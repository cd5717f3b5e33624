"""Words whose own text begins with the mark of symbols that continue a word, as "##" does in code.

What such a word spells from its beginning on may be a marked symbol too: see `bpe_training.py`.
"""

from __future__ import annotations

from toktools.kernels.kernel import kernel
from toktools.kernels.pair_table import OUTSIDE, symbol_at

BEGINS, CONTINUES = 1, 2
"""That a symbol has stood at the beginning of a word, or elsewhere."""


@kernel
def see_words(cells, mark, where, starts):
    """Write where each symbol stands, and where the words begin whose text begins with the mark.

    Args:
        cells: see `pair_table.py`; of symbols of one position each.
        mark: int32, the mark in symbols, as the beginning of a word spells it.
        where: uint8, of each symbol, all 0.
        starts: int32, room for a place of each word.
    Returns: how many such words there are.
    """
    n = 0
    for i in range(1, len(cells)):
        symbol = symbol_at(cells, i)
        if symbol < 0:
            continue
        if cells[i - 1] != OUTSIDE:
            where[symbol] |= CONTINUES
            continue
        where[symbol] |= BEGINS
        k = 0
        while k < len(mark) and symbol_at(cells, i + k) == mark[k]:
            k += 1
        if k == len(mark):
            starts[n] = i
            n += 1
    return n
