"""Counts on disk: sorted runs of (pretoken, count), and several of them read as one.

A run is a file: `HEADER`, then for each pretoken, in ascending order of code points, the length of
its UTF-8 bytes (uint32), its count (uint64), both little-endian, and the bytes; last a record of
length 0 whose count is the number of pretokens, so that a file cut short is noticed.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from toktools.errors import ToktoolsError
from toktools.files import replacing

HEADER = b"toktools counts 1\n"
_RECORD = struct.Struct("<IQ")
_BUFFER = 1 << 16


@dataclass(frozen=True)
class RunSize:
    """What a run holds: how many pretokens, and the bytes of all of them."""

    n_pretokens: int
    n_bytes: int


def write_run(path: Path, counts: Iterable[tuple[str, int]]) -> RunSize:
    """Write a run to `path`, whole or not at all.

    Args: counts: pretokens in ascending order, each once, with its count.
    """
    n_pretokens = n_bytes = 0
    pack = _RECORD.pack
    with replacing(path) as temporary, temporary.open("wb", buffering=_BUFFER) as file:
        file.write(HEADER)
        for pretoken, count in counts:
            data = pretoken.encode()
            file.write(pack(len(data), count) + data)
            n_pretokens += 1
            n_bytes += len(data)
        file.write(pack(0, n_pretokens))
    return RunSize(n_pretokens, n_bytes)


def read_run(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (pretoken, count) in ascending order.

    Raises: ToktoolsError if the file is none of ours, damaged, or gone.
    """
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            yield from _records(file, path)
    except FileNotFoundError as e:
        raise ToktoolsError(f"{path}: this part of the counts is gone; count anew") from e


def _records(file: BinaryIO, path: Path) -> Iterator[tuple[str, int]]:
    damaged = f"{path}: the file of counts is damaged or cut short; count anew"
    if file.read(len(HEADER)) != HEADER:
        raise ToktoolsError(damaged)
    read, unpack = file.read, _RECORD.unpack
    n_pretokens = 0
    try:
        while True:
            length, count = unpack(read(_RECORD.size))
            if not length:
                break
            yield read(length).decode(), count
            n_pretokens += 1
    except (struct.error, UnicodeDecodeError) as e:
        raise ToktoolsError(damaged) from e
    if count != n_pretokens:
        raise ToktoolsError(damaged)


def merge_runs(paths: Iterable[Path]) -> Iterator[tuple[str, int]]:
    """Yield each pretoken of any of the runs once, in ascending order, with its counts added up."""
    merged = heapq.merge(*map(read_run, paths))
    for pretoken, group in groupby(merged, itemgetter(0)):
        yield pretoken, sum(count for _, count in group)


@dataclass(frozen=True)
class StoredCounts:
    """Counts that stay on disk: iterated as a mapping is, in ascending order, read anew each time.

    Args:
        path: the run that holds them.
        size: what is in it.
        keeper: whatever must live as long, so that the file does.
    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "run"
        >>> counts = StoredCounts(path, write_run(path, [("a", 2), ("b", 1)]))
        >>> list(counts), sum(counts.values()), len(counts)
        (['a', 'b'], 3, 2)
    """

    path: Path
    size: RunSize
    keeper: object = field(default=None, repr=False)

    def items(self) -> Iterator[tuple[str, int]]:
        """Yield (pretoken, count)."""
        return read_run(self.path)

    def values(self) -> Iterator[int]:
        """Yield the counts, by pretoken."""
        return (count for _, count in self.items())

    def __iter__(self) -> Iterator[str]:
        return (pretoken for pretoken, _ in self.items())

    def __len__(self) -> int:
        return self.size.n_pretokens
