"""WordPiece and words, encoded by the compiled loop: its tables and the arrays it works in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from toktools.kernels import word_encoding as loop
from toktools.kernels.character_map import CharacterMap
from toktools.kernels.cuts import Cut
from toktools.kernels.cuts.blocks import PADDING
from toktools.kernels.cuts.chunks import CHUNK, cut_chunks, padded
from toktools.kernels.piece_trie import NONE, Pieces, piece_trie
from toktools.kernels.room import BYTES_AN_ID, Room
from toktools.kernels.word_bounds import bounds_of_pieces, word_bounds
from toktools.kernels.word_cache import SHORT, crowded_words, grown, keep_words, word_cache
from toktools.kernels.word_filter import word_filter
from toktools.kernels.workers import Workers

Bytes = NDArray[np.uint8]
Words = tuple[Bytes, NDArray[np.int64], NDArray[np.int64], int]
"""A chunk of text, where words begin and end in it, and how many there are."""

_CONTINUED, _FIRST = 0xC0, 0x80
_LEARNED = 16 * CHUNK  # bytes whose new characters are learned together
_LINE_FEED = b"\n"


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How a word becomes ids.

    Args:
        begin, rest: what words may begin with, and go on with.
        whole: whether only one token for all of the word will do.
        unknown: the id of a word that cannot be spelled.
        limit: words of more characters are unknown, or of more bytes if `in_bytes`.
        readable: gives the ids of a word as it stands in the text, where the loop cannot.
    """

    begin: Pieces
    rest: Pieces = NONE
    whole: bool
    unknown: int
    limit: int
    in_bytes: bool
    readable: Callable[[str], Sequence[int]]


