"""Large arrays in memory that comes straight from the system, in pages as large as it has.

malloc gives an array of some MB out of the heap of the thread that asks. Such memory comes in pages
of 4 kB, each of which is a stop, and heaps grow and shrink, for which all threads wait. With two
threads that was a tenth to a fifth of the time of encoding.
"""

from __future__ import annotations

import ctypes
import math
import mmap
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_LARGE = 1 << 19  # bytes; smaller arrays are malloc's
_PAGE = 1 << 21  # bytes of a large page
_PRIVATE = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
)


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros; what is not touched of it takes no memory.

    Raises: MemoryError where the system does not promise so much.
    Example:
        >>> zeros(3, np.uint8).tolist(), zeros((1_000_000, 2), np.int64).shape
        ([0, 0, 0], (1000000, 2))
    """
    n = math.prod(np.atleast_1d(shape).tolist())
    n_bytes = n * np.dtype(dtype).itemsize
    if n_bytes < _LARGE:
        return np.zeros(shape, dtype)
    memory = pages((n_bytes // _PAGE + 2) * _PAGE)
    start = -np.frombuffer(memory, np.uint8, 1).ctypes.data % _PAGE
    return np.frombuffer(memory, dtype, n, start).reshape(shape)


def longer(array: NDArray[Any], n: int) -> NDArray[Any]:
    """Return an array of n elements, rows if it has rows, or more, that begins as `array`.

    Example:
        >>> longer(np.array([[1, 2]]), 2).tolist()
        [[1, 2], [0, 0]]
    """
    if len(array) >= n:
        return array
    larger = zeros((n, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def bytes_filled(n: int, fill: Callable[[NDArray[np.uint8]], None]) -> bytes:
    """Return n bytes that a function has written; large ones are copied from nowhere.

    Args: fill: given an array of n uint8, zeros or not, which it must not keep.
    Example:
        >>> bytes_filled(3, lambda array: array.fill(97))
        b'aaa'
    """
    if n < _LARGE:
        array = np.empty(n, np.uint8)
        fill(array)
        return array.tobytes()
    made = bytes(n)  # nobody has seen it yet, so that it may still be written to
    address = np.frombuffer(made, np.uint8).ctypes.data
    _ask_for_large_pages(address, n)
    fill(np.ctypeslib.as_array((ctypes.c_uint8 * n).from_address(address)))
    return made


def _ask_for_large_pages(address: int, n_bytes: int) -> None:
    """Have memory in large pages, as far as it fills them, where the system can."""
    start, end = -(-address // _PAGE) * _PAGE, (address + n_bytes) // _PAGE * _PAGE
    if start < end and hasattr(mmap, "MADV_HUGEPAGE"):
        advise = ctypes.CDLL(None).madvise
        advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_HUGEPAGE)


def pages(n_bytes: int) -> mmap.mmap:
    """Return memory of the system's, in large pages where it has them; n_bytes > 0.

    Raises: MemoryError where the system does not promise so much.
    """
    try:
        memory = mmap.mmap(-1, n_bytes, **_PRIVATE)
    except OSError:
        raise MemoryError from None
    with suppress(AttributeError, OSError):  # where there are no large pages
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
