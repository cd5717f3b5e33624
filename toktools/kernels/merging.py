"""Applying merges to one piece: the lowest rank first, the leftmost among equals.

The readable twin is `toktools.training.merging.apply_merges`. A short piece keeps the rank of every
pair in an array and takes the smallest of all at each step, which vector instructions make cheap; a
long one keeps them in a heap, so that n symbols take O(n log n).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.merge_table import find_rank

SHORT = 128  # symbols; positions fit 8 bits
_SHORT_BITS = 8
_LONG_BITS = 32
_NEVER = np.int64(0x7FFFFFFFFFFFFFFF)


class Workspace(NamedTuple):
    """Room for one piece of n symbols.

    symbols: int32 (n,); keys: int64 (n,): rank and position of the pair that begins there.
    after, before: int32 (n,): the positions of the neighbours.
    heap: int64 (3 n,).
    """

    symbols: NDArray[np.int32]
    keys: NDArray[np.int64]
    after: NDArray[np.int32]
    before: NDArray[np.int32]
    heap: NDArray[np.int64]


def workspace(n: int) -> Workspace:
    """Return room for pieces of at most `n` symbols."""
    return Workspace(
        np.empty(n, np.int32),
        np.empty(n, np.int64),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(3 * n, np.int64),
    )


@kernel
def merge_piece(symbols, keys, after, before, heap, n, entries, shift, made):
    """Merge `symbols[:n]` in place; return how many symbols are left.

    Args: the parts of a `Workspace`; n: symbols, >= 1; the parts of a `MergeTable`. (Parts, since
          taking an array out of a tuple counts a reference, which costs more than a lookup.)
    Ties: the same rank is the same pair; the leftmost goes first.
    """
    bits = _SHORT_BITS if n <= SHORT else _LONG_BITS
    for i in range(n - 1):
        keys[i] = _key(find_rank(entries, shift, symbols[i], symbols[i + 1]), i, bits)
    return _merge(symbols, keys, after, before, heap, n, entries, shift, made)


@kernel
def merge_bytes(
    text, start, n, byte_ids, byte_ranks, symbols, keys, after, before, heap, entries, shift, made
):  # fmt: skip
    """Spell `text[start : start + n]` in bytes and merge; return how many symbols are left.

    Args: byte_ids: int32 (256,), the symbol of each byte; byte_ranks: int32 (65,536,), the rank of
          each pair of bytes, the first times 256 plus the second; -1 for none. The rest as above.
    """
    bits = _SHORT_BITS if n <= SHORT else _LONG_BITS
    byte = np.int64(text[start])
    symbols[0] = byte_ids[byte]
    for i in range(n - 1):
        following = np.int64(text[start + i + 1])
        symbols[i + 1] = byte_ids[following]
        keys[i] = _key(np.int64(byte_ranks[byte << 8 | following]), i, bits)
        byte = following
    return _merge(symbols, keys, after, before, heap, n, entries, shift, made)


@inlined
def _key(rank, i, bits):
    """Return the key of the pair that begins at i: rank and place, or _NEVER where rank is -1."""
    return rank << bits | i if rank >= 0 else _NEVER


@kernel
def _merge(symbols, keys, after, before, heap, n, entries, shift, made):
    """Merge symbols whose pairs have their keys; return how many are left."""
    keys[n - 1] = _NEVER
    lowest = _NEVER
    for i in range(n - 1):
        lowest = min(lowest, keys[i])
    if lowest == _NEVER:
        return n
    for i in range(n):
        after[i] = i + 1
        before[i] = i - 1
    if n <= SHORT:
        _merge_short(symbols, keys, after, before, n, entries, shift, made)
    else:
        _merge_long(symbols, keys, after, before, heap, n, entries, shift, made)
    count, i = 0, 0
    while i < n:
        symbols[count] = symbols[i]
        count += 1
        i = after[i]
    return count


@kernel
def _join(symbols, keys, after, before, i, symbol):
    """Put `symbol` in the place of symbol i and of the one after it."""
    j = after[i]
    symbols[i] = symbol
    keys[i] = _NEVER
    keys[j] = _NEVER
    after[i] = after[j]
    if after[i] < len(before):
        before[after[i]] = i


@kernel
def _merge_short(symbols, keys, after, before, n, entries, shift, made):
    while True:
        lowest = _NEVER
        for i in range(n - 1):
            lowest = min(lowest, keys[i])
        if lowest == _NEVER:
            return
        i = lowest & (1 << _SHORT_BITS) - 1
        _join(symbols, keys, after, before, i, made[lowest >> _SHORT_BITS])
        j, h = after[i], before[i]
        if j < n:
            keys[i] = _key(find_rank(entries, shift, symbols[i], symbols[j]), i, _SHORT_BITS)
        if h >= 0:
            keys[h] = _key(find_rank(entries, shift, symbols[h], symbols[i]), h, _SHORT_BITS)


@kernel
def _merge_long(symbols, keys, after, before, heap, n, entries, shift, made):
    size = 0
    for i in range(n - 1):
        if keys[i] != _NEVER:
            heap[size] = keys[i]
            size += 1
    for i in range(size // 2 - 1, -1, -1):
        _sift_down(heap, i, size)
    while size:
        lowest = heap[0]
        size -= 1
        heap[0] = heap[size]
        _sift_down(heap, 0, size)
        i = lowest & (1 << _LONG_BITS) - 1
        if keys[i] != lowest:
            continue  # another pair stands here by now, or none
        _join(symbols, keys, after, before, i, made[lowest >> _LONG_BITS])
        j, h = after[i], before[i]
        if j < n:
            size = _offer(keys, heap, i, find_rank(entries, shift, symbols[i], symbols[j]), size)
        if h >= 0:
            size = _offer(keys, heap, h, find_rank(entries, shift, symbols[h], symbols[i]), size)


@kernel
def _offer(keys, heap, i, rank, size):
    """Give the pair at i its new rank, and the heap an entry if that is one; return its size."""
    if rank < 0:
        keys[i] = _NEVER
        return size
    key = rank << _LONG_BITS | i
    keys[i] = key
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap[parent] <= key:
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = key
    return size + 1


@kernel
def _sift_down(heap, parent, size):
    """Let the entry at `parent` sink to its place among the first `size`."""
    if parent >= size:
        return
    key = heap[parent]
    while True:
        child = 2 * parent + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = key
