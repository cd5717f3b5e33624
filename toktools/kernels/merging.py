"""Applying merges to one piece: the lowest rank first, the leftmost among equals.

The readable twin is `toktools.training.merging.apply_merges`. A short piece keeps the rank of every
pair in an array and takes the smallest of all at each step, sixteen at a time; a long one keeps
them in a heap, so that n symbols take O(n log n). Symbols are linked in a ring, with NO_SYMBOL
between the last and the first: so a pair at either end is looked up as any other, without a branch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.merge_table import NO_SYMBOL, find_rank, made_by
from toktools.kernels.vectors import KEYS, least_key

SHORT = 128  # symbols; a position takes 7 bits, which leaves 24 for a rank
_SHORT_BITS, _LONG_BITS, _NO_BITS = np.int64(7), np.int64(32), np.int64(0)
_NEVER = np.int64(0x7FFFFFFF)
_NOWHERE, _0, _1 = np.int64(-1), np.int64(0), np.int64(1)
"""Not literals, which are another type, for which a function would be compiled once more."""


class Workspace(NamedTuple):
    """Room for one piece of n symbols.

    symbols: int32 (n + 1,).
    keys: int32 (n + KEYS,): rank and position of the pair that begins there; of a long piece the
        rank alone.
    after, before: int32 (n + 1,): the positions of the neighbours.
    heap: int64 (3 n,): of a long piece, rank and position.
    """

    symbols: NDArray[np.int32]
    keys: NDArray[np.int32]
    after: NDArray[np.int32]
    before: NDArray[np.int32]
    heap: NDArray[np.int64]


def workspace(n: int) -> Workspace:
    """Return room for pieces of at most `n` symbols."""
    return Workspace(
        np.empty(n + 1, np.int32),
        np.empty(n + KEYS, np.int32),
        np.empty(n + 1, np.int32),
        np.empty(n + 1, np.int32),
        np.empty(3 * n, np.int64),
    )


@kernel
def merge_piece(symbols, keys, after, before, heap, n, entries, shift, made, first):
    """Merge `symbols[:n]` in place; return how many symbols are left.

    Args: the parts of a `Workspace`; n: symbols, >= 1; the parts of a `MergeTable`. (Parts, since
          taking an array out of a tuple counts a reference, which costs more than a lookup.)
    Ties: the same rank is the same pair; the leftmost goes first.
    """
    bits = _SHORT_BITS if n <= SHORT else _NO_BITS
    for i in range(n - 1):
        keys[i] = _key(find_rank(entries, shift, symbols[i], symbols[i + 1]), i, bits)
    return _merge(symbols, keys, after, before, heap, n, entries, shift, made, first)


@inlined
def merge_bytes(
    text, start, n, byte_ids, byte_ranks, symbols, keys, after, before, heap, entries, shift, made,
    first,
):  # fmt: skip
    """Spell `text[start : start + n]` in bytes and merge; return how many symbols are left.

    Args: byte_ids: int32 (256,), the symbol of each byte; byte_ranks: int32 (65,536,), the rank of
          each pair of bytes, the first times 256 plus the second; -1 for none. The rest as above.
    """
    bits = _SHORT_BITS if n <= SHORT else _NO_BITS
    byte = np.int64(text[start])
    symbols[0] = byte_ids[byte]
    for i in range(n - 1):
        following = np.int64(text[start + i + 1])
        symbols[i + 1] = byte_ids[following]
        keys[i] = _key(np.int64(byte_ranks[byte << 8 | following]), i, bits)
        byte = following
    return _merge(symbols, keys, after, before, heap, n, entries, shift, made, first)


@kernel
def find_unmerged(
    text, ends, byte_ids, byte_ranks, symbols, keys, after, before, heap, entries, shift, made,
    first, found,
):  # fmt: skip
    """Note which pieces are not merged into one symbol.

    Args: text: uint8, the pieces end to end; ends: int64, of each; found: bool, of each.
    """
    start = 0
    for i in range(len(ends)):
        n = merge_bytes(
            text, start, ends[i] - start, byte_ids, byte_ranks, symbols, keys, after, before, heap,
            entries, shift, made, first,
        )  # fmt: skip
        found[i] = n > 1
        start = ends[i]


@inlined
def _key(rank, i, bits):
    """Return the key of the pair that begins at i, with so many bits for i; _NEVER for rank -1."""
    return rank << bits | i & (_1 << bits) - _1 if rank >= 0 else _NEVER


@inlined
def _merge(symbols, keys, after, before, heap, n, entries, shift, made, first):
    """Merge symbols whose pairs have their keys; return how many are left."""
    for i in range(KEYS):
        keys[n - 1 + i] = _NEVER
    lowest = _lowest(keys, n, _NOWHERE, _NOWHERE, _NOWHERE)
    if lowest == _NEVER:
        return n
    for i in range(n):
        after[i] = i + 1
        before[i + 1] = i
    before[0], symbols[n] = n, NO_SYMBOL
    if n <= SHORT:
        _merge_short(symbols, keys, after, before, n, lowest, entries, shift, made, first)
    else:
        _merge_long(symbols, keys, after, before, heap, n, entries, shift, made, first)
    count, i = 0, 0
    while i < n:
        symbols[count] = symbols[i]
        count += 1
        i = after[i]
    return count


@inlined
def _lowest(keys, n, i, j, k):
    """Return the lowest of the keys of n symbols but those at i, j and k."""
    lowest = _NEVER
    for at in range(0, n, KEYS):
        lowest = min(lowest, np.int64(least_key(keys, at, i, j, k)))
    return lowest


@inlined
def _join(symbols, keys, after, before, i, symbol):
    """Put `symbol` in the place of symbol i and of the one after it; return what is behind now."""
    j = after[i]
    symbols[i] = symbol
    keys[i] = _NEVER
    keys[j] = _NEVER
    behind = after[j]
    after[i] = behind
    before[behind] = i
    return behind


@inlined
def _merge_short(symbols, keys, after, before, n, lowest, entries, shift, made, first):
    """Merge as `_merge`; lowest: of the keys.

    The lowest of the keys that stay is found while the others are looked up, not after they were
    written: a vector that is read before what was written to it has settled must wait for that.
    """
    mask, bits = np.uint64((1 << _SHORT_BITS) - 1), np.uint64(_SHORT_BITS)
    while lowest != _NEVER:
        i, symbol = np.uint64(lowest) & mask, made_by(made, first, np.uint64(lowest) >> bits)
        gone, h = np.uint64(after[i]), np.uint64(before[i])
        j = np.uint64(after[gone])
        lowest = _lowest(keys, n, np.int64(i), np.int64(gone), np.int64(h))
        symbols[i] = symbol
        after[i] = j
        before[j] = i
        right = _key(find_rank(entries, shift, symbol, symbols[j]), np.int64(i), _SHORT_BITS)
        left = _key(find_rank(entries, shift, symbols[h], symbol), np.int64(h), _SHORT_BITS)
        keys[i] = right
        keys[h] = left
        keys[gone] = _NEVER
        lowest = min(lowest, min(left, right))


@kernel
def _merge_long(symbols, keys, after, before, heap, n, entries, shift, made, first):
    size = _0
    for i in range(n - _1):
        if keys[i] != _NEVER:
            heap[size] = np.int64(keys[i]) << _LONG_BITS | i
            size += _1
    for i in range(size // 2 - 1, -1, -1):
        _sift_down(heap, i, size)
    while size:
        lowest = heap[0]
        size -= _1
        heap[0] = heap[size]
        _sift_down(heap, _0, size)
        i = lowest & (1 << _LONG_BITS) - 1
        if keys[i] != lowest >> _LONG_BITS:
            continue  # another pair stands here by now, or none
        symbol = made_by(made, first, np.uint64(lowest >> _LONG_BITS))
        j, h = _join(symbols, keys, after, before, i, symbol), before[i]
        size = _offer(keys, heap, i, find_rank(entries, shift, symbol, symbols[j]), size)
        size = _offer(keys, heap, h, find_rank(entries, shift, symbols[h], symbol), size)


@kernel
def _offer(keys, heap, i, rank, size):
    """Give the pair at i its new rank, and the heap an entry if that is one; return its size."""
    if rank < 0:
        keys[i] = _NEVER
        return size
    key = rank << _LONG_BITS | i
    keys[i] = rank
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap[parent] <= key:
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = key
    return size + _1


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
