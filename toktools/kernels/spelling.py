"""Pretokens written in symbols, straight from their bytes to the array that merging works in.

The characters of a pretoken are its code points or, for byte-level tokenizers, its bytes. Where a
character stands decides how it is marked, and so which symbol it is: FIRST + LAST is its place.

The readable twin is `toktools.training.marks.Marks.spell`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.pair_table import BLOCK_BITS, OUTSIDE, SHAPE_BITS, SINGLE
from toktools.kernels.vectors import prefetch

_AHEAD = 8  # words
_0, _1, _2, _3, _4 = (np.uint64(n) for n in range(5))

INNER, FIRST, LAST = 0, 1, 2
"""FIRST and LAST are added up for a character that is both."""


@inlined
def _character(data, i, by_byte):
    """Return the character at byte i, and how many bytes it takes."""
    lead = np.uint32(data[i])
    if by_byte or lead < 0x80:
        return lead, _1
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | data[i + _1] & 0x3F, _2
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | (data[i + _1] & 0x3F) << 6 | data[i + _2] & 0x3F, _3
    return (
        (lead & 0x07) << 18
        | (data[i + _1] & 0x3F) << 12
        | (data[i + _2] & 0x3F) << 6
        | data[i + _3] & 0x3F
    ), _4


@kernel
def count_characters(data, ends, counts, by_byte, totals):
    """Count each character in each place.

    Args:    totals: int64 (4, n), by place and code point or byte.
    Returns: how many characters there are, words counted once; the highest one.
    """
    start, n_characters, highest = _0, 0, 0
    for word in range(len(ends)):
        place, end, count = FIRST, np.uint64(ends[word]), counts[word]
        while start < end:
            character, n = _character(data, start, by_byte)
            start += n
            totals[place + (LAST if start == end else 0), character] += count
            highest = max(highest, np.int64(character))
            n_characters += 1
            place = INNER
    return n_characters, highest


@inlined
def _weigh(weights, begin, end, weight):
    """Give the blocks of the cells from `begin` to `end` a weight."""
    for block in range(begin >> BLOCK_BITS, (end - 1 >> BLOCK_BITS) + 1):
        weights[block] = weight


@inlined
def _next_block(cells, weights, begin, n_cells, weight):
    """Give what was written since `begin` its weight, and begin a block; return how many cells.

    OUTSIDE stands up to the end of the block before, and once more.
    """
    _weigh(weights, begin, n_cells, weight)
    start = (n_cells + (1 << BLOCK_BITS) - 1) >> BLOCK_BITS << BLOCK_BITS
    for i in range(n_cells, start + 1):
        cells[i] = OUTSIDE
    return start + 1


@kernel
def spell_words(data, ends, counts, order, by_byte, ids, cells, weights):
    """Write the symbols of words, equally frequent ones together; return how many cells it took.

    Args:
        data, ends, counts: see `PackedCounts`.
        order: int64: the numbers of the words, those with the same count side by side.
        ids: int32 (4, n): the symbol of each character in each place, -1 to leave it out.
        cells: int32, room for the characters, one for each word and a block for each count.
        weights: int64, one for each block; see `pair_table.py`.
    """
    n_cells, begin, count, last = 0, 0, -1, len(order) - 1
    for k in range(len(order)):
        word, soon, later = order[k], order[min(k + _AHEAD, last)], order[min(k + 2 * _AHEAD, last)]
        prefetch(ends, later)
        prefetch(counts, later)
        prefetch(data, ends[soon])
        if counts[word] != count:
            n_cells = _next_block(cells, weights, begin, n_cells, count)
            begin, count = n_cells - 1, counts[word]
        place, start, end = FIRST, np.uint64(ends[word - 1] if word else 0), np.uint64(ends[word])
        while start < end:
            character, n = _character(data, start, by_byte)
            start += n
            id = ids[place + (LAST if start == end else 0), character]
            place = INNER
            cells[np.uint64(n_cells)] = id << SHAPE_BITS | SINGLE
            n_cells += id >= 0
        cells[n_cells] = OUTSIDE
        n_cells += 1
    _weigh(weights, begin, n_cells, count)
    return n_cells


@kernel
def pack_words(symbols, ends, counts, order, cells, weights):
    """Do the same to words that are written in symbols: int32, one word behind the other."""
    n_cells, begin, count = 0, 0, -1
    for word in order:
        if counts[word] != count:
            n_cells = _next_block(cells, weights, begin, n_cells, count)
            begin, count = n_cells - 1, counts[word]
        for i in range(ends[word - 1] if word else 0, ends[word]):
            cells[n_cells] = symbols[i] << SHAPE_BITS | SINGLE
            n_cells += 1
        cells[n_cells] = OUTSIDE
        n_cells += 1
    _weigh(weights, begin, n_cells, count)
    return n_cells
