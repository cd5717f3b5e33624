"""Ids to bytes: a table of what each token adds, copied sixteen bytes at a time.

The readable twin is `toktools.contract.decoding.IdsToText.iter_bytes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.vectors import store_word

SHORT = 15  # bytes
HOLE = -1
_LONG = 0xFF
_AT = np.uint64(56)  # bits of a row's second word before its length
_LINE_FEED = ord("\n")
_AT_ONCE = np.uint64(1024)  # ids
_1 = np.uint64(1)


class Surfaces(NamedTuple):
    """What each token adds to a text.

    rows: uint64 (n, 2): up to SHORT bytes, and in the last byte how many, or _LONG.
    sizes: int32 (n,): the number of bytes, HOLE at an id that no token has.
    places: int64 (n,): where in `data` all the bytes stand. data: uint8.
    """

    rows: NDArray[np.uint64]
    sizes: NDArray[np.int32]
    places: NDArray[np.int64]
    data: NDArray[np.uint8]


def surfaces(parts: Sequence[bytes | None]) -> Surfaces:
    """Return the table of what each id adds, None for a hole."""
    sizes = np.array([HOLE if part is None else len(part) for part in parts], np.int32)
    lengths = sizes.clip(0).astype(np.int64)
    ends = np.cumsum(lengths)
    data = np.frombuffer(b"".join([part or b"" for part in parts]) + b"\0", np.uint8)
    rows = np.zeros((len(parts), 16), np.uint8)
    short = np.repeat(lengths <= SHORT, lengths)
    row, column = np.repeat(np.arange(len(parts)), lengths), np.arange(len(short))
    column -= np.repeat(ends - lengths, lengths)
    rows[row[short], column[short]] = data[:-1][short]
    rows[:, SHORT] = np.where(lengths <= SHORT, lengths, _LONG)
    return Surfaces(rows.view("<u8"), sizes, ends - lengths, data)


@inlined
def _has_token(id, sizes):
    return 0 <= id < len(sizes) and sizes[np.uint64(id)] >= 0


@inlined
def _size_of(ids, start, end, sizes):
    """Return how many bytes ids[start:end] add, or -1 - i if ids[i] has no token.

    Some ids at a time: first whether all are in the table, then what they add, both without a
    branch for each.
    """
    total, i, end = 0, np.uint64(start), np.uint64(end)
    while i < end:
        last = min(i + _AT_ONCE, end)
        lowest = highest = ids[i]
        for k in range(i, last):
            lowest, highest = min(lowest, ids[k]), max(highest, ids[k])
        holes = np.int32(0)  # below zero if one of them is
        if lowest >= 0 and highest < len(sizes):
            for k in range(i, last):
                size = sizes[np.uint64(ids[k])]
                total += size
                holes |= size
        if lowest < 0 or highest >= len(sizes) or holes < 0:
            while _has_token(ids[i], sizes):
                i += _1
            return -1 - np.int64(i)
        i = last
    return total


@kernel
def decoded_size(ids, starts, first, feeds, outside, sizes_first, sizes):
    """Return how many bytes documents have, or -1 - i if ids[i] has no token.

    Args: as `decode_documents`; sizes_first, sizes: of both tables.
    """
    total = 0
    for d in range(len(starts) - 1):
        i, end, begins = starts[d], starts[d + 1], first
        while begins and i < end:
            id = ids[i]
            if not _has_token(id, sizes):
                return -1 - i
            total += sizes_first[id]
            begins = outside[id] != 0
            i += 1
        size = _size_of(ids, i, end, sizes)
        if size < 0:
            return size
        total += size + feeds
    return total


@kernel
def decode_documents(
    ids, starts, first, feeds, outside, rows_first, sizes_first, places_first, data_first,
    rows, sizes, places, data, out, position, end,
):  # fmt: skip
    """Write the bytes of documents to `out[position:end]`, and nothing outside it.

    Args:
        ids: any whole numbers, each with a token; starts: int64: document d is
            ids[starts[d]:starts[d + 1]].
        first: whether documents begin as texts do, or go on with one that did.
        feeds: 1 to write a line feed behind each document, else 0.
        outside: uint8 (n,): whether a token is no text, so that what follows it still begins one.
        ..._first: `Surfaces` at the beginning of a text; the others: of those further on.
        position, end: the difference is `decoded_size`.
    """
    for d in range(len(starts) - 1):
        begins = first
        for i in range(starts[d], starts[d + 1]):
            id = ids[i]
            if begins:
                for j in range(sizes_first[id]):
                    out[position + j] = data_first[places_first[id] + j]
                position += sizes_first[id]
                begins = outside[id] != 0
                continue
            head, tail = rows[id, 0], rows[id, 1]
            length = np.int64(tail >> _AT)
            if length != _LONG and position + 16 <= end:
                store_word(out, position, head)
                store_word(out, position + 8, tail)
            else:
                length = np.int64(sizes[id])
                for j in range(length):
                    out[position + j] = data[places[id] + j]
            position += length
        if feeds:
            out[position] = _LINE_FEED
            position += 1
