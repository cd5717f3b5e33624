"""Words to ids: looked up as they stand in the text, rewritten and spelled where they are new.

The readable twins are `toktools.wordpiece.WordPieceTokenizer` and `toktools.word.WordTokenizer`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.character_map import SAME, SLOW
from toktools.kernels.cuts.blocks import code_point
from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.long_cache import LONG, keep_long, recall_long
from toktools.kernels.piece_trie import spell_word
from toktools.kernels.word_cache import (
    BLOCK,
    SHORT,
    ask_for_words,
    has_room,
    keep_word,
    recall_words,
)
from toktools.kernels.word_filter import may_be

WORD, COUNT, LINES = 0, 1, 2
"""What stands where in `state`: the word to go on with; ids and lines so far."""

_LINE_FEED = ord("\n")
_0, _1, _2, _4, _BLOCK = (np.uint64(n) for n in (0, 1, 2, 4, BLOCK))


@kernel
def encode_words(
    text, starts, ends, n_words, lines, line_ends, rewrites, mapped_at, mapped, edges, tokens,
    whole, complete, bits, unknown, limit, in_bytes, short, ids, used, asked, long, long_ids,
    kept, long_used, word, symbols, out, state,
):  # fmt: skip
    """Write the ids of words, from `state[WORD]` on; return whether all are done.

    Args:
        text: uint8, with 16 bytes behind the last word; starts, ends: int64, of each word.
        lines: whether a line feed ends a text; line_ends: int64: how many ids there were at each,
            with room for one more.
        rewrites, mapped_at, mapped: of a `CharacterMap`; edges, tokens: of a `PieceTrie`.
        whole, unknown: see `spell_word`.
        complete: whether all words of the vocabulary were kept by `keep_words`, but for the long
            ones, of which `bits` is a `word_filter`.
        limit: words of more characters (bytes if `in_bytes`) are unknown.
        short, ids, used, asked, long, long_ids, kept, long_used: a `WordCache`, in which a line
            feed has no ids if `lines`.
        word: uint8, room for the longest word, rewritten; symbols: int32, as many.
        out: uint32, room for all that comes and 4 more; state: int64 (3,).
    Returns: False if the word to go on with must be left to the readable code.
    """
    count, n_lines = np.uint64(state[COUNT]), np.uint64(state[LINES])
    for block in range(np.uint64(state[WORD]), np.uint64(n_words), _BLOCK):
        stop = min(block + _BLOCK, np.uint64(n_words))
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
            if complete and length <= SHORT and has_room(short, asked[at + _2]):
                out[count] = unknown
                n = 1
            else:
                n = _new_word(
                    text, start, length, asked[at], asked[at + _1], lines, rewrites, mapped_at,
                    mapped, edges, tokens, whole, complete, bits, unknown, limit, in_bytes, short,
                    ids, used, long, long_ids, kept, long_used, word, symbols, out, np.int64(count),
                )  # fmt: skip
            if n < 0:
                state[WORD], state[COUNT], state[LINES] = i, count, n_lines
                return False
            count += np.uint64(n)
            at += _4
    state[WORD], state[COUNT], state[LINES] = n_words, count, n_lines
    return True


@inlined
def _new_word(
    text, start, length, first, second, lines, rewrites, mapped_at, mapped, edges, tokens,
    whole, complete, bits, unknown, limit, in_bytes, short, ids, used, long, long_ids, kept,
    long_used, word, symbols, out, count,
):  # fmt: skip
    """Write the ids of a word that is long or new; return how many, -1 for the readable code.

    Args: first, second: its row of `asked`: a key, or a hash.
    """
    if complete and SHORT < length <= LONG and not may_be(bits, first):
        out[count] = unknown
        return 1
    cached = SHORT < length <= LONG and not complete
    if cached:
        found = recall_long(long, long_ids, kept, first, text, start, length, out, count)
        if found:
            return found
    n = 0
    if not (lines and text[start] == _LINE_FEED):
        if rewrites:
            n, n_characters = rewrite(text, start, length, mapped_at, mapped, word)
        else:
            n, n_characters = length, copy_word(text, start, length, word)
        if n < 0:
            return -1
        if (n if in_bytes else n_characters) > limit:
            symbols[0] = unknown
            n = 1
        elif n:
            n = spell_word(word, n, edges, tokens, whole, unknown, symbols)
    for j in range(n):
        out[count + j] = symbols[j]
    if length <= SHORT and not complete:
        keep_word(short, ids, used, first, second, symbols, n)
    elif cached and n:
        keep_long(long, long_ids, kept, long_used, first, text, start, length, symbols, n)
    return n


@kernel
def copy_word(text, start, length, word):
    """Write a word as it is; return how many characters it has."""
    n_characters = 0
    for j in range(length):
        byte = text[start + j]
        word[j] = byte
        n_characters += (byte & 0xC0) != 0x80
    return n_characters


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
