"""Pairs of symbols: a row for each, found by an index, counted from the words.

Where there are very many pairs and the table is to hold the frequent ones only, a first pass adds
up the counts of pairs in an array of sums, several pairs in one: a pair whose sum is below the
floor is below it too, and needs no row.

The readable twin is `toktools.training.merging.count_pairs`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.string_hashes import is_known, joined_hash

EMPTY = -1
KEY, COUNT, START, LENGTH, MERGED, STORED = range(6)
"""Columns of a pair's row: (left, right) as one number; its count; where in `places` its segment
begins, and how long it is; whether it has been merged before (such a pair keeps its count); the
count by which it stands in the queue.

A pair that is formed once more while it waits in the queue waits there twice, each time with the
places where it was formed then. The first row has TWICE for MERGED. The second one is in no index,
and has AGAIN + the number of the first one, which counts for both."""

TWICE, AGAIN = 2, 3

OUTSIDE, INSIDE = -1, -2
SINGLE, FIRST, LAST = 0, 1, 2
SHAPE_BITS = 2
"""What stands in `cells`, int32, of all words: OUTSIDE around each; a symbol that takes one
position, as symbol << SHAPE_BITS | SINGLE; one that takes more, with FIRST where it begins and with
LAST where it ends. From three on, the second and the last but one hold how many, below zero, and
those between them INSIDE: "##a" is one for a marked letter, and three where it is text, so the
symbol does not say."""

BLOCK_BITS = 6
"""Words that occur equally often stand together, and begin a new block of 2^BLOCK_BITS cells. So
`weights`, int64, one for each block, says of each place how often its word occurs."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_0, _1, _32, _44, _BLOCK_BITS = (np.uint64(n) for n in (0, 1, 32, 44, BLOCK_BITS))
"""Places without a sign, for one with a sign may count from the end, and that takes as long as all
else in a loop over the cells."""
_RIGHT = (1 << 32) - 1


@inlined
def pair_key(left, right):
    """Return a pair as one int64; ordered as the pairs are."""
    return np.int64(left) << 32 | np.int64(right)


@inlined
def left_of(rows, row):
    """Return the left symbol of a row's pair."""
    return np.int32(rows[row, KEY] >> 32)


@inlined
def right_of(rows, row):
    """Return the right symbol of a row's pair."""
    return np.int32(rows[row, KEY] & _RIGHT)


@inlined
def symbol_at(cells, i):
    """Return the symbol that begins or ends at `i`; below zero if none does."""
    return cells[i] >> SHAPE_BITS


@inlined
def _span(cell, beside):
    """Return how many positions a symbol takes, by the cell at one end and the one beside it."""
    several = -beside if beside < 0 else 2
    return several if cell & (FIRST | LAST) else 1


@inlined
def span_from(cells, first):
    """Return how many positions the symbol takes that begins at `first`."""
    return np.uint64(_span(cells[first], cells[first + _1]))


@inlined
def span_to(cells, last):
    """Return how many positions the symbol takes that ends at `last`."""
    return np.uint64(_span(cells[last], cells[max(last, _1) - _1]))


@inlined
def _pair_from(cells, i):
    """Return the symbol that begins at `i`, and the next one; the first is OUTSIDE if none does."""
    cell = cells[i]
    if cell < 0 or cell & LAST:
        return np.int32(OUTSIDE), np.int32(OUTSIDE)
    return cell >> SHAPE_BITS, cells[i + span_from(cells, i)] >> SHAPE_BITS


@inlined
def weight_at(weights, i):
    """Return how often the word occurs that holds the place `i`."""
    return weights[np.uint64(i) >> _BLOCK_BITS]


@inlined
def too_long(lengths, left, right, limit):
    """Whether a pair must not be formed; limit: see `learn_merges`, 0 for none."""
    n = lengths[left] + lengths[right]
    return limit > 0 and n >= limit and n > 2


@inlined
def counted_in(rows, row):
    """Return the row that holds the count of a row's pair."""
    merged = rows[row, MERGED]
    return merged - AGAIN if merged >= AGAIN else row


@inlined
def find_row(index, rows, key):
    """Return where in `index` the pair's row number stands, or the EMPTY place where it would go.

    Args: index: int32 (m,), m a power of two; rows: int64 (n, 6).
    """
    mask = np.uint64(len(index) - 1)
    i = (np.uint64(key) * _MULTIPLIER >> _32) & mask
    while True:
        row = index[i]
        if row == EMPTY or rows[np.uint64(row), KEY] == key:
            return i
        i = (i + _1) & mask


@kernel
def index_rows(index, rows, n_rows):
    """Enter the first `n_rows` rows in an empty index."""
    for row in range(n_rows):
        if rows[row, MERGED] < AGAIN:
            index[find_row(index, rows, rows[row, KEY])] = row


