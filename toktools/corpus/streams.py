"""Files as streams of bytes: compression by suffix, damage told in one line, never a whole file.

`.gz`, `.bz2`, `.xz` and `.zst` are known by the outer suffix; what stands before it says what the
file holds: `news.jsonl.gz` is JSON lines.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from toktools.errors import ToktoolsError

_STANDARD = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}
COMPRESSED = (*_STANDARD, ".zst")


def inner_suffix(path: Path) -> str:
    """Return the suffix that says what the file holds, in lower case, compression set aside.

    Example:
        >>> inner_suffix(Path("news.JSONL.gz")), inner_suffix(Path("notes"))
        ('.jsonl', '')
    """
    if path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    return path.suffix.lower()


def byte_lines(path: Path, shown: str) -> Iterator[bytes]:
    r"""Yield the lines of a file with their endings; only \n ends a line.

    Args:
        path: the file, compressed or not.
        shown: what errors call it.
    Raises: ToktoolsError if it cannot be opened, or cannot be read on: damaged, cut short, gone.
    """
    number = 0
    with _opened(path, shown) as stream, _damage_told(path, shown, lambda: number + 1):
        for line in stream:
            number += 1
            yield line


def all_bytes(path: Path, shown: str) -> bytes:
    """Return all bytes of a file; errors as `byte_lines`."""
    with _opened(path, shown) as stream, _damage_told(path, shown, lambda: 1):
        return stream.read()


@contextmanager
def _opened(path: Path, shown: str) -> Iterator[BinaryIO]:
    """Open a file for reading decompressed bytes, and close it."""
    try:
        raw = path.open("rb")
    except OSError as e:
        raise ToktoolsError(
            f"{shown}: a corpus must be readable: {e.strerror}; check the path and permissions"
        ) from e
    with raw, _decompressed(path, raw) as stream:
        yield stream


def _decompressed(path: Path, raw: BinaryIO) -> BinaryIO:
    """Wrap an open file in the decompressor that its suffix names."""
    suffix = path.suffix.lower()
    if suffix not in COMPRESSED:
        return raw
    if suffix == ".zst":
        return cast(BinaryIO, io.BufferedReader(_ZstdFile(path, raw)))
    module = _STANDARD[suffix]
    try:
        open_stream = importlib.import_module(module).open
    except ImportError as e:
        raise ToktoolsError(
            f"{path}: reading {suffix} needs the module {module}, which this Python was built "
            "without; decompress the file first"
        ) from e
    return cast(BinaryIO, io.BufferedReader(open_stream(raw, "rb")))


class _ZstdFile(io.RawIOBase):
    """The decompressed bytes of a zstd file of one or more frames.

    Not zstandard's own stream reader: that takes a file that was cut short for a complete one.
    """

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        try:
            import zstandard
        except ImportError as e:
            raise ToktoolsError(
                f"{path}: .zst needs the package zstandard; pip install 'toktools[adapters]'"
            ) from e
        self._raw = raw
        self._new_frame = zstandard.ZstdDecompressor().decompressobj
        self._error = zstandard.ZstdError
        self._frame: Any = None
        self._pending = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._pending:
            if not self._fill():
                return 0
        n = min(len(buffer), len(self._pending))
        buffer[:n], self._pending = self._pending[:n], self._pending[n:]
        return n

    def _fill(self) -> bool:
        """Decompress a little more; False at the end of the file."""
        data = b""
        if self._frame is not None and self._frame.eof:
            data, self._frame = self._frame.unused_data, None
        data = data or self._raw.read(1 << 13)  # small, since it may grow a thousandfold
        if not data:
            if self._frame is not None:
                raise EOFError("the compressed data ends before its end mark")
            return False
        if self._frame is None:
            self._frame = self._new_frame()
        try:
            self._pending = memoryview(self._frame.decompress(data))
        except self._error as e:
            raise OSError(str(e)) from e
        return True


@contextmanager
def _damage_told(path: Path, shown: str, line: Callable[[], int]) -> Iterator[None]:
    """Turn what decompressors raise at bad data into one line with the place reached."""
    try:
        yield
    except (EOFError, OSError, *_format_errors(path)) as e:
        suffix = path.suffix.lower()
        packed = suffix in COMPRESSED
        what = f"the {suffix} data is damaged or cut short" if packed else "reading failed"
        raise ToktoolsError(f"{shown}:{line()}: {what} ({e}); get the file again") from e


def _format_errors(path: Path) -> tuple[type[Exception], ...]:
    """Return the errors of the file's format that are no OSError."""
    if path.suffix.lower() == ".gz":
        import zlib

        return (zlib.error,)
    if path.suffix.lower() == ".xz":
        import lzma

        return (lzma.LZMAError,)
    return ()
