"""Learning merges over packed words: the most frequent pair first, among equals the lowest ids.

All words stand in one array, a symbol at its first and at its last position, with how many it
takes, so that a neighbour is found with no links: merging writes few positions. Four ideas make it
fast:

- a merge is a batch: its occurrences are walked once, the changes of the neighbours' counts add up
  in arrays indexed by symbol, and the large table of pairs is touched once for each neighbour;
- a pair is formed in one batch (all pairs of a merge hold the new symbol), so its occurrences are
  one segment, written when the batch has counted them;
- counts only fall once a pair is formed, so the queue holds just the pairs above a threshold; when
  it runs dry, the threshold is lowered and the table is read through;
- for the same reason pairs that are formed with less than a floor are not even entered in the
  table: nearly all of them will never be merged. When the threshold has come down to the floor,
  the floor is lowered, and the pairs are counted anew from the words (`pair_table.py`).

Each pair so has a row with its count and all its places, or its count is below the floor. One thing
breaks that rule: a merge that spells a symbol that is there already forms pairs that may have been
formed before. Such a pair waits as often as it was formed, with the places and the count of that
time. Had it been left out before, that count would not be known.

Where symbols that continue a word carry a mark, "##", such a symbol can also be spelled as text, by
words that begin with "##", and nearly all that is spelled twice is of this kind. As text it stands
at the beginning of a word, so it forms a pair on one side alone, and the two together spell the
beginning of a word that begins with the mark: such pairs are never left out. At any other symbol
that is spelled again, the caller is told that it must learn with a floor of 0.

Letters: a pair is (left, right), made is what it becomes; x stands before it, y after it.

The readable twin is `toktools.training.merging.learn_merges`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.marked_text import BEGINS, CONTINUES
from toktools.kernels.pair_queue import pop, push, refill
from toktools.kernels.pair_table import (
    COUNT,
    EMPTY,
    FIRST,
    INSIDE,
    LAST,
    LENGTH,
    MERGED,
    OUTSIDE,
    SHAPE_BITS,
    START,
    STORED,
    TWICE,
    counted_in,
    find_row,
    lasts,
    left_of,
    pair_key,
    right_of,
    row_again,
    row_of,
    span_from,
    span_to,
    symbol_at,
    too_long,
    weight_at,
)
from toktools.kernels.string_hashes import add_known, is_known, joined_hash, spell
from toktools.kernels.vectors import prefetch

DONE, PAUSE, ROWS, PLACES, HEAP, STRING, FLOOR = range(7)
"""What `learn` comes back for."""

N_ROWS, N_PLACES, SIZE, SYMBOLS, N_MERGES, THRESHOLD, MADE, UNSURE = range(8)
"""What stands where in `state`: rows, places, entries of the heap, symbols and merges so far; the
count that a pair must have to be in the heap; what the pair on top becomes, if the caller has
said; whether a pair was formed again that may have been left out before."""

ASK, FORBIDDEN = -1, -2
"""In state[MADE]: nothing is said; the pair must not be merged."""

WEIGHT, NUMBER = range(2)
PLACE = NUMBER
"""Columns of `tallies`, for a symbol beside the pair: how often, counting words, and in how many
places it stood. When the pairs that were formed have their room, where the next place goes stands
instead of that number; NOWHERE for those that have none."""

NOWHERE = -1

ROUND = 2000  # turns between two moments for progress
_0, _1, _2 = (np.uint64(n) for n in range(3))
_AHEAD = np.uint64(24)  # occurrences
_BEHIND = np.uint64(6)  # cells, as far as most occurrences are looked at


@inlined
def _ask_for(cells, place):
    """Ask for the cells around a place: they may lie in two lines of memory."""
    place = np.uint64(place)
    prefetch(cells, place - _1)
    prefetch(cells, place + _BEHIND)


@kernel
def merge_everywhere(
    pair, made, cells, weights, rows, places, around, tallies, found
):  # fmt: skip
    """Replace one pair by `made` in all words, and say what stood around it.

    Args:
        pair: its row; made: the symbol it becomes; cells, weights: see `pair_table.py`.
        around: int32 (2, n_symbols): the distinct symbols that stood before, and after.
        tallies: int64 (2, m, 2), m a power of two, more than there are symbols: of each; all 0 at
            the start. The last ones are OUTSIDE's, which is none of the distinct ones, and forms no
            pairs.
        found: int32 (n, 4): of each occurrence the symbol before and after, and where the pairs
            begin that are formed with them.
    Returns: how many occurrences, distinct symbols before, and after, there were; the first also
             counting words.
    """
    left, right, made = left_of(rows, pair), right_of(rows, pair), np.int32(made)
    n_found, n_x, n_y, total = _0, _0, _0, 0
    tallies[0, OUTSIDE, NUMBER] = tallies[1, OUTSIDE, NUMBER] = 1  # as if it had been met before
    outside = np.uint64(tallies.shape[1] - 1)
    first = np.uint64(rows[pair, START])
    last = first + np.uint64(rows[pair, LENGTH])
    for k in range(first, min(first + _AHEAD, last)):
        _ask_for(cells, places[k])
    for k in range(first, last):
        _ask_for(cells, places[min(k + _AHEAD, last - _1)])
        i = np.uint64(places[k])
        if cells[i] >> 1 != left << (SHAPE_BITS - 1):
            continue  # merged otherwise since, or LAST: a longer symbol of that name ends here
        j = i + span_from(cells, i)
        if symbol_at(cells, j) != right:
            continue
        end = j + span_from(cells, j)
        before = i - _1
        x, y = symbol_at(cells, before), symbol_at(cells, end)
        found[n_found, 0], found[n_found, 1] = x, y
        found[n_found, 2], found[n_found, 3] = i - span_to(cells, before), i
        n_found += _1
        cells[j - _1], cells[j] = INSIDE, INSIDE
        cells[i + _1] = cells[end - _2] = np.int32(i - end)  # if there are three, or more
        cells[i], cells[end - _1] = made << SHAPE_BITS | FIRST, made << SHAPE_BITS | LAST
        weight = weight_at(weights, i)
        total += weight
        around[0, n_x], around[1, n_y] = x, y  # to stay if they are met for the first time
        at_x, at_y = np.uint64(x) & outside, np.uint64(y) & outside
        n_x += np.uint64(tallies[0, at_x, NUMBER] == 0)
        n_y += np.uint64(tallies[1, at_y, NUMBER] == 0)
        tallies[0, at_x, NUMBER] += 1
        tallies[0, at_x, WEIGHT] += weight
        tallies[1, at_y, NUMBER] += 1
        tallies[1, at_y, WEIGHT] += weight
    return np.int64(n_found), np.int64(n_x), np.int64(n_y), total


@kernel
def break_pairs(side, n, left, right, made, around, tallies, index, rows, n_rows):
    """Take the pairs that were broken on one side off their counts; return the number of rows."""
    for k in range(n):
        z = around[side, k]
        key = pair_key(z, left) if side == 0 else pair_key(right, z)
        if z == made:  # formed in this very batch, and its row, if any, yet to come
            row, n_rows = row_of(index, rows, n_rows, key)
        else:
            row = np.int64(index[find_row(index, rows, key)])
            if row == EMPTY:
                continue  # below the floor
        rows[np.uint64(row), COUNT] -= tallies[side, np.uint64(z), WEIGHT]
    return n_rows


@kernel
def form_pairs(
    side, n, made, is_new, floor, limit, around, tallies, row_at, hashes, lasting,
    lengths, index, rows, n_rows, places, n_places, since,
):  # fmt: skip
    """Count the pairs that were formed on one side, and give them room for their places.

    Args:
        row_at: int32 (2, n): the row of each pair, EMPTY for those below the floor.
        lasting: hashes of what pairs spell that are never below the floor.
        since: segments that begin before wait for themselves; later ones are added to.
    Returns: the number of rows and of places in use.
    """
    tallies[side, OUTSIDE, PLACE] = NOWHERE
    for k in range(n):
        z = around[side, k]
        at = np.uint64(z)
        weight, number = tallies[side, at, WEIGHT], tallies[side, at, NUMBER]
        tallies[side, at, WEIGHT], tallies[side, at, PLACE] = 0, NOWHERE
        row_at[side, k] = EMPTY
        left, right = (z, made) if side == 0 else (made, z)
        if is_new and z != made and weight < floor and not lasts(hashes, lasting, left, right):
            continue
        if too_long(lengths, z, made, limit):
            continue
        key = pair_key(left, right)
        row, n_rows = row_of(index, rows, n_rows, key)
        rows[row, COUNT] += weight
        if rows[row, LENGTH] > 0 and rows[row, START] < since:
            row, n_rows = row_again(rows, n_rows, row)
        if rows[row, LENGTH] == 0:
            rows[row, STORED] = 0
        n_places = _make_room(rows, row, number, places, n_places)
        tallies[side, at, PLACE] = n_places - number
        row_at[side, k] = row
    return n_rows, n_places


@kernel
def write_places(side, n_found, found, tallies, places):
    """Write where the pairs that were formed on one side stand; what has no place goes last."""
    outside, last = np.uint64(tallies.shape[1] - 1), np.uint64(len(places) - 1)
    for k in range(np.uint64(n_found)):
        z = np.uint64(found[k, side]) & outside
        at = tallies[side, z, PLACE]
        places[min(np.uint64(at), last)] = found[k, 2 + side]
        tallies[side, z, PLACE] = at + (at >= 0)


@kernel
def forget(side, n, around, tallies):
    """Make the tallies of one side 0 again."""
    for k in range(n):
        tallies[side, around[side, k], NUMBER] = 0


@kernel
def _make_room(rows, row, n, places, n_places):
    """Make a row's segment n places longer; return the places in use."""
    start, length = rows[row, START], rows[row, LENGTH]
    rows[row, START], rows[row, LENGTH] = n_places, length + n
    for k in range(length):  # two of `made` side by side, in view from both
        places[n_places + k] = places[start + k]
    return n_places + length + n