@inlined
def row_of(index, rows, n_rows, key):
    """Return the row of a pair, a new one at the end if need be, and how many rows there are."""
    i = find_row(index, rows, key)
    row = index[i]
    if row != EMPTY:
        return row, n_rows
    index[i] = n_rows
    rows[n_rows, KEY] = key
    rows[n_rows, COUNT], rows[n_rows, START] = 0, 0
    rows[n_rows, LENGTH], rows[n_rows, MERGED], rows[n_rows, STORED] = 0, 0, 0
    return n_rows, n_rows + 1


@inlined
def row_again(rows, n_rows, row):
    """Return a second row for the pair of a row, and how many rows there are."""
    rows[n_rows, KEY] = rows[row, KEY]
    rows[n_rows, COUNT], rows[n_rows, START] = 0, 0
    rows[n_rows, LENGTH], rows[n_rows, MERGED], rows[n_rows, STORED] = 0, AGAIN + row, 0
    rows[row, MERGED] = TWICE
    return n_rows, n_rows + 1


@inlined
def _sum_of(sums, key):
    """Return which of the sums a pair is in."""
    return np.uint64(key) * _MULTIPLIER >> _44 & np.uint64(len(sums) - 1)


@kernel
def count_symbols(cells, weights):
    """Return how many symbols there are, of one position each, as often as their words occur."""
    total = 0
    for i in range(len(cells)):
        total += weight_at(weights, i) if cells[i] >= 0 else 0
    return total


@inlined
def lasts(hashes, lasting, left, right):
    """Whether a pair has a row as soon as it is formed, however rare it is.

    Args: hashes: of the symbols, see `string_hashes.py`; lasting: a set of hashes of what such
          pairs spell.
    """
    return len(lasting) > 1 and is_known(lasting, joined_hash(hashes, left, right))


@kernel
def find_lasting(rows, n_rows, hashes, lasting, found):
    """Write down which of the rows are of pairs that `lasts` tells. found: bool (n_rows,)."""
    for row in range(n_rows):
        found[row] = lasts(hashes, lasting, left_of(rows, row), right_of(rows, row))


@kernel
def sum_pairs(cells, weights, lengths, limit, rows, n_rows, floor, sums):
    """Add up the counts of pairs, and lift those that have rows to the floor.

    Args:
        cells, weights: see above.
        lengths: int32, of each symbol, in base symbols; only the limit asks for them.
        sums: int64 (m,), m a power of two up to 2^20, all 0.
    """
    for row in range(n_rows):
        sums[_sum_of(sums, rows[row, KEY])] += floor
    for i in range(_0, np.uint64(len(cells))):
        left, right = _pair_from(cells, i)
        if left >= 0 and right >= 0 and not too_long(lengths, left, right, limit):
            sums[_sum_of(sums, pair_key(left, right))] += weight_at(weights, i)


@kernel
def enter_pairs(
    cells, weights, lengths, limit, floor, sums, hashes, lasting,
    index, rows, n_rows, row_at,
):  # fmt: skip
    """Give each pair whose sum has come to the floor a row, with its count and number of places.

    Args:
        sums: of `sum_pairs`; (0,) to give every pair a row.
        lasting: pairs that `lasts` tells are passed over: they have rows and places already.
        row_at: int32, as `cells`: where a pair begins that has a row, this row; else EMPTY.
    Returns: the number of rows, and of places; -1 for the first if there are too few.
    """
    n_places = 0
    for i in range(_0, np.uint64(len(cells))):
        row_at[i] = EMPTY
        left, right = _pair_from(cells, i)
        if left < 0 or right < 0 or too_long(lengths, left, right, limit):
            continue
        key = pair_key(left, right)
        if len(sums) and sums[_sum_of(sums, key)] < floor:
            continue
        if lasts(hashes, lasting, left, right):
            continue
        if n_rows == len(rows) or 2 * n_rows >= len(index):
            return -1, n_places
        row, n_rows = row_of(index, rows, n_rows, key)
        row_at[i], at = row, np.uint64(row)
        if rows[at, MERGED] == 0:
            rows[at, COUNT] += weight_at(weights, i)
        rows[at, LENGTH] += 1
        n_places += 1
    return n_rows, n_places


@kernel
def enter_places(row_at, rows, first, n_rows, places, used):
    """Write where the pairs of the rows from `first` on stand; return the highest count of those.

    Args: used: places that are taken already, by the rows before.
    """
    highest = 0
    for row in range(first, n_rows):
        rows[row, START], rows[row, STORED] = used, rows[row, COUNT]
        if rows[row, LENGTH]:
            highest = max(highest, rows[row, COUNT])
        used += rows[row, LENGTH]
        rows[row, LENGTH] = 0
    for i in range(_0, np.uint64(len(row_at))):
        if row_at[i] != EMPTY:
            row = np.uint64(row_at[i])
            places[np.uint64(rows[row, START] + rows[row, LENGTH])] = i
            rows[row, LENGTH] += 1
    return highest
