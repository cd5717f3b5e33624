"""Byte-level BPE with GPT-2's cut, encoded by the compiled loop: the arrays that it works in."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.character_classes import gpt2_classes
from toktools.kernels.encoding import CHUNK, encode_bytes
from toktools.kernels.gpt2_starts import PADDING
from toktools.kernels.merge_table import merge_table
from toktools.kernels.merging import workspace
from toktools.kernels.piece_cache import piece_cache


class ByteBPEEncoder:
    """Encodes UTF-8 with given merges, one text at a time: the arrays are its own.

    Args:
        byte_ids: the id of each byte; merges: (left, right, made) ids, the first merged first.
        short_bits, long_bits: size of the cache of pieces; see `piece_cache`.
    Raises: ToktoolsError if there are too many ids for the table of merges.
    Example:
        >>> encoder = ByteBPEEncoder(range(256), [(97, 97, 256), (256, 98, 257)])
        >>> encoder.encode(b"aab aa").tolist()
        [257, 32, 256]
    """

    def __init__(
        self,
        byte_ids: Sequence[int],
        merges: Sequence[tuple[int, int, int]],
        short_bits: int = 17,
        long_bits: int = 13,
    ) -> None:
        self._arguments = byte_ids, merges, short_bits, long_bits
        self._lock = Lock()
        self._classes = gpt2_classes()
        self._byte_ids = np.array(byte_ids, dtype=np.int32)
        self._merges = merge_table(merges)
        self._cache = piece_cache(short_bits, long_bits)
        self._make_room(CHUNK + PADDING)

    def __reduce__(self) -> Any:
        return ByteBPEEncoder, self._arguments

    def _make_room(self, n_bytes: int) -> None:
        """Make the arrays of a chunk, the longest piece in it included."""
        self._chunk = np.empty(n_bytes, np.uint8)
        self._starts = np.empty(n_bytes, np.int64)
        self._work = workspace(n_bytes)

    def encode(self, data: bytes) -> NDArray[np.uint32]:
        """Return the ids of one text, (n_tokens,). data: valid UTF-8."""
        return self._run(data, False, np.empty(0, np.int64))[0]

    def encode_lines(self, data: bytes) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the ids of many texts end to end, and how many there are after each.

        Args: data: valid UTF-8, each text with a line feed behind it and none in it.
        """
        ends = np.empty(data.count(b"\n"), np.int64)
        return self._run(data, True, ends)[0], ends

    def _run(self, data: bytes, lines: bool, ends: NDArray[np.int64]) -> tuple[Any, int]:
        text = np.frombuffer(data, np.uint8)
        out = np.empty(len(text) + 3, np.uint32)
        with self._lock:
            return self._locked(text, lines, ends, out)

    def _locked(
        self,
        text: NDArray[np.uint8],
        lines: bool,
        ends: NDArray[np.int64],
        out: NDArray[np.uint32],
    ) -> tuple[Any, int]:
        while True:
            n_ids, n_lines = encode_bytes(
                *(text, lines, ends, self._classes, self._byte_ids, self._merges),
                *(self._cache, self._work, self._chunk, self._starts, out),
            )
            if n_ids >= 0:
                return out[:n_ids].copy(), n_lines
            self._make_room(2 * len(self._chunk))  # for a piece longer than the chunk
