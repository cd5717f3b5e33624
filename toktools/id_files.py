"""Files of ids, written as they come and never held whole: `.npy`, and bare little-endian integers.

A `.npy` file says at its beginning how long it is. Room is left there, and the header written last.

Source: the NPY format, version 1.0 (NumPy Enhancement Proposal 1).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from toktools.errors import ToktoolsError
from toktools.files import replacing

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER_BYTES = 128  # a multiple of 64, with room for 20 digits of length
_READ_BYTES = 1 << 20


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
def npy_writer(path: Path, dtype: DTypeLike) -> Iterator[Callable[[NDArray], object]]:
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


def npy_header(dtype: np.dtype, n: int) -> bytes:
    """Return the header of a `.npy` file that holds `n` numbers."""
    room = _HEADER_BYTES - len(_MAGIC) - 2
    text = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': ({n},), }}"
    return _MAGIC + struct.pack("<H", room) + text.ljust(room - 1).encode() + b"\n"


def read_npy(path: Path) -> NDArray[np.integer]:
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


def read_raw(file: BinaryIO, dtype: DTypeLike, name: str) -> Iterator[int]:
    """Yield ids from bare integers, a little at a time.

    Raises: ToktoolsError if the file ends within a number.
    """
    kind = np.dtype(dtype)
    rest = b""
    while data := file.read(_READ_BYTES):
        data = rest + data
        whole = len(data) - len(data) % kind.itemsize
        yield from np.frombuffer(data[:whole], dtype=kind).tolist()
        rest = data[whole:]
    if rest:
        raise ToktoolsError(
            f"{name}: ends within a number of {kind.itemsize} bytes; --dtype must be that with "
            "which it was written"
        )
