"""Characters and bytes to ids by a table: up to 64 at once where nothing else stands between.

The readable twins are `toktools.character.CharacterTokenizer` and `toktools.byte.ByteTokenizer`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.character_classes import N_CODE_POINTS
from toktools.kernels.cuts.blocks import HIGH, PADDING, below, code_point
from toktools.kernels.cuts.chunks import padded
from toktools.kernels.kernel import kernel
from toktools.kernels.room import Room
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

CHUNK = 1 << 17  # bytes
COUNT, LINES = 0, 1
"""What stands where in `state`: ids and lines so far."""

_LINE_FEED = ord("\n")
_0, _1, _WIDTH = np.uint64(0), np.uint64(1), np.uint64(WIDTH)
_masks = byte_masks(((_LINE_FEED, _LINE_FEED),), (HIGH,))


@kernel
def encode_by_table(text, n, lines, in_bytes, table, line_ends, out, state):
    """Write the id of each character of `text[:n]`, or of each byte.

    Args:
        text: uint8, valid UTF-8 with PADDING behind; text[n] begins a character.
        lines: whether a line feed ends a text; line_ends: int64: how many ids there were at each.
        table: uint32 (0x110000,), by code point or byte.
        out: uint32, room for n + 64 more than there are; state: int64 (2,).
    """
    count, n_lines, i = np.uint64(state[COUNT]), np.uint64(state[LINES]), _0
    n_bytes = np.uint64(n)
    while i < n_bytes:
        feeds, high = _masks(text, i)
        high = _0 if in_bytes else high
        width = min(np.uint64(lowest_bit(high)), n_bytes - i)
        feeds = feeds & below(np.int64(width)) if lines else _0
        if feeds == _0:
            for j in range(_WIDTH):
                out[count + j] = table[text[i + j]]
            count += width
        else:
            start = count
            for j in range(width):  # no branch, for nothing tells where lines end
                byte = text[i + j]
                out[count] = table[byte]
                count += np.uint64(byte != _LINE_FEED)
            while feeds:
                line_ends[n_lines] = start + np.uint64(lowest_bit(feeds))
                start -= _1
                n_lines += _1
                feeds &= feeds - _1
        i += width
        while high and i < n_bytes and text[i] >= 0x80:
            out[count] = table[code_point(text, i)]
            count += _1
            i += np.uint64(2) + np.uint64(text[i] >= 0xE0) + np.uint64(text[i] >= 0xF0)
    state[COUNT], state[LINES] = count, n_lines


class TableEncoder:
    """Encodes UTF-8 character by character, or byte by byte; safe among threads.

    Args:
        ids: the id of each code point or byte that has one of its own.
        other: the id of the rest.
        in_bytes: whether bytes are meant.
    Example:
        >>> TableEncoder({ord("a"): 7, ord("é"): 8}, 0).encode("aéb".encode()).tolist()
        [7, 8, 0]
    """

    normalizes = True

    def __init__(self, ids: dict[int, int], other: int, *, in_bytes: bool = False) -> None:
        self._table = np.full(N_CODE_POINTS, other, np.uint32)
        self._table[list(ids)] = list(ids.values())
        self._in_bytes = in_bytes

    def encode(self, data: bytes | NDArray[np.uint8]) -> NDArray[np.uint32]:
        """Return the ids of one text, (n_tokens,). data: valid UTF-8."""
        return self._run(data, False)[0]

    def encode_lines(
        self, data: bytes | NDArray[np.uint8], room: Room | None = None
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the ids of many texts end to end, and how many there are after each.

        Args: data: valid UTF-8, each text with a line feed behind it and none in it.
              room: where the ids are left; without it they are in an array of their own.
        """
        return self._run(data, True, room)

    def _run(
        self, data: bytes | NDArray[np.uint8], lines: bool, room: Room | None = None
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        text = np.frombuffer(data, np.uint8)
        n_room = len(text) + PADDING
        if room:
            room.reserve(0, n_room)
        out = room.array if room else np.empty(n_room, np.uint32)
        ends, state = Room(np.int64), np.zeros(2, np.int64)
        position = 0
        while position < len(text):
            n = min(CHUNK, len(text) - position)
            while position + n < len(text) and text[position + n] & 0xC0 == 0x80:
                n -= 1
            chunk = padded(text, position, n)
            ends.reserve(int(state[LINES]), n if lines else 0)
            encode_by_table(chunk, n, lines, self._in_bytes, self._table, ends.array, out, state)
            position += n
        n_ids, n_lines = state.tolist()
        ids = out[:n_ids]
        is_full = 2 * n_ids >= len(text)
        return (ids if room or is_full else ids.copy()), ends.array[:n_lines].copy()
