"""Learning merges over packed words: the most frequent pair first, among equals the lowest ids.

All words stand in one array, a symbol at its first and at its last position, so that a neighbour
is found by its length, with no links: merging writes two numbers. Three ideas make it fast:

- a merge is a batch: its occurrences are walked once, the changes of the neighbours' counts add up
  in arrays indexed by symbol, and the large table of pairs is touched once for each neighbour;
- a pair is formed in one batch (all pairs of a merge hold the new symbol), so its occurrences are
  one segment, written when the batch has counted them;
- counts only fall once a pair is formed, so the queue holds just the pairs above a threshold; when
  it runs dry, the threshold is lowered and the table is read through.

Letters: a pair is (left, right), made is what it becomes; x stands before it, y after it.

The readable twin is `toktools.training.merging.learn_merges`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import kernel

DONE, PAUSE, ROWS, PLACES, HEAP, STRING = range(6)
"""What `learn` comes back for."""

N_ROWS, N_PLACES, SIZE, SYMBOLS, N_MERGES, THRESHOLD, MADE = range(7)
"""What stands where in `state`: rows, places, entries of the heap, symbols and merges so far; the
count that a pair must have to be in the heap; what the pair on top becomes, if the caller has
said."""

ASK, FORBIDDEN = -1, -2
"""In state[MADE]: nothing is said; the pair must not be merged."""

FULL, CONTENT, POWER = 0, 1, 2
"""Columns of `hashes`: of the whole string, of what it adds when joined, and base^length."""

ROUND = 2000  # turns between two moments for progress
INSIDE = -2  # in `text`: no symbol begins or ends here
EMPTY = -1
LEFT, RIGHT, COUNT, START, LENGTH = 0, 1, 2, 3, 4  # columns of a pair's row
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_HALF, _20, _1 = np.uint64(32), np.uint64(20), np.uint64(1)


@kernel
def find_row(index, rows, left, right):
    """Return where in `index` the pair's row number stands, or the EMPTY place where it would go.

    Args: index: int32 (m,), m a power of two; rows: int64 (n, 5).
    """
    key = np.uint64(left) << _HALF | np.uint64(right)
    mask = np.uint64(len(index) - 1)
    i = (key * _MULTIPLIER >> _20) & mask
    while True:
        row = index[i]
        if row == EMPTY or (rows[row, LEFT] == left and rows[row, RIGHT] == right):
            return i
        i = (i + _1) & mask


@kernel
def index_rows(index, rows, n_rows):
    """Enter the first `n_rows` rows in an empty index."""
    for row in range(n_rows):
        index[find_row(index, rows, rows[row, LEFT], rows[row, RIGHT])] = row


@kernel
def row_of(index, rows, n_rows, left, right):
    """Return the row of a pair, a new one at the end if need be, and how many rows there are."""
    i = find_row(index, rows, left, right)
    row = index[i]
    if row != EMPTY:
        return row, n_rows
    index[i] = n_rows
    rows[n_rows, LEFT], rows[n_rows, RIGHT] = left, right
    rows[n_rows, COUNT], rows[n_rows, START], rows[n_rows, LENGTH] = 0, 0, 0
    return n_rows, n_rows + 1


@kernel
def count_pairs(text, word_of, counts, index, rows, places):
    """Count every pair and write where it occurs; return the number of pairs.

    Args:
        text: int32 (n,): the words' symbols, -1 before, between and after words.
        word_of: int32 (n,): number of the word; counts: int64, occurrences of each word.
        index, rows: empty; see `find_row`. places: int32, room for n positions.
    """
    n_rows = 0
    for i in range(len(text) - 1):
        if text[i] >= 0 and text[i + 1] >= 0:
            row, n_rows = row_of(index, rows, n_rows, text[i], text[i + 1])
            rows[row, COUNT] += counts[word_of[i]]
            rows[row, LENGTH] += 1
    used = 0
    for row in range(n_rows):
        rows[row, START] = used
        used += rows[row, LENGTH]
        rows[row, LENGTH] = 0
    for i in range(len(text) - 1):
        if text[i] >= 0 and text[i + 1] >= 0:
            row = index[find_row(index, rows, text[i], text[i + 1])]
            places[rows[row, START] + rows[row, LENGTH]] = i
            rows[row, LENGTH] += 1
    return n_rows


# The queue: a heap of rows, the pair to merge next on top


@kernel
def _before(rows, a, count_a, b, count_b):
    """Whether row a, entered with count_a, is merged before row b."""
    if count_a != count_b:
        return count_a > count_b
    if rows[a, LEFT] != rows[b, LEFT]:
        return rows[a, LEFT] < rows[b, LEFT]
    return rows[a, RIGHT] < rows[b, RIGHT]


@kernel
def push(heap, size, rows, row):
    """Enter a row with its present count; return the new size. heap: int64 (n, 2): row, count."""
    count = rows[row, COUNT]
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if not _before(rows, row, count, heap[parent, 0], heap[parent, 1]):
            break
        heap[child, 0], heap[child, 1] = heap[parent, 0], heap[parent, 1]
        child = parent
    heap[child, 0], heap[child, 1] = row, count
    return size + 1


@kernel
def pop(heap, size, rows):
    """Take the top away; return the new size."""
    size -= 1
    row, count = heap[size, 0], heap[size, 1]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= size:
            break
        if child + 1 < size and _before(
            rows, heap[child + 1, 0], heap[child + 1, 1], heap[child, 0], heap[child, 1]
        ):
            child += 1
        if not _before(rows, heap[child, 0], heap[child, 1], row, count):
            break
        heap[parent, 0], heap[parent, 1] = heap[child, 0], heap[child, 1]
        parent = child
    heap[parent, 0], heap[parent, 1] = row, count
    return size


# One merge


@kernel
def merge_everywhere(
    pair, made, text, word_of, counts, spans, rows, places, around, weights, numbers, found
):  # fmt: skip
    """Replace one pair by `made` in all words, and say what stood around it.

    Args:
        pair: its row; made: the symbol it becomes; spans: int32, positions that each symbol takes.
        around: int32 (2, n_symbols): the distinct symbols that stood before, and after.
        weights: int64 (2, n_symbols): for each, how often, counting words; all 0 at the start.
        numbers: int32 (2, n_symbols): for each, in how many places; all 0 at the start.
        found: int32 (3, n): symbol before, symbol after and position of each occurrence.
    Returns: how many occurrences, distinct symbols before, and after, there were.
    """
    left, right = np.int32(rows[pair, LEFT]), np.int32(rows[pair, RIGHT])
    left_span, right_span = spans[left], spans[right]
    n_found, n_x, n_y = 0, 0, 0
    for k in range(rows[pair, START], rows[pair, START] + rows[pair, LENGTH]):
        i = places[k]
        j = i + left_span
        if text[i] != left or text[j] != right:
            continue  # merged otherwise since
        end = j + right_span
        x, y, weight = text[i - 1], text[end], counts[word_of[i]]
        text[j - 1], text[j] = INSIDE, INSIDE
        text[i], text[end - 1] = made, made
        if x >= 0:
            if numbers[0, x] == 0:
                around[0, n_x] = x
                n_x += 1
            numbers[0, x] += 1
            weights[0, x] += weight
        if y >= 0:
            if numbers[1, y] == 0:
                around[1, n_y] = y
                n_y += 1
            numbers[1, y] += 1
            weights[1, y] += weight
        found[0, n_found], found[1, n_found], found[2, n_found] = x, y, i
        n_found += 1
    return n_found, n_x, n_y


@kernel
def _make_room(rows, row, n, places, n_places):
    """Give a row's segment room for n more places; return the places in use."""
    start, length = rows[row, START], rows[row, LENGTH]
    rows[row, START] = n_places
    for k in range(length):  # a pair formed before, by another merge that spells the same
        places[n_places + k] = places[start + k]
    return n_places + length + n