@kernel
def gather_places(row, cells, rows, places, n_places):
    """Give a row all places where its pair stands in the words of its segment.

    Where a pair waits twice, a word may hold places of both rows; the first one merges them all.
    Returns: the places in use; -1 if there is no room for them.
    """
    left, right = left_of(rows, row), right_of(rows, row)
    start, n = rows[row, START], n_places
    before = np.uint64(len(cells))
    for k in range(start, start + rows[row, LENGTH]):
        i = np.uint64(places[k])
        while cells[i] != OUTSIDE:
            i -= _1
        if i == before:
            continue
        before, i = i, i + _1
        while cells[i] != OUTSIDE:
            j = i + span_from(cells, i)
            if symbol_at(cells, i) == left and symbol_at(cells, j) == right:
                if n + 1 == len(places):
                    return -1
                places[n] = i
                n += 1
            i = j
    rows[row, START], rows[row, LENGTH] = n_places, n - n_places
    return n


@kernel
def sort_places(rows, row, places):
    """Put the places of a pair of equal symbols in order, so that runs merge from the left."""
    start = rows[row, START]
    for k in range(start + 1, start + rows[row, LENGTH]):
        place, i = places[k], k
        while i > start and places[i - 1] > place:
            places[i] = places[i - 1]
            i -= 1
        places[i] = place


