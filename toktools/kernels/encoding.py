"""Pieces to ids by byte-level BPE: looked up in a cache, merged where they are new.

Differs from `word_encoding.py` in what a new piece costs: it is merged.

The readable twin is `toktools.bpe.BPETokenizer.encode`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.long_cache import LONG, ask_for_long, keep_long, long_hash, recall_long
from toktools.kernels.merging import merge_bytes
from toktools.kernels.piece_trie import whole_token
from toktools.kernels.word_cache import (
    SHORT,
    ask_for_word,
    keep_word,
    recall_word,
    word_key,
    word_row,
)

COUNT, LINES = 0, 1
"""What stands where in `state`: ids and lines so far."""

_LINE_FEED = ord("\n")
_0, _1 = np.uint64(0), np.uint64(1)
_SHORT = np.uint64(SHORT)
_AHEAD = np.uint64(16)  # pieces; memory takes as long to answer


@kernel
def encode_pieces(
    text, starts, n_pieces, lines, line_ends, byte_ids, byte_ranks, entries, shift, made, edges,
    tokens, short, ids, used, long, long_ids, kept, long_used, symbols, keys, after, before, heap,
    out, state,
):  # fmt: skip
    """Write the ids of pieces end to end.

    Args:
        text: uint8, with 16 bytes behind the last piece; starts: int64 (n_pieces + 1,).
        lines: whether a line feed that is a piece ends a text; line_ends: int64: how many ids there
            were at each, with room for one more.
        byte_ids, byte_ranks: see `merge_bytes`; entries, shift, made: of a `MergeTable`.
        edges, tokens: of a `PieceTrie` of the pieces that are one token, whatever merging makes
            of them.
        short, ids, used, long, long_ids, kept, long_used: a `WordCache`, in which a line feed
            has no ids if `lines`.
        symbols, keys, after, before, heap: a `Workspace` for the longest piece.
        out: uint32, room for an id a byte, and 3 more; state: int64 (2,).
    """
    count, n_lines = np.uint64(state[COUNT]), np.uint64(state[LINES])
    last = np.uint64(n_pieces - 1)
    for i in range(np.uint64(0), np.uint64(n_pieces)):
        _ask_ahead(short, long, text, starts, min(i + _AHEAD, last))
        start = np.uint64(starts[i])
        length = np.uint64(starts[i + _1]) - start
        if lines:  # a branch for each line end would be guessed wrong as often
            line_ends[n_lines] = count
            n_lines += np.uint64(text[start] == _LINE_FEED)
        first, second = _0, _0
        if length <= _SHORT:
            first, second = word_key(text, start, length)
            row = word_row(short, first, second)
            if short[row, _0] ^ first | short[row, _1] ^ second == _0:
                count += recall_word(short, ids, row, out, count)
                continue
        n = _new_piece(
            text, start, length, first, second, lines, byte_ids, byte_ranks, entries, shift, made,
            edges, tokens, short, ids, used, long, long_ids, kept, long_used, symbols, keys, after,
            before, heap, out, count,
        )  # fmt: skip
        count += np.uint64(n)
    state[COUNT], state[LINES] = count, n_lines


@inlined
def _ask_ahead(short, long, text, starts, i):
    """Ask for the row where piece i may be kept, so that it is at hand when it comes to it."""
    start = np.uint64(starts[i])
    length = np.uint64(starts[i + _1]) - start
    if length <= _SHORT:
        ask_for_word(short, text, start, length)
    elif length <= np.uint64(LONG):
        ask_for_long(long, text, np.int64(start), np.int64(length))


@kernel
def _new_piece(
    text, start_, length_, first, second, lines, byte_ids, byte_ranks, entries, shift, made,
    edges, tokens, short, ids, used, long, long_ids, kept, long_used, symbols, keys, after, before,
    heap, out, count_,
):  # fmt: skip
    """Write the ids of a piece that is long or new; return how many there are."""
    start, length, count = np.int64(start_), np.int64(length_), np.int64(count_)
    mixed = _0
    if length > SHORT and length <= LONG:
        mixed = long_hash(text, start, length)
        found = recall_long(long, long_ids, kept, mixed, text, start, length, out, count)
        if found:
            return found
    n = 0
    if not (lines and text[start] == _LINE_FEED):
        n = merge_bytes(
            text, start, length, byte_ids, byte_ranks, symbols, keys, after, before, heap, entries,
            shift, made,
        )  # fmt: skip
    if n > 1:
        whole = whole_token(text, start, length, edges, tokens)
        if whole >= 0:
            symbols[0], n = whole, 1
    for j in range(n):
        out[count + j] = symbols[j]
    if length <= SHORT:
        keep_word(short, ids, used, first, second, symbols, n)
    elif length <= LONG:
        keep_long(long, long_ids, kept, long_used, mixed, text, start, length, symbols, n)
    return n