class WordEncoder:
    """Encodes UTF-8 word by word, on as many threads as call it.

    Args:
        map: how characters are rewritten and cut, or `cut`, a cut of text that is not rewritten.
        spelling: how words become ids.
        short_bits, long_bits: size of each thread's cache of words; see `word_cache`.
    """

    normalizes = True

    def __init__(
        self,
        cut: CharacterMap | Cut,
        spelling: Spelling,
        short_bits: int = 18,
        long_bits: int = 16,
    ) -> None:
        self._cut, self._spelling = cut, spelling
        self._map = cut if isinstance(cut, CharacterMap) else _same()
        self._complete = spelling.whole and not self._map.rewrites
        self._bits = short_bits, long_bits
        begin, long_words = spelling.begin, []
        if self._complete:  # all but a few are kept where words are looked up first
            self._short_words = data, sizes, ids = _padded(begin, spelling.unknown)
            crowded = set(ids[crowded_words(data, sizes, 1 << short_bits)].tolist())
            others = [len(word) > SHORT or id in crowded for word, id in zip(*begin, strict=True)]
            begin = Pieces(list(compress(begin.texts, others)), list(compress(begin.ids, others)))
            long_words = [word for word in begin.texts if len(word) > SHORT]
        self._trie = piece_trie(begin, spelling.rest)
        self._long_words = word_filter(long_words)
        self._workers = Workers(partial(self._new_work, False))
        self._workers_of_lines = Workers(partial(self._new_work, True))

    def _new_work(self, lines: bool) -> _Work:
        """Return arrays for a thread; between lines, a line feed is a word without ids."""
        work = _Work(*self._bits)
        if self._complete:
            data, sizes, ids = self._short_words
            if lines:
                ids = ids.copy()
                ids[0] = -1
            keep_words(data, sizes, ids, *work.cache[:3], work.symbols)
        return work

    def encode(self, data: bytes | Bytes) -> NDArray[np.uint32]:
        """Return the ids of one text, (n_tokens,). data: valid UTF-8."""
        return self._run(data, False)[0]

    def encode_lines(
        self, data: bytes | Bytes, room: Room | None = None
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the ids of many texts end to end, and how many there are after each.

        Args: data: valid UTF-8, each text with a line feed behind it and none in it.
              room: where the ids are left; without it they are in an array of their own.
        """
        return self._run(data, True, room)

    def _run(
        self, data: bytes | Bytes, lines: bool, room: Room | None = None
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        text = np.frombuffer(data, np.uint8)
        with (self._workers_of_lines if lines else self._workers).one() as work:
            work.state[:] = 0
            out = room or work.out
            out.reserve(0, len(text) // BYTES_AN_ID)
            for words in self._words(text, lines, work):
                self._encode_words(words, lines, work, out)
            n_ids, n_lines = work.state[loop.COUNT], work.state[loop.LINES]
            ids = out.array[:n_ids]
            return (ids if room else ids.copy()), work.line_ends.array[:n_lines].copy()

    def _words(self, text: Bytes, lines: bool, work: _Work) -> Iterator[Words]:
        if isinstance(self._cut, CharacterMap):
            yield from _mapped_words(self._cut, text, lines, work)
            return
        for chunk, pieces in cut_chunks(self._cut, text, lines=lines):
            work.make_room(len(pieces))
            n, end = len(pieces) - 1, int(pieces[-1])
            n = bounds_of_pieces(pieces, n, end, work.starts, work.ends)
            yield chunk, work.starts, work.ends, n

    def _encode_words(self, words: Words, lines: bool, work: _Work, out: Room) -> None:
        chunk, starts, ends, n_words = words
        state, spelling, map = work.state, self._spelling, self._map
        n_bytes = int(ends[n_words - 1]) if n_words else 0
        work.make_room(n_bytes + 1, map.growth)
        work.line_ends.reserve(int(state[loop.LINES]), n_words + 1 if lines else 1)
        n_ids = (n_bytes + 1) * map.growth + 4
        out.reserve(int(state[loop.COUNT]), n_ids)
        state[loop.WORD] = 0
        while not loop.encode_words(
            *(chunk, starts, ends, n_words, lines, work.line_ends.array),
            *(map.rewrites, map.mapped_at, map.mapped),
            *(*self._trie, spelling.whole, self._complete, self._long_words, spelling.unknown),
            *(spelling.limit, spelling.in_bytes),
            *(*work.cache, work.word, work.symbols, out.array, state),
        ):
            i = int(state[loop.WORD])
            ids = spelling.readable(chunk[starts[i] : ends[i]].tobytes().decode())
            count = int(state[loop.COUNT])
            out.reserve(count, len(ids) + n_ids)
            out.array[count : count + len(ids)] = ids
            state[loop.COUNT] += len(ids)
            state[loop.WORD] += 1


def _mapped_words(map: CharacterMap, text: Bytes, lines: bool, work: _Work) -> Iterator[Words]:
    """Yield a text's words, chunk after chunk; each chunk ends where a word does."""
    position, size = 0, CHUNK
    while position < len(text):
        n = _before_character(text, position, min(size, len(text) - position))
        at_end = position + n == len(text)
        work.make_room(n + 1)
        chunk = padded(text, position, n)
        n_starts, n_ends = word_bounds(chunk, n, lines, map.classes, work.starts, work.ends)
        if n_starts < 0:
            n = _before_character(text, position, min(_LEARNED, len(text) - position))
            map.learn(padded(text, position, n), n)
            continue
        used = n
        if n_ends < n_starts and at_end:
            work.ends[n_ends] = n
            n_ends += 1
        elif n_ends < n_starts:
            used = int(work.starts[n_ends])
            if used == 0:
                size *= 2
                continue
        yield chunk, work.starts, work.ends, n_ends
        position, size = position + used, CHUNK


def _before_character(text: Bytes, position: int, n: int) -> int:
    """Return n, or a little less, so that no character is cut there."""
    while position + n < len(text) and text[position + n] & _CONTINUED == _FIRST:
        n -= 1
    return n


class _Work:
    """The arrays of one thread."""

    def __init__(self, short_bits: int, long_bits: int) -> None:
        self.cache, self._long_bits = word_cache(short_bits, long_bits), long_bits
        self.state = np.zeros(3, np.int64)
        self.out, self.line_ends = Room(np.uint32), Room(np.int64)
        self.starts = self.ends = np.empty(0, np.int64)
        self.word, self.symbols = np.empty(0, np.uint8), np.empty(0, np.int32)
        self.make_room(CHUNK + 1)

    def make_room(self, n_bytes: int, growth: int = 1) -> None:
        """Have room for the words of a chunk, and for one as long."""
        self.cache = grown(self.cache, self._long_bits)
        if len(self.starts) < n_bytes + PADDING:
            self.starts = np.empty(n_bytes + PADDING, np.int64)
            self.ends = np.empty(n_bytes + PADDING, np.int64)
        if len(self.word) < n_bytes * growth:
            self.word = np.empty(n_bytes * growth, np.uint8)
            self.symbols = np.empty(n_bytes * growth, np.int32)


def _padded(
    words: Pieces, unknown: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int32]]:
    """Return the short ones as `keep_words` takes them; the line feed first, even if it is none."""
    texts, ids = list(words.texts), list(words.ids)
    at = texts.index(_LINE_FEED) if _LINE_FEED in texts else None
    texts = [_LINE_FEED, *texts]
    ids = [unknown if at is None else ids[at], *ids]
    sizes = np.array(list(map(len, texts)), np.int64)
    taken = sizes <= SHORT
    if at is not None:
        taken[at + 1] = False
    data = np.array(list(compress(texts, taken)), f"S{SHORT + 1}").view(np.uint8)  # zeros behind
    return data, sizes[taken], np.array(ids, np.int32)[taken]


def _same() -> CharacterMap:
    """Return a map that leaves characters as they are."""
    from toktools.pretokenizers import WhitespaceSplit

    return CharacterMap(None, WhitespaceSplit())
