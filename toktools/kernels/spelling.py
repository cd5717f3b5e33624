"""Pretokens written in symbols, straight from their bytes to the array that merging works in.

The characters of a pretoken are its code points or, for byte-level tokenizers, its bytes. Where a
character stands decides how it is marked, and so which symbol it is: FIRST + LAST is its place.

The readable twin is `toktools.training.marks.Marks.spell`.
"""

from __future__ import annotations

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.pair_table import OUTSIDE, SYMBOL, WORD

INNER, FIRST, LAST = 0, 1, 2
"""FIRST and LAST are added up for a character that is both."""


@inlined
def _character(data, i, by_byte):
    """Return the character at byte i, and how many bytes it takes."""
    lead = int(data[i])
    if by_byte or lead < 0x80:
        return lead, 1
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | data[i + 1] & 0x3F, 2
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | (data[i + 1] & 0x3F) << 6 | data[i + 2] & 0x3F, 3
    return (
        (lead & 0x07) << 18
        | (data[i + 1] & 0x3F) << 12
        | (data[i + 2] & 0x3F) << 6
        | data[i + 3] & 0x3F
    ), 4


@kernel
def count_characters(data, ends, counts, by_byte, totals):
    """Count each character. totals: int64, one for each code point or byte."""
    start = 0
    for word in range(len(ends)):
        while start < ends[word]:
            character, n = _character(data, start, by_byte)
            totals[character] += counts[word]
            start += n


@kernel
def find_places(data, ends, by_byte, found):
    """Note where each character stands. found: bool (4, n), by place and character."""
    start = 0
    for word in range(len(ends)):
        place = FIRST
        while start < ends[word]:
            character, n = _character(data, start, by_byte)
            start += n
            found[place + (LAST if start == ends[word] else 0), character] = True
            place = INNER


@kernel
def spell_words(data, ends, by_byte, ids, cells):
    """Write the symbols of words, a negative one around each word; return how many cells it took.

    Args:
        data, ends: see `PackedCounts`.
        ids: int32 (4, n): the symbol of each character in each place, -1 to leave it out.
        cells: int32 (m, 2), room for the characters, one for each word and one more.
    """
    cells[0, SYMBOL], cells[0, WORD] = OUTSIDE, 0
    n_cells, start = 1, 0
    for word in range(len(ends)):
        place = FIRST
        while start < ends[word]:
            character, n = _character(data, start, by_byte)
            start += n
            id = ids[place + (LAST if start == ends[word] else 0), character]
            place = INNER
            if id >= 0:
                cells[n_cells, SYMBOL], cells[n_cells, WORD] = id, word
                n_cells += 1
        cells[n_cells, SYMBOL], cells[n_cells, WORD] = OUTSIDE, word
        n_cells += 1
    return n_cells
