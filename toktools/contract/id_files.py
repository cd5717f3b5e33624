"""Files of ids, written as they come and never held whole: `.npy`, and bare little-endian integers.

A `.npy` file says at its beginning how long it is. Room is left there, and the header written last.

Source: the NPY format, version 1.0 (NumPy Enhancement Proposal 1).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from toktools.errors import ToktoolsError
from toktools.files import replacing

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER_BYTES = 128  # a multiple of 64, with room for 20 digits of length
_SLICE = 1 << 18  # numbers


def id_dtype(n_vocab: int) -> np.dtype:
    """Return the smallest little-endian type for ids: uint16 up to 65,536 of them, else uint32."""
    return np.dtype("<u2" if n_vocab <= 1 << 16 else "<u4")


def starts_path(path: Path) -> Path:
    """Return where the starts of the documents stand that `path` holds.

    Example:
        >>> starts_path(Path("data/ids.npy")).name
        'ids.starts.npy'
    """
    return path.with_suffix(".starts.npy")


@contextmanager
def npy_writer(path: Path, dtype: DTypeLike) -> Iterator[Callable[[NDArray[Any]], object]]:
    """Write a one-dimensional `.npy` file of unknown length, whole or not at all.

    Yields: a function that appends an array.
    Raises: ToktoolsError if the file cannot be written.
    """
    kind = np.dtype(dtype)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(bytes(_HEADER_BYTES))
        yield lambda values: file.write(values.astype(kind).tobytes())
        n = (file.tell() - _HEADER_BYTES) // kind.itemsize
        file.seek(0)
        file.write(npy_header(kind, n))


@contextmanager
def raw_writer(path: Path | None, dtype: DTypeLike) -> Iterator[Callable[[NDArray[Any]], object]]:
    """Write bare integers to a file, whole or not at all, or to standard output for None.

    Yields and Raises: as `npy_writer`.
    """
    kind = np.dtype(dtype)
    if path is None:
        yield lambda values: sys.stdout.buffer.write(values.astype(kind).tobytes())
        sys.stdout.buffer.flush()
        return
    with replacing(path) as temporary, temporary.open("wb") as file:
        yield lambda values: file.write(values.astype(kind).tobytes())


def npy_header(dtype: np.dtype, n: int) -> bytes:
    """Return the header of a `.npy` file that holds `n` numbers."""
    room = _HEADER_BYTES - len(_MAGIC) - 2
    text = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': ({n},), }}"
    return _MAGIC + struct.pack("<H", room) + text.ljust(room - 1).encode() + b"\n"


def read_npy(path: Path) -> NDArray[Any]:
    """Map a one-dimensional `.npy` file of ids into memory; ToktoolsError if it is none."""
    try:
        ids = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as e:
        raise ToktoolsError(f"{path}: cannot be read: {e.strerror or e}") from e
    except (ValueError, EOFError) as e:
        raise ToktoolsError(f"{path}: is not a .npy file of ids: {e}") from e
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise ToktoolsError(
            f"{path}: ids must be one row of whole numbers, got {ids.dtype} of shape {ids.shape}"
        )
    return ids


def map_raw(path: Path, dtype: DTypeLike) -> NDArray[Any]:
    """Map a file of bare integers into memory; ToktoolsError if it ends within a number."""
    kind = np.dtype(dtype)
    size = path.stat().st_size
    if size % kind.itemsize:
        raise ToktoolsError(_cut(str(path), kind))
    if not size:  # which cannot be mapped
        return np.zeros(0, dtype=kind)
    ids: NDArray[Any] = np.memmap(path, dtype=kind, mode="r")
    return ids


def stream_raw(file: IO[bytes], dtype: DTypeLike, name: str) -> Iterator[int]:
    """Yield ids from bare integers, a little at a time; errors as `map_raw`."""
    kind = np.dtype(dtype)
    rest = b""
    while data := file.read(_SLICE * kind.itemsize):
        data = rest + data
        whole = len(data) - len(data) % kind.itemsize
        yield from np.frombuffer(data[:whole], dtype=kind).tolist()
        rest = data[whole:]
    if rest:
        raise ToktoolsError(_cut(name, kind))


def in_slices(ids: NDArray[Any]) -> Iterator[int]:
    """Yield the numbers of a long array as ints, with little of it in memory."""
    for start in range(0, len(ids), _SLICE):
        yield from ids[start : start + _SLICE].tolist()


def _cut(name: str, kind: np.dtype) -> str:
    return (
        f"{name}: must hold whole numbers of {kind.itemsize} bytes, but ends within one; "
        "--dtype must be that with which it was written"
    )
