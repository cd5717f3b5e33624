"""The queue of pairs: a heap of rows, the pair to merge next on top.

The most frequent one, among equals the lowest symbols; each by the count that it had when it was
entered, which its row stores (`pair_table.py`).

The readable twin is the queue in `toktools.training.merging`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.pair_table import KEY, LENGTH, START, STORED

_0, _1 = np.uint64(0), np.uint64(1)


@inlined
def _before(rows, a, count_a, b, count_b):
    """Whether row a, entered with count_a, is merged before row b."""
    if count_a != count_b:
        return count_a > count_b
    a, b = np.uint64(a), np.uint64(b)
    if rows[a, KEY] != rows[b, KEY]:
        return rows[a, KEY] < rows[b, KEY]
    return rows[a, START] < rows[b, START]  # the one that was formed first


@kernel
def push(heap, size, rows, row):
    """Enter a row with its stored count; return the new size. heap: int64 (n, 2): row, count."""
    count = rows[row, STORED]
    child = np.uint64(size)
    while child > _0:
        parent = child - _1 >> _1
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
    parent, n = _0, np.uint64(size)
    while True:
        child = parent + parent + _1
        if child >= n:
            break
        second = child + _1
        if second < n and _before(
            rows, heap[second, 0], heap[second, 1], heap[child, 0], heap[child, 1]
        ):
            child = second
        if not _before(rows, heap[child, 0], heap[child, 1], row, count):
            break
        heap[parent, 0], heap[parent, 1] = heap[child, 0], heap[child, 1]
        parent = child
    heap[parent, 0], heap[parent, 1] = row, count
    return size


@kernel
def refill(heap, size, rows, n_rows, lower, threshold):
    """Enter the pairs with stored counts from `lower` on, below `threshold`; return the size.

    Returns: -1 if there is no room for them.
    """
    enough = 0
    for row in range(np.uint64(n_rows)):
        enough += rows[row, LENGTH] > 0 and lower <= rows[row, STORED] < threshold
    if size + enough > len(heap):
        return -1
    for row in range(np.uint64(n_rows)):
        if rows[row, LENGTH] and lower <= rows[row, STORED] < threshold:
            size = push(heap, size, rows, np.int64(row))
    return size
