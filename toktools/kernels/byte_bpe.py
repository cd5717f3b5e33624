"""Byte-level BPE encoded by the compiled loops: its tables, and the arrays that it works in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.cuts import Cut, cut_of
from toktools.kernels.cuts.chunks import CHUNK, cut_chunks
from toktools.kernels.encoding import COUNT, LINES, encode_pieces
from toktools.kernels.merge_table import merge_table
from toktools.kernels.merging import find_unmerged, workspace
from toktools.kernels.piece_trie import NONE, Pieces, piece_trie
from toktools.kernels.room import BYTES_AN_ID, Room
from toktools.kernels.word_cache import grown, word_cache
from toktools.kernels.workers import Workers
from toktools.pretokenizers import Pretokenizer

Bytes = NDArray[np.uint8]


class ByteBPEEncoder:
    """Encodes UTF-8 with given merges, on as many threads as call it.

    Args:
        byte_ids: the id of each byte; merges: (left, right, made) ids, the first merged first.
        pretokenizer: one with a compiled cut that drops nothing.
        short_bits, long_bits: size of each thread's cache of pieces; see `word_cache`.
        whole: pieces that are one token, whatever the merges make of them, and its id.
    Raises: ToktoolsError if there are too many ids for the table of merges.
    Example:
        >>> from toktools.pretokenizers import Gpt2Split
        >>> encoder = ByteBPEEncoder(range(256), [(97, 97, 256), (256, 98, 257)], Gpt2Split())
        >>> encoder.encode(b"aab aa").tolist()
        [257, 32, 256]
    """

    normalizes = False

    def __init__(
        self,
        byte_ids: Sequence[int],
        merges: NDArray[np.int64] | Sequence[tuple[int, int, int]],
        pretokenizer: Pretokenizer,
        short_bits: int = 19,
        long_bits: int = 19,
        whole: Pieces = NONE,
    ) -> None:
        self._arguments = byte_ids, merges, pretokenizer, short_bits, long_bits, whole
        cut = cut_of(pretokenizer)
        assert cut is not None, pretokenizer
        assert not cut.drops, pretokenizer
        self._cut: Cut = cut
        self._byte_ids = np.array(byte_ids, dtype=np.int32)
        self._byte_ranks = _byte_ranks(self._byte_ids, np.array(merges, np.int64).reshape(-1, 3))
        self._merges = merge_table(merges)
        self._whole = piece_trie(self._unmerged(whole))
        workers = (Workers(lambda: _Work(short_bits, long_bits)) for _ in range(2))
        self._in_texts, self._in_lines = workers  # where a line feed has ids, and where none

    def __reduce__(self) -> Any:
        return ByteBPEEncoder, self._arguments

    def _unmerged(self, pieces: Pieces) -> Pieces:
        """Return those of the pieces that the merges do not make one token of: few or none."""
        if not pieces.texts:
            return pieces  # before anything is compiled for it
        found = np.zeros(len(pieces.texts), np.bool_)
        sizes = np.array(list(map(len, pieces.texts)), np.int64)
        find_unmerged(
            *(np.frombuffer(b"".join(pieces.texts), np.uint8), sizes.cumsum()),
            *(self._byte_ids, self._byte_ranks, *workspace(max(sizes)), *self._merges),
            found,
        )
        return Pieces(list(compress(pieces.texts, found)), list(compress(pieces.ids, found)))

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
        workers = self._in_lines if lines else self._in_texts
        with workers.one() as work:
            work.state[:] = 0
            out = room or work.out
            out.reserve(0, len(text) // BYTES_AN_ID)
            for chunk, starts in cut_chunks(self._cut, text, lines=lines):
                work.make_room(int(starts[-1]), len(starts) if lines else 1, out)
                encode_pieces(
                    *(chunk, starts[:-1], starts[1:], len(starts) - 1, lines),
                    *(work.line_ends.array, self._byte_ids, self._byte_ranks, *self._merges),
                    *(*self._whole, *work.cache, *work.piece, out.array, work.state),
                )
            n_ids, n_lines = work.state.tolist()
            ids = out.array[:n_ids]
            return (ids if room else ids.copy()), work.line_ends.array[:n_lines].copy()


def _byte_ranks(byte_ids: NDArray[np.int32], merges: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the rank of each pair of bytes, (65,536,), -1 for none; see `merge_bytes`."""
    bytes_of = np.full(max(merges.max(initial=0), byte_ids.max()) + 1, -1)
    bytes_of[byte_ids] = range(256)
    left, right = bytes_of[merges[:, 0]], bytes_of[merges[:, 1]]
    of_bytes = np.flatnonzero((left >= 0) & (right >= 0))
    ranks = np.full(1 << 16, -1, np.int32)
    ranks[left[of_bytes] << 8 | right[of_bytes]] = of_bytes
    return ranks


class _Work:
    """The arrays of one thread."""

    def __init__(self, short_bits: int, long_bits: int) -> None:
        self.cache, self._long_bits = word_cache(short_bits, long_bits), long_bits
        self.state = np.zeros(2, np.int64)
        self.out, self.line_ends = Room(np.uint32), Room(np.int64)
        self._longest = 0
        self.make_room(CHUNK, 1, self.out)

    def make_room(self, n_bytes: int, n_lines: int, out: Room) -> None:
        """Have room for the pieces, ids and lines of a chunk, and for a piece as long."""
        self.cache = grown(self.cache, self._long_bits)
        if n_bytes > self._longest:
            self._longest = n_bytes
            self.piece = workspace(n_bytes)
        out.reserve(int(self.state[COUNT]), n_bytes + 4)
        self.line_ends.reserve(int(self.state[LINES]), n_lines)