@kernel
def learn(
    cells, weights, lengths, hashes, careful, known, lasting, where, index, rows, places, heap,
    around, tallies, row_at, found, merges, state, wanted, least, floor, limit,
):  # fmt: skip
    """Merge until something is needed that only the caller can give; return what.

    Args: see `toktools.kernels.training.Learner`, which owns the arrays.
    Returns: DONE, PAUSE (a moment for progress), ROWS, PLACES or HEAP (more room, please), STRING
             (the pair on top may spell a symbol that is there, or begin with the prefix by chance:
             the caller looks at the string, and sets state[MADE] and the hashes of a new symbol),
             FLOOR (no pair that was not left out is as frequent as the floor).
    """
    n_rows, n_places, size, n_symbols = state[N_ROWS], state[N_PLACES], state[SIZE], state[SYMBOLS]
    n_merges, threshold, answer = state[N_MERGES], state[THRESHOLD], ROUND
    status = PAUSE
    while answer > 0:
        answer -= 1
        if n_symbols >= wanted:
            status = DONE
            break
        if n_rows + 2 * n_symbols > len(rows) or 2 * (n_rows + 2 * n_symbols) > len(index):
            status = ROWS
            break
        if size + max(2 * n_symbols, 1) > len(heap):
            status = HEAP
            break
        if size == 0:
            if threshold <= floor:
                status = FLOOR
                break
            lower = max(floor, threshold // 2)
            size = refill(heap, rows, n_rows, lower, threshold, hashes, lasting, floor == 0)
            if size < 0:
                size, status = 0, HEAP
                break
            threshold = lower
            continue
        pair, count = heap[0, 0], heap[0, 1]
        owner = counted_in(rows, pair)
        if rows[owner, COUNT] != count:
            size = pop(heap, size, rows)
            rows[pair, STORED] = rows[owner, COUNT]
            if rows[pair, STORED] >= threshold:
                size = push(heap, size, rows, pair)
            continue
        if count < least:
            status = DONE
            break
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
        if rows[owner, MERGED] == TWICE:
            gathered = gather_places(pair, cells, rows, places, n_places)
            if gathered < 0:
                status = PLACES
                break
            n_places = gathered
        if made >= 0 and n_places + 3 * rows[pair, LENGTH] >= len(places):
            status = PLACES
            break
        state[MADE] = ASK
        size = pop(heap, size, rows)
        if made == FORBIDDEN:
            rows[pair, LENGTH] = 0
            continue
        if is_new:
            add_known(known, full)
            if not given:
                spell(left, right, made, hashes)
            lengths[made] = lengths[left] + lengths[right]
            n_symbols += 1
        merges[n_merges, 0], merges[n_merges, 1], merges[n_merges, 2] = left, right, made
        n_merges += 1
        tallies[0, OUTSIDE, WEIGHT] = 0
        n_found, n_x, n_y, total = merge_everywhere(
            pair, made, cells, weights, rows, places, around, tallies, found
        )
        at_begin = tallies[0, OUTSIDE, WEIGHT]
        stands = (BEGINS if at_begin else 0) | (CONTINUES if total > at_begin else 0)
        again = 0 if is_new else where[made] & stands
        if again & CONTINUES or (again & BEGINS and not is_known(lasting, full)):
            state[UNSURE] = 1
        where[made] |= stands
        rows[pair, LENGTH], rows[owner, MERGED] = 0, max(rows[owner, MERGED], 1)
        for side in range(2):
            n = n_x if side == 0 else n_y
            n_rows = break_pairs(side, n, left, right, made, around, tallies, index, rows, n_rows)
        since = n_places
        for side in range(2):
            n = n_x if side == 0 else n_y
            n_rows, n_places = form_pairs(
                side, n, made, is_new, floor, limit, around, tallies, row_at, hashes, lasting,
                lengths, index, rows, n_rows, places, n_places, since,
            )  # fmt: skip
            write_places(side, n_found, found, tallies, places)
            forget(side, n, around, tallies)
        for side in range(2):
            for k in range(n_x if side == 0 else n_y):
                row = np.int64(row_at[side, k])
                if row == EMPTY:
                    continue
                if left_of(rows, row) == right_of(rows, row):
                    sort_places(rows, row, places)
                if rows[row, STORED] == 0:  # not entered from the other side
                    rows[row, STORED] = rows[counted_in(rows, row), COUNT]
                    if rows[row, STORED] <= 0:
                        rows[row, LENGTH] = 0  # broken in this very batch
                    elif rows[row, STORED] >= threshold:
                        size = push(heap, size, rows, row)
    state[N_ROWS], state[N_PLACES], state[SIZE], state[SYMBOLS] = n_rows, n_places, size, n_symbols
    state[N_MERGES], state[THRESHOLD] = n_merges, threshold
    return status
