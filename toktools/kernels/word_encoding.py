"""Words to ids: looked up as they stand in the text, rewritten and spelled where they are new.

The readable twins are `toktools.wordpiece.WordPieceTokenizer` and `toktools.word.WordTokenizer`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.character_map import SAME, SLOW
from toktools.kernels.cuts.blocks import code_point
from toktools.kernels.kernel import kernel
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
from toktools.kernels.piece_trie import spell_word

WORD, COUNT, LINES = 0, 1, 2
"""What stands where in `state`: the word to go on with; ids and lines so far."""

_LINE_FEED = ord("\n")
_0 = np.uint64(0)


@kernel
def encode_words(
    text, starts, ends, n_words, lines, line_ends, mapped_at, mapped, edges, tokens, whole, unknown,
    limit, in_bytes, short, long, cached, kept, used, word, symbols, out, state,
):  # fmt: skip
    """Write the ids of words, from `state[WORD]` on; return whether all are done.

    Args:
        text: uint8, with 16 bytes behind the last word; starts, ends: int64, of each word.
        lines: whether a line feed ends a text; line_ends: int64: how many ids there were at each.
        mapped_at, mapped: of a `CharacterMap`; edges, tokens: of a `PieceTrie`.
        whole, unknown: see `spell_word`.
        limit: words of more characters (bytes if `in_bytes`) are unknown.
        short, long, cached, kept, used: a `PieceCache`.
        word: uint8, room for the longest word, rewritten; symbols: int32, as many.
        out: uint32, room for all that comes and 3 more; state: int64 (3,).
    Returns: False if the word to go on with must be left to the readable code.
    """
    count, n_lines = state[COUNT], state[LINES]
    for i in range(state[WORD], n_words):
        start = starts[i]
        length = ends[i] - start
        if lines and text[start] == _LINE_FEED:
            line_ends[n_lines] = count
            n_lines += 1
            continue
        first, second, mixed, found = _0, _0, _0, 0
        if length <= SHORT:
            first, second = short_key(text, start, length)
            mixed = short_slot(short, first, second)
            found = recall_short(short, cached, mixed, first, second, length, out, count)
        elif length <= LONG:
            mixed = long_hash(text, start, length)
            found = recall_long(long, cached, kept, mixed, text, start, length, out, count)
        if found:
            count += found
            continue
        n, n_characters = rewrite(text, start, length, mapped_at, mapped, word)
        if n < 0:
            state[WORD], state[COUNT], state[LINES] = i, count, n_lines
            return False
        if n == 0:
            continue
        if (n if in_bytes else n_characters) > limit:
            symbols[0] = unknown
            n = 1
        else:
            n = spell_word(word, n, edges, tokens, whole, unknown, symbols)
        for j in range(n):
            out[count + j] = symbols[j]
        count += n
        if length <= SHORT:
            keep_short(short, long, cached, used, mixed, first, second, length, symbols, n)
        elif length <= LONG:
            keep_long(short, long, cached, kept, used, mixed, text, start, length, symbols, n)
    state[WORD], state[COUNT], state[LINES] = n_words, count, n_lines
    return True


@kernel
def rewrite(text, start, length, mapped_at, mapped, word):
    """Write what the characters of a word become; return how many bytes and characters that is.

    Returns: -1 for the first if one of them is SLOW.
    """
    n, n_characters, i, end = 0, 0, start, start + length
    while i < end:
        lead = np.int64(text[i])
        width = 1 + (lead >= 0xC0) + (lead >= 0xE0) + (lead >= 0xF0)
        at = mapped_at[lead if lead < 0x80 else code_point(text, i)]
        if at == SLOW:
            return -1, 0
        if at == SAME:
            n_characters += 1
            for j in range(width):
                word[n + j] = text[i + j]
            n += width
        else:
            for j in range(mapped[at]):
                byte = mapped[at + 1 + j]
                word[n] = byte
                n += 1
                n_characters += (byte & 0xC0) != 0x80
        i += width
    return n, n_characters
