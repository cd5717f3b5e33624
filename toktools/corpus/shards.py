"""Text files in pieces of some MB, for many threads: mapped into memory, not read line by line.

A piece ends where a line does. What stands in it are the lines that `open_corpus` would give, as
bytes, each with a line feed behind it: without byte order mark and carriage returns at line ends.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from toktools.corpus.files import NOT_TEXT
from toktools.corpus.records import RECORD_SUFFIXES
from toktools.corpus.streams import COMPRESSED, inner_suffix

SHARD = 1 << 21  # bytes
_BOM = "\ufeff".encode()


def can_be_mapped(path: Path) -> bool:
    """Whether a path is a file of lines that can be mapped: text, not compressed, not empty.

    Example:
        >>> can_be_mapped(Path("news.jsonl")), can_be_mapped(Path("there is none.txt"))
        (False, False)
    """
    apart = (*COMPRESSED, *RECORD_SUFFIXES, *NOT_TEXT)
    if path.suffix.lower() in apart or inner_suffix(path) in apart or not path.is_file():
        return False
    return path.stat().st_size > len(_BOM)


def shards(path: Path, n_bytes: int = SHARD) -> Iterator[bytes]:
    """Yield the lines of a file, some MB at a time; a piece is longer where one line is.

    Raises: OSError if the file cannot be read.
    """
    if not path.stat().st_size:
        return  # nothing can be mapped
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        position = len(_BOM) if data[: len(_BOM)] == _BOM else 0
        while position < len(data):
            end = data.find(b"\n", min(position + n_bytes, len(data) - 1)) + 1 or len(data)
            yield _lines(data, position, end)
            _let_go(data, end)
            position = end


def _let_go(data: mmap.mmap, end: int) -> None:
    """Let the system take back the memory of what was read, where it can be told to."""
    if hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED, 0, end)


def _lines(data: mmap.mmap, start: int, end: int) -> bytes:
    """Return whole lines, each with a line feed behind it and nothing else."""
    lines = data[start:end]
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    return lines if lines.endswith(b"\n") else lines + b"\n"
