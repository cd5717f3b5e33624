"""Learning merges by likelihood over packed words: the pair of the highest score first.

The words, the table of pairs and a merge are those of `bpe_training.py`. What differs: a merge
changes how often its parts occur, and so the scores of all pairs that hold one of them. They are
found by links from row to row, one chain for each symbol and side, and entered in the queue once
more; an entry whose score has changed since is passed over when it comes up.

Scores are quotients of exact whole numbers below 2^53, so they are the readable learner's.

The readable twin is `toktools.training.likelihood.learn_merges_by_likelihood`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.bpe_training import (
    ASK,
    DONE,
    FORBIDDEN,
    HEAP,
    MADE,
    N_MERGES,
    N_PLACES,
    N_ROWS,
    PAUSE,
    PLACES,
    ROUND,
    ROWS,
    SIZE,
    STRING,
    SYMBOLS,
    break_pairs,
    forget,
    form_pairs,
    merge_everywhere,
    sort_places,
    write_places,
)
from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.pair_table import (
    COUNT,
    KEY,
    LAST,
    LENGTH,
    left_of,
    right_of,
    symbol_at,
    weight_at,
)
from toktools.kernels.string_hashes import add_known, is_known, joined_hash, spell

NO_ROW, OUT = -1, -2
"""In `links`: the end of a chain; that the row is in none."""


@kernel
def count_by_symbol(cells, weights, symbol_counts):
    """Count how often each symbol occurs. symbol_counts: int64, one for each, all 0."""
    for i in range(len(cells)):
        if cells[i] >= 0 and not cells[i] & LAST:
            symbol_counts[symbol_at(cells, i)] += weight_at(weights, i)


@kernel
def link_rows(rows, first, n_rows, links, heads):
    """Put rows in the chains of their symbols.

    Args:
        links: int32 (k, 2): the next row with the same left, and the same right symbol.
        heads: int32 (2, n): the first row with a left, and with a right symbol.
    """
    for row in range(first, n_rows):
        left, right = left_of(rows, row), right_of(rows, row)
        links[row, 0], links[row, 1] = heads[0, left], heads[1, right]
        heads[0, left], heads[1, right] = row, row


@inlined
def _score(rows, row, symbol_counts):
    product = symbol_counts[left_of(rows, row)] * symbol_counts[right_of(rows, row)]
    return np.float64(rows[row, COUNT]) / np.float64(product)


@inlined
def _before(rows, a, score_a, count_a, b, score_b, count_b):
    """Whether row a, entered with this score and count, is merged before row b."""
    if score_a != score_b:
        return score_a > score_b
    if count_a != count_b:
        return count_a > count_b
    return rows[a, KEY] < rows[b, KEY]


@kernel
def _push(scores, heap, size, rows, row, symbol_counts):
    """Enter a row with its present score and count; return the new size.

    Args: scores: float64 (n,); heap: int64 (n, 3): row, count; the third column is not used.
    """
    score, count = _score(rows, row, symbol_counts), rows[row, COUNT]
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        other = heap[parent, 0]
        if not _before(rows, row, score, count, other, scores[parent], heap[parent, 1]):
            break
        scores[child], heap[child, 0], heap[child, 1] = scores[parent], other, heap[parent, 1]
        child = parent
    scores[child], heap[child, 0], heap[child, 1] = score, row, count
    return size + 1


@kernel
def _pop(scores, heap, size, rows):
    """Take the top away; return the new size."""
    size -= 1
    score, row, count = scores[size], heap[size, 0], heap[size, 1]
    parent = 0
    while 2 * parent + 1 < size:
        child = 2 * parent + 1
        if child + 1 < size and _before(
            rows, heap[child + 1, 0], scores[child + 1], heap[child + 1, 1],
            heap[child, 0], scores[child], heap[child, 1],
        ):  # fmt: skip
            child += 1
        other = heap[child, 0]
        if not _before(rows, other, scores[child], heap[child, 1], row, score, count):
            break
        scores[parent], heap[parent, 0], heap[parent, 1] = scores[child], other, heap[child, 1]
        parent = child
    scores[parent], heap[parent, 0], heap[parent, 1] = score, row, count
    return size


@kernel
def enter_rows(scores, heap, rows, n_rows, symbol_counts, least):
    """Enter all pairs in an empty queue; return its size."""
    size = 0
    for row in range(n_rows):
        if rows[row, COUNT] >= least:
            size = _push(scores, heap, size, rows, row, symbol_counts)
    return size


@kernel
def _push_chains(symbol, scores, heap, size, rows, links, heads, symbol_counts, least):
    """Enter all pairs that hold a symbol, with their present scores; return the new size.

    Pairs that have become too rare are taken out of the chains on the way.
    """
    for side in range(2):
        row, before = heads[side, symbol], NO_ROW
        while row != NO_ROW:
            after = links[row, side]
            if rows[row, COUNT] >= least:
                size = _push(scores, heap, size, rows, row, symbol_counts)
                before = row
            else:
                links[row, side] = OUT
                if before == NO_ROW:
                    heads[side, symbol] = after
                else:
                    links[before, side] = after
            row = after
    return size


@kernel
def _link_again(rows, row, links, heads):
    """Put a row back in the chains that it was taken out of."""
    for side in range(2):
        if links[row, side] == OUT:
            symbol = left_of(rows, row) if side == 0 else right_of(rows, row)
            links[row, side], heads[side, symbol] = heads[side, symbol], row


@kernel
def learn_by_likelihood(
    cells, weights, lengths, hashes, careful, known, index, rows, places, heap,
    around, tallies, row_at, found, merges, state, wanted, least,
    scores, links, heads, symbol_counts,
):  # fmt: skip
    """Merge until something is needed that only the caller can give; return what.

    Args and Returns: as `bpe_training.learn`; further arrays: see the functions above.
    """
    n_rows, n_places, size, n_symbols = state[N_ROWS], state[N_PLACES], state[SIZE], state[SYMBOLS]
    n_merges, answer, status = state[N_MERGES], ROUND, PAUSE
    while answer > 0:
        answer -= 1
        if n_symbols >= wanted:
            status = DONE
            break
        if n_rows + 2 * n_symbols > len(rows) or 2 * (n_rows + 2 * n_symbols) > len(index):
            status = ROWS
            break
        if size + 3 * (n_rows + 2 * n_symbols) > len(heap):
            if size <= n_rows:
                status = HEAP
                break
            size = enter_rows(scores, heap, rows, n_rows, symbol_counts, least)
            continue  # with entries that are up to date alone
        if size == 0:
            status = DONE
            break
        pair = heap[0, 0]
        if (
            rows[pair, COUNT] < least
            or rows[pair, COUNT] != heap[0, 1]
            or _score(rows, pair, symbol_counts) != scores[0]
        ):
            size = _pop(scores, heap, size, rows)
            continue
        left, right = left_of(rows, pair), right_of(rows, pair)
        made = n_symbols
        full = joined_hash(hashes, left, right)
        given = state[MADE] != ASK
        if not given:
            if careful[left] or is_known(known, full):
                status = STRING
                break
        else:
            made = state[MADE]
        is_new = made == n_symbols
        copied = 0 if is_new else n_places
        if made >= 0 and n_places + copied + 2 * rows[pair, LENGTH] >= len(places):
            status = PLACES
            break
        state[MADE] = ASK
        size = _pop(scores, heap, size, rows)
        if made == FORBIDDEN:
            continue
        if is_new:
            add_known(known, full)
            if not given:
                spell(left, right, made, hashes)
            lengths[made] = lengths[left] + lengths[right]
            n_symbols += 1
        merges[n_merges, 0], merges[n_merges, 1], merges[n_merges, 2] = left, right, made
        n_merges += 1
        n_found, n_x, n_y, weight = merge_everywhere(
            pair, made, cells, weights, rows, places, around, tallies, found
        )
        symbol_counts[left] -= weight
        symbol_counts[right] -= weight
        symbol_counts[made] += weight
        first_new = n_rows
        for side in range(2):
            n = n_x if side == 0 else n_y
            n_rows = break_pairs(side, n, left, right, made, around, tallies, index, rows, n_rows)
        rows[pair, COUNT], rows[pair, LENGTH] = 0, 0
        for side in range(2):
            n = n_x if side == 0 else n_y
            n_rows, n_places = form_pairs(
                side, n, made, is_new, 0, 0, around, tallies, row_at, hashes, known,
                lengths, index, rows, n_rows, places, n_places, 0,
            )  # fmt: skip
            write_places(side, n_found, found, tallies, places)
            forget(side, n, around, tallies)
        link_rows(rows, first_new, n_rows, links, heads)
        for side in range(2):
            for k in range(n_x if side == 0 else n_y):
                row = row_at[side, k]
                _link_again(rows, row, links, heads)
                if left_of(rows, row) == right_of(rows, row):
                    sort_places(rows, row, places)
        for symbol in (np.int64(left), np.int64(right), np.int64(made)):
            size = _push_chains(
                symbol, scores, heap, size, rows, links, heads, symbol_counts, least
            )
    state[N_ROWS], state[N_PLACES], state[SIZE], state[SYMBOLS] = n_rows, n_places, size, n_symbols
    state[N_MERGES] = n_merges
    return status
