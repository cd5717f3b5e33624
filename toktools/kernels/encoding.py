"""Text to ids by byte-level BPE: pieces found, looked up in a cache, merged where they are new.

The text is gone through in chunks that stay in a core's own cache, so that nothing but the text is
read from memory and nothing but the ids is written to it.

The readable twin is `toktools.bpe.BPETokenizer.encode`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.gpt2_starts import PADDING, gpt2_starts
from toktools.kernels.kernel import kernel
from toktools.kernels.merging import merge_piece
from toktools.kernels.piece_cache import (
    LONG,
    SHORT,
    keep_long,
    keep_short,
    long_hash,
    recall_long,
    recall_short,
    short_key,
    short_slot,
)

CHUNK = 1 << 15  # bytes
_LINE_FEED = ord("\n")
_SPACE = np.uint8(ord(" "))
_0 = np.uint64(0)


@kernel
def encode_bytes(
    text, lines, ends, classes, byte_ids, table, cache, work, chunk, starts, out
):  # fmt: skip
    """Write the ids of a text and return how many there are, and how many lines have ended.

    Args:
        text: uint8, valid UTF-8: a document, or with `lines` one in each line.
        ends: int64, room for the lines of `text`: how many ids there were at each line feed.
        classes: `gpt2_classes()`; byte_ids: int32 (256,), the id of each byte.
        table: a `MergeTable`; cache: a `PieceCache`; work: a `Workspace` for pieces as long as
            `chunk`.
        chunk: uint8, CHUNK + PADDING or more; starts: int64, as many.
        out: uint32, room for len(text) + 3 ids.
    Returns: both numbers; -1 for the first if a piece is too long for `chunk`.
    """
    merges, shift, made = table
    short, long, ids, kept, used = cache
    symbols, keys, after, before, heap = work
    position, count, n_lines = 0, 0, 0
    while position < len(text):
        n = min(len(chunk) - PADDING, len(text) - position)
        fill_chunk(chunk, text, position, n)
        n_pieces = gpt2_starts(chunk, n, lines, classes, starts)
        starts[n_pieces] = n
        if position + n < len(text):
            n_pieces -= 1  # the last piece may go on
            if n_pieces == 0:
                return -1, n_lines
        for i in range(n_pieces):
            start = starts[i]
            length = starts[i + 1] - start
            if lines and chunk[start] == _LINE_FEED:
                ends[n_lines] = count
                n_lines += 1
                continue
            first, second, mixed, found = _0, _0, _0, 0
            if length <= SHORT:
                first, second = short_key(chunk, start, length)
                mixed = short_slot(short, first, second)
                found = recall_short(short, ids, mixed, first, second, length, out, count)
            elif length <= LONG:
                mixed = long_hash(chunk, start, length)
                found = recall_long(long, ids, kept, mixed, chunk, start, length, out, count)
            if found:
                count += found
                continue
            for j in range(length):
                symbols[j] = byte_ids[chunk[start + j]]
            n = merge_piece(symbols, keys, after, before, heap, length, merges, shift, made)
            for j in range(n):
                out[count + j] = symbols[j]
            count += n
            if length <= SHORT:
                keep_short(short, long, ids, used, mixed, first, second, length, symbols, n)
            elif length <= LONG:
                keep_long(short, long, ids, kept, used, mixed, chunk, start, length, symbols, n)
        position += starts[n_pieces]
    return count, n_lines


@kernel
def fill_chunk(chunk, text, position, n):
    """Copy n bytes of text and what follows them, or spaces after its end, into `chunk`."""
    end = min(len(text), position + n + PADDING)
    for i in range(end - position):
        chunk[i] = text[position + i]
    for i in range(end - position, n + PADDING):
        chunk[i] = _SPACE
