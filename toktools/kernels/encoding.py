"""Pieces to ids by byte-level BPE: looked up in a cache, merged where they are new.

Differs from `word_encoding.py` in what a new piece costs: it is merged.

The readable twin is `toktools.bpe.BPETokenizer.encode`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.long_cache import LONG, keep_long, recall_long
from toktools.kernels.merging import merge_bytes
from toktools.kernels.piece_trie import whole_token
from toktools.kernels.word_cache import BLOCK, SHORT, ask_for_words, keep_word, recall_words

COUNT, LINES = 0, 1
"""What stands where in `state`: ids and lines so far."""

_LINE_FEED = ord("\n")
_0, _1, _4, _BLOCK = (np.uint64(n) for n in (0, 1, 4, BLOCK))


@kernel
def encode_pieces(
    text, starts, ends, n_pieces, lines, line_ends, byte_ids, byte_ranks, entries, shift, made,
    first_made, edges, tokens, short, ids, used, asked, long, long_ids, kept, long_used, symbols,
    keys, after, before, heap, out, state,
):  # fmt: skip
    """Write the ids of pieces end to end.

    Args:
        text: uint8, with 16 bytes behind the last piece; starts, ends: int64, of each piece.
        lines: whether a line feed that is a piece ends a text; line_ends: int64: how many ids there
            were at each, with room for one more.
        byte_ids, byte_ranks: see `merge_bytes`; entries, shift, made, first_made: a `MergeTable`.
        edges, tokens: of a `PieceTrie` of the pieces that are one token, whatever merging makes
            of them.
        short, ids, used, asked, long, long_ids, kept, long_used: a `WordCache`, in which a line
            feed has no ids if `lines`.
        symbols, keys, after, before, heap: a `Workspace` for the longest piece.
        out: uint32, room for an id a byte, and 4 more; state: int64 (2,).
    """
    count, n_lines = np.uint64(state[COUNT]), np.uint64(state[LINES])
    for block in range(_0, np.uint64(n_pieces), _BLOCK):
        stop = min(block + _BLOCK, np.uint64(n_pieces))
        ask_for_words(text, starts, ends, block, stop, short, long, asked)
        at, end = _0, (stop - block) * _4
        while True:
            at, count, n_lines = recall_words(
                asked, at, end, lines, line_ends, short, ids, out, count, n_lines
            )
            if at == end:
                break
            i = block + at // _4
            start, length = starts[i], ends[i] - starts[i]
            if lines:
                line_ends[n_lines] = count
                n_lines += np.uint64(text[start] == _LINE_FEED)
            n = _new_piece(
                text, start, length, asked[at], asked[at + _1], lines, byte_ids, byte_ranks,
                entries, shift, made, first_made, edges, tokens, short, ids, used, long, long_ids,
                kept, long_used, symbols, keys, after, before, heap, out, np.int64(count),
            )  # fmt: skip
            count += np.uint64(n)
            at += _4
    state[COUNT], state[LINES] = count, n_lines


@inlined
def _new_piece(
    text, start, length, first, second, lines, byte_ids, byte_ranks, entries, shift, made,
    first_made, edges, tokens, short, ids, used, long, long_ids, kept, long_used, symbols, keys,
    after, before, heap, out, count,
):  # fmt: skip
    """Write the ids of a piece that is long or new; return how many there are.

    Args: first, second: its row of `asked`: a key, or a hash.
    """
    if SHORT < length <= LONG:
        found = recall_long(long, long_ids, kept, first, text, start, length, out, count)
        if found:
            return found
    n = 0
    if not (lines and text[start] == _LINE_FEED):
        n = merge_bytes(
            text, start, length, byte_ids, byte_ranks, symbols, keys, after, before, heap, entries,
            shift, made, first_made,
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
        keep_long(long, long_ids, kept, long_used, first, text, start, length, symbols, n)
    return n