@kernel
def _sort_places(rows, row, places):
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
    text, word_of, counts, spans, hashes, known, index, rows, places, heap,
    around, weights, numbers, row_at, found, merges, state, wanted, least, prefix_length,
):  # fmt: skip
    """Merge until something is needed that only the caller can give; return what.

    Args: see `toktools.kernels.training.Learner`, which owns the arrays.
    Returns: DONE, PAUSE (a moment for progress), ROWS, PLACES or HEAP (more room, please), STRING
             (the pair on top may spell a symbol that is there, or begin with the prefix by chance:
             the caller looks at the string, and sets state[MADE] and the hashes of a new symbol).
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
            if threshold <= least:
                status = DONE
                break
            lower = max(least, threshold // 2)
            enough = 0
            for row in range(n_rows):
                if rows[row, LENGTH] and lower <= rows[row, COUNT] < threshold:
                    enough += 1
            if enough > len(heap):
                status = HEAP
                break
            for row in range(n_rows):
                if rows[row, LENGTH] and lower <= rows[row, COUNT] < threshold:
                    size = push(heap, size, rows, row)
            threshold = lower
            continue
        pair, count = heap[0, 0], heap[0, 1]
        if rows[pair, LENGTH] == 0:
            size = pop(heap, size, rows)
            continue
        if rows[pair, COUNT] != count:
            size = pop(heap, size, rows)
            if rows[pair, COUNT] >= threshold:
                size = push(heap, size, rows, pair)
            continue
        left, right = rows[pair, LEFT], rows[pair, RIGHT]
        made = n_symbols
        full = hashes[left, FULL] * hashes[right, POWER] + hashes[right, CONTENT]
        given = state[MADE] != ASK
        if not given:
            if spans[left] < prefix_length or is_known(known, full):
                status = STRING
                break
        else:
            made = state[MADE]
        copied = 0 if made == n_symbols else n_places
        if made >= 0 and n_places + copied + 2 * rows[pair, LENGTH] > len(places):
            status = PLACES
            break
        state[MADE] = ASK
        size = pop(heap, size, rows)
        if made == FORBIDDEN:
            rows[pair, LENGTH] = 0
            continue
        if made == n_symbols:
            add_known(known, full)
            if not given:
                hashes[made, FULL] = full
                hashes[made, CONTENT] = (
                    hashes[left, CONTENT] * hashes[right, POWER] + hashes[right, CONTENT]
                )
                hashes[made, POWER] = hashes[left, POWER] * hashes[right, POWER]
            spans[made] = spans[left] + spans[right]
            n_symbols += 1
        merges[n_merges, 0], merges[n_merges, 1], merges[n_merges, 2] = left, right, made
        n_merges += 1
        n_found, n_x, n_y = merge_everywhere(
            pair, made, text, word_of, counts, spans, rows, places, around, weights, numbers, found
        )
        rows[pair, LENGTH] = 0
        for side in range(2):
            for k in range(n_x if side == 0 else n_y):
                z = around[side, k]
                if side == 0:
                    row, n_rows = row_of(index, rows, n_rows, z, left)
                else:
                    row, n_rows = row_of(index, rows, n_rows, right, z)
                rows[row, COUNT] -= weights[side, z]
        for side in range(2):
            for k in range(n_x if side == 0 else n_y):
                z = around[side, k]
                if side == 0:
                    row, n_rows = row_of(index, rows, n_rows, z, made)
                else:
                    row, n_rows = row_of(index, rows, n_rows, made, z)
                rows[row, COUNT] += weights[side, z]
                n_places = _make_room(rows, row, numbers[side, z], places, n_places)
                row_at[side, z] = row
                weights[side, z] = 0
                numbers[side, z] = 0
            for k in range(n_found):
                z = found[side, k]
                if z >= 0:
                    row = row_at[side, z]
                    place = found[2, k] - (spans[z] if side == 0 else 0)
                    places[rows[row, START] + rows[row, LENGTH]] = place
                    rows[row, LENGTH] += 1
        for side in range(2):
            for k in range(n_x if side == 0 else n_y):
                row = row_at[side, around[side, k]]
                if rows[row, LEFT] == rows[row, RIGHT]:
                    _sort_places(rows, row, places)
                if rows[row, COUNT] >= threshold:
                    size = push(heap, size, rows, row)
    state[N_ROWS], state[N_PLACES], state[SIZE], state[SYMBOLS] = n_rows, n_places, size, n_symbols
    state[N_MERGES], state[THRESHOLD] = n_merges, threshold
    return status


@kernel
def is_known(known, mixed):
    """Whether a hash is in the set. known: uint64, a power of two, 0 where empty."""
    mask = np.uint64(len(known) - 1)
    i = (mixed * _MULTIPLIER >> _20) & mask
    while known[i]:
        if known[i] == mixed:
            return True
        i = (i + _1) & mask
    return False


@kernel
def add_known(known, mixed):
    """Put a hash in the set."""
    mask = np.uint64(len(known) - 1)
    i = (mixed * _MULTIPLIER >> _20) & mask
    while known[i] and known[i] != mixed:
        i = (i + _1) & mask
    known[i] = mixed
