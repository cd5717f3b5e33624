"""The queue of pairs: a heap of rows, the pair to merge next on top.

The most frequent one, among equals the lowest symbols; each by the count that it had when it was
entered, which its row stores (`pair_table.py`).

The readable twin is the queue in `toktools.training.merging`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.pair_table import (
    COUNT,
    KEY,
    LENGTH,
    START,
    STORED,
    lasts,
    left_of,
    right_of,
)

_0, _1 = np.uint64(0), np.uint64(1)


@inlined
def _before(rows, a, count_a, key_a, b, count_b, key_b):
    """Whether row a, entered with count_a, is merged before row b."""
    if count_a != count_b:
        return count_a > count_b
    if key_a != key_b:
        return key_a < key_b
    return rows[np.uint64(a), START] < rows[np.uint64(b), START]  # the one that was formed first


@kernel
def push(heap, size, rows, row):
    """Enter a row with its stored count; return the new size.

    Args: heap: int64 (n, 3): row, count, and the row's key, which decides so often that it stands
          here too: a row is far away.
    """
    count, key = rows[row, STORED], rows[row, KEY]
    child = np.uint64(size)
    while child > _0:
        parent = child - _1 >> _1
        above, count_above, key_above = heap[parent, 0], heap[parent, 1], heap[parent, 2]
        if not _before(rows, row, count, key, above, count_above, key_above):
            break
        heap[child, 0], heap[child, 1], heap[child, 2] = above, count_above, key_above
        child = parent
    heap[child, 0], heap[child, 1], heap[child, 2] = row, count, key
    return size + 1


@kernel
def pop(heap, size, rows):
    """Take the top away; return the new size."""
    size -= 1
    row, count, key = heap[size, 0], heap[size, 1], heap[size, 2]
    parent, n = _0, np.uint64(size)
    while True:
        child = parent + parent + _1
        if child >= n:
            break
        second = child + _1
        if second < n and _before(
            *(rows, heap[second, 0], heap[second, 1], heap[second, 2]),
            *(heap[child, 0], heap[child, 1], heap[child, 2]),
        ):
            child = second
        below, count_below, key_below = heap[child, 0], heap[child, 1], heap[child, 2]
        if not _before(rows, below, count_below, key_below, row, count, key):
            break
        heap[parent, 0], heap[parent, 1], heap[parent, 2] = below, count_below, key_below
        parent = child
    heap[parent, 0], heap[parent, 1], heap[parent, 2] = row, count, key
    return size


@kernel
def refill(heap, rows, n_rows, lower, threshold, hashes, lasting, may_rise):
    """Enter the pairs with stored counts from `lower` on, below `threshold`, in an empty queue.

    A count that has fallen in the meantime is stored anew first. That changes nothing, as the pair
    would have to wait for that count anyway, but where it might rise again before: a pair that can
    be formed a second time keeps the count that it was formed with.

    Args:    may_rise: whether any pair might; otherwise only those that `lasts` tells.
    Returns: the size; -1 if there is no room for them.
    """
    size = 0
    for row in range(np.uint64(n_rows)):
        if rows[row, LENGTH] == 0 or not lower <= rows[row, STORED] < threshold:
            continue
        has_fallen = rows[row, COUNT] < lower and not may_rise
        if has_fallen and not lasts(hashes, lasting, left_of(rows, row), right_of(rows, row)):
            rows[row, STORED] = rows[row, COUNT]
            continue
        if size == len(heap):
            return -1
        size = push(heap, size, rows, np.int64(row))
    return size
