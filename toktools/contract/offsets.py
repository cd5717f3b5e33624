"""Where tokens stand in the text that was encoded: from spans of characters to spans of bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from toktools.contract.utf8 import byte_positions

Span = tuple[int, int]


class Encoding(NamedTuple):
    """Ids and, for each, the half-open span of characters (or bytes) that it stands for."""

    ids: list[int]
    spans: list[Span]


def in_bytes(text: str, encoding: Encoding, token_bytes: Sequence[bytes]) -> Encoding:
    """Return an encoding of `text` with spans of characters as one with spans of UTF-8 bytes.

    Tokens that share a character have its bytes dealt out among them, if their own bytes are those
    of the text. Otherwise (a normalizer rewrote it) each has all bytes of its characters. The first
    may stand for more than decoding gives back: a prefix that was text.

    Args: token_bytes: what each id adds to a text.
    Example:
        >>> encoding = Encoding([0, 1, 2], [(0, 1), (0, 1), (1, 2)])
        >>> in_bytes("é!", encoding, [b"\\xc3", b"\\xa9", b"!"])
        Encoding(ids=[0, 1, 2], spans=[(0, 1), (1, 2), (2, 3)])
    """
    positions = byte_positions(text)
    spans: list[Span] = []
    for first, last in _sharing(encoding.spans):
        group = [(positions[start], positions[end]) for start, end in encoding.spans[first:last]]
        if len(group) > 1:
            parts = [token_bytes[id] for id in encoding.ids[first:last]]
            start, end = encoding.spans[first][0], encoding.spans[last - 1][1]
            if not text[start].isspace():  # the space that decoding puts between words
                parts[0] = parts[0].removeprefix(b" ")
            joined, whole = b"".join(parts), text[start:end].encode()
            if joined and whole.endswith(joined):
                parts[0] = whole.removesuffix(joined) + parts[0]
                group = _end_to_end(positions[start], parts)
        spans += group
    return Encoding(encoding.ids, spans)


def _sharing(spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """Yield [first, last) for each longest run of tokens of which each shares a character with
    the next."""
    first = 0
    for i in range(1, len(spans) + 1):
        if i == len(spans) or spans[i][0] >= spans[i - 1][1]:
            yield first, i
            first = i


def _end_to_end(position: int, parts: Sequence[bytes]) -> list[Span]:
    spans: list[Span] = []
    for part in parts:
        spans.append((position, position + len(part)))
        position += len(part)
    return spans
