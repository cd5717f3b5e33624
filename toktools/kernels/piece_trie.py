"""Tokens as a tree of bytes, for the longest that a word begins with.

An edge is found by its node and its byte in one table: the two, and the node that it leads to, are
one number of 64 bits. There are two trees in it, of what begins a word and of what continues one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel

BEGIN, CONTINUE = 0, 1
"""The two roots."""

LIMIT = 1 << 24
"""There are fewer bytes in all tokens than this."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_BYTE, _HALF, _0, _1, _LOW = (np.uint64(n) for n in (8, 32, 0, 1, 0xFFFFFFFF))


class PieceTrie(NamedTuple):
    """The trees.

    edges: uint64 (m,), m a power of two, 0 where empty; tokens: int32 (n_nodes,), the id of the
    token that ends at a node, -1 for none.
    """

    edges: NDArray[np.uint64]
    tokens: NDArray[np.int32]


class Pieces(NamedTuple):
    """Tokens as bytes, none of them empty, and the id of each."""

    texts: Sequence[bytes]
    ids: Sequence[int]


NONE = Pieces((), ())


def piece_trie(begin: Pieces, rest: Pieces = NONE) -> PieceTrie:
    """Return the trees of two sets of tokens.

    Example:
        >>> trie = piece_trie(Pieces([b"a", b"ab"], [1, 2]), Pieces([b"c"], [3]))
        >>> word, ids = np.frombuffer(b"abcc", np.uint8), np.empty(4, np.int32)
        >>> ids[: spell_word(word, 4, *trie, False, 0, ids)].tolist()
        [2, 3, 3]
    """
    texts = [*begin.texts, *rest.texts]
    if not texts:  # before anything is compiled for it
        return PieceTrie(np.zeros(1, np.uint64), np.full(2, -1, np.int32))
    data = b"".join(texts)
    roots = np.repeat([BEGIN, CONTINUE], [len(begin.texts), len(rest.texts)])
    table = np.column_stack([roots, list(map(len, texts)), [*begin.ids, *rest.ids]])
    edges = np.zeros(1 << (2 * len(data) + 2).bit_length(), np.uint64)
    tokens = np.full(len(data) + 2, -1, np.int32)
    n_nodes = _insert(np.frombuffer(data, np.uint8), table, edges, tokens)
    fitting = np.zeros(1 << (2 * n_nodes).bit_length(), np.uint64)
    _move(edges, fitting)
    return PieceTrie(fitting, tokens[:n_nodes].copy())


@inlined
def _slot(edges, key):
    """Return where in `edges` the edge with this key stands, or the empty place for it."""
    mask = np.uint64(len(edges) - 1)
    i = (key * _MULTIPLIER >> _HALF) & mask
    while edges[i] and edges[i] >> _HALF != key:
        i = (i + _1) & mask
    return i


@kernel
def _insert(data, table, edges, tokens):
    """Enter tokens; return the number of nodes. table: int64 (n, 3): root, length, id of each."""
    n_nodes, position = 2, 0
    for row in range(len(table)):
        node = table[row, 0]
        for _ in range(table[row, 1]):
            key = np.uint64(node) << _BYTE | np.uint64(data[position])
            i = _slot(edges, key)
            if not edges[i]:
                edges[i] = key << _HALF | np.uint64(n_nodes)
                n_nodes += 1
            node = np.int64(edges[i] & _LOW)
            position += 1
        tokens[node] = table[row, 2]
    return n_nodes


@kernel
def _move(edges, fitting):
    """Enter all edges in an empty table."""
    for edge in edges:
        if edge:
            fitting[_slot(fitting, edge >> _HALF)] = edge


@kernel
def whole_token(text, start, n, edges, tokens):
    """Return the token that `text[start : start + n]` is among those that begin a word, or -1."""
    node = BEGIN
    for i in range(start, start + n):
        key = np.uint64(node) << _BYTE | np.uint64(text[i])
        edge = edges[_slot(edges, key)]
        if not edge:
            return -1
        node = np.int64(edge & _LOW)
    return tokens[node]


@kernel
def spell_word(word, n, edges, tokens, whole, unknown, ids):
    """Write the ids of a word by greedy longest match; return how many.

    Args:
        word: uint8; n: bytes of it, >= 1. tokens hold whole characters or, over bytes, any.
        edges, tokens: of a `PieceTrie`.
        whole: whether only one token for all of the word will do.
        unknown: the one id of a word that cannot be spelled.
        ids: int32, room for n.
    """
    count, start, root = 0, 0, BEGIN
    while start < n:
        node, end, found, j = root, start, -1, start
        while j < n:
            key = np.uint64(node) << _BYTE | np.uint64(word[j])
            edge = edges[_slot(edges, key)]
            if not edge:
                break
            node = np.int64(edge & _LOW)
            j += 1
            if tokens[node] >= 0:
                found, end = tokens[node], j
        if found < 0 or (whole and end < n):
            ids[0] = unknown
            return 1
        ids[count] = found
        count += 1
        start, root = end, CONTINUE
    return count
