"""Words whose own text begins with the mark of symbols that continue a word, as "##" does in code.

What such a word spells from its beginning on may be a marked symbol too: see `bpe_training.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import kernel
from toktools.kernels.pair_table import OUTSIDE, SHAPE_BITS, symbol_at
from toktools.kernels.string_hashes import polynomial, set_of
from toktools.training.merging import Symbols

BEGINS, CONTINUES = 1, 2
"""That a symbol has stood at the beginning of a word, or elsewhere."""
_0, _1 = np.uint64(0), np.uint64(1)
_NO_SYMBOL = -9  # and none that a cell could hold


class MarkedText(NamedTuple):
    """What the words spell that begin with the mark.

    Attributes:
        where: uint8, of each symbol of the alphabet, BEGINS, CONTINUES, both or 0.
        beginnings: a set of hashes of what these words begin with, from the mark's length on.
        pairs: of the alphabet that stand in these words, (left << 32) | right, rising.
    """

    where: NDArray[np.uint8]
    beginnings: NDArray[np.uint64]
    pairs: list[int]


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
    n, i, end = 0, _0, np.uint64(len(cells))
    while i < end:
        if cells[i] == OUTSIDE:
            i += _1
            continue
        k = _0
        while k < len(mark) and symbol_at(cells, i + k) == mark[k]:
            k += _1
        if k == len(mark):
            starts[n] = i
            n += 1
        where[np.uint64(symbol_at(cells, i))] |= BEGINS
        i += _1
        while cells[i] != OUTSIDE:
            where[np.uint64(symbol_at(cells, i))] |= CONTINUES
            i += _1
    return n


def marked_text(cells: NDArray[np.int32], symbols: Symbols) -> MarkedText | None:
    """Return what is spelled by words, in the alphabet still, that begin with the mark.

    None if symbols of the alphabet are of several characters, as those with a suffix are: two of
    them may spell such a beginning, and yet not stand side by side in any of these words.
    """
    prefix, strings = symbols.prefix, symbols.strings
    mark = [symbols.ids.get(prefix + c if k else c, _NO_SYMBOL) for k, c in enumerate(prefix)]
    where = np.zeros(len(symbols), np.uint8)
    starts = np.empty(len(cells) // 2 + 1, np.int32)
    n = see_words(cells, np.array(mark, np.int32), where, starts)
    if any(len(strings[id].removeprefix(prefix)) > 1 for id in np.flatnonzero(where).tolist()):
        return None
    beginnings, pairs = set[int](), set[int]()
    for at in starts[:n].tolist():
        hash, n_characters, before = 0, 0, _NO_SYMBOL
        while (symbol := int(cells[at]) >> SHAPE_BITS) >= 0:
            string = strings[symbol].removeprefix(prefix) if n_characters else strings[symbol]
            hash, n_characters = polynomial(string, hash), n_characters + len(string)
            if n_characters >= len(prefix):
                beginnings.add(hash)
            if before != _NO_SYMBOL:
                pairs.add(before << 32 | symbol)
            before, at = symbol, at + 1
    return MarkedText(where, set_of(beginnings), sorted(pairs))
