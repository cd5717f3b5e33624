"""Text files in pieces of some MB, for many threads, each of which reads those that it is given.

A piece ends where a line does. What stands in it are the lines that `open_corpus` would give, as
bytes, each with a line feed behind it: without byte order mark and carriage returns at line ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toktools.corpus.files import NOT_TEXT
from toktools.corpus.records import RECORD_SUFFIXES
from toktools.corpus.streams import COMPRESSED, inner_suffix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toktools.kernels.room import Room

SHARD = 1 << 21  # bytes
_BOM = "\ufeff".encode()
_LINE_FEED = ord("\n")
_LINE = 1 << 16  # bytes of a line that are looked at together


def can_be_sharded(path: Path) -> bool:
    """Whether a path is a file of lines that can be read from any place: not packed, not empty.

    Example:
        >>> can_be_sharded(Path("news.jsonl")), can_be_sharded(Path("there is none.txt"))
        (False, False)
    """
    apart = (*COMPRESSED, *RECORD_SUFFIXES, *NOT_TEXT)
    if path.suffix.lower() in apart or inner_suffix(path) in apart or not path.is_file():
        return False
    return path.stat().st_size > len(_BOM)


@dataclass(frozen=True)
class Shard:
    """Some lines of a file: its bytes from `start` up to `end`, which ends a line, or the file."""

    path: Path
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def read(self, room: Room) -> NDArray[np.uint8]:
        """Return whole lines, each with a line feed behind it and nothing else.

        Args:   room: where they stand from then on; behind them PADDING bytes more of any kind.
        Raises: OSError if the file cannot be read.
        """
        from toktools.kernels.cuts.blocks import PADDING
        from toktools.kernels.line_ends import drop_returns

        room.reserve(0, len(self) + 1 + PADDING)
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.start)
            n = 0
            while more := file.readinto(room.array.data[n : len(self)]):
                n += more
        n = drop_returns(room.array, n)
        if not n or room.array[n - 1] != _LINE_FEED:
            room.array[n] = _LINE_FEED
            n += 1
        return room.array[:n]


def shards(path: Path, n_bytes: int = SHARD) -> Iterator[Shard]:
    """Yield the lines of a file, some MB at a time; a piece is longer where one line is.

    Raises: OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        start = len(_BOM) if file.read(len(_BOM)) == _BOM else 0
        while start < size:
            file.seek(min(start + n_bytes, size - 1))
            while (part := file.readline(_LINE)) and not part.endswith(b"\n"):
                pass
            end = max(file.tell(), start + 1)
            yield Shard(path, start, end)
            start = end
