"""Documents as blocks of whole lines, some hundred kB at a time: how the compiled loops read them.

From files the bytes go straight to the loops, and no line becomes a str. The lines are those of
`readers.read_lines`: without byte order mark, carriage returns before line feeds, and each with a
line feed behind it. Whether they are UTF-8 is left to be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.corpus.shards import Shard, shards
from toktools.kernels.room import Room

BLOCK = 1 << 18  # bytes, about


class Block(NamedTuple):
    """Documents, as UTF-8.

    data: the bytes, or where they are to be read. lines: whether each line is a document, with a
    line feed behind it, the last one too; otherwise they are one document. weight: how often each
    counts. valid: whether the bytes are known to be UTF-8.
    """

    data: bytes | Shard
    lines: bool = True
    weight: int = 1
    valid: bool = True

    def read(self, room: Room) -> NDArray[np.uint8]:
        """Return the bytes; they stand in `room`, with PADDING more of any kind behind them.

        Raises: OSError if a file cannot be read.
        """
        from toktools.kernels.cuts.blocks import PADDING

        if isinstance(self.data, Shard):
            return self.data.read(room)
        n = len(self.data)
        room.reserve(0, n + PADDING)
        room.array[:n] = np.frombuffer(self.data, np.uint8)
        return room.array[:n]


def file_blocks(paths: Iterable[Path]) -> Iterator[Block]:
    """Yield the lines of plain text files.

    Raises: OSError if a file cannot be read.
    """
    return (Block(shard, valid=False) for path in paths for shard in shards(path, BLOCK))


def document_blocks(documents: Iterable[Any], weighted: Any) -> Iterator[Block]:
    """Yield documents in memory, many at a time where they are lines.

    Args:
        documents: str, or (document, weight).
        weighted: gives document and weight of one of them; raises at what is neither.
    Example:
        >>> [(b.data, b.lines, b.weight) for b in document_blocks([("a", 2)], lambda both: both)]
        [(b'a', False, 2)]
        >>> [(b.data, b.lines, b.weight) for b in document_blocks(["a", "b"], lambda both: both)]
        [(b'a\\nb\\n', True, 1)]
    """
    reading, n = iter(documents), 16
    while batch := list(islice(reading, n)):
        data = _joined(batch)
        if data is not None:
            yield Block(data)
            n = max(1, min(2 * n, n * BLOCK // len(data)))
            continue
        for document in batch:
            text, weight = weighted(document)
            yield Block(text.encode(), lines=False, weight=weight)


def _joined(documents: list[Any]) -> bytes | None:
    """Return documents with a line feed behind each, None if that is not what they are."""
    try:
        data = "\n".join([*documents, ""]).encode()
    except (TypeError, UnicodeEncodeError):
        return None
    return data if data.count(b"\n") == len(documents) else None
