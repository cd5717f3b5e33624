"""Arrays that live in files: they grow, are read and written in place, and can be let go of.

The operating system keeps recently used parts of a mapped file in memory and counts them as the
process's own. `Columns` gives them back when the process nears its limit; their contents stay.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.training.memory import resident_bytes

Indices = NDArray[np.int64]
_FAULT = 1 << 16  # bytes that one access may bring in: a page and its neighbours
_WINDOW = 1 << 21  # bytes of a column that are touched between two looks at the memory


class Columns:
    """All columns of one job, and the memory that they may take together; closed after `with`.

    Args:
        folder: where the files go, without names: they vanish with the process. None: the system's
            folder for temporary files.
        limit: bytes that the process should hold at most; None: as much as there is.
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None) -> None:
        self._folder, self._limit = folder, limit
        self._columns: list[Column] = []
        self._slack: float = float("inf") if limit is None else 0  # bytes that may yet be touched

    def __enter__(self) -> Columns:
        return self

    def __exit__(self, *_: object) -> None:
        for column in self._columns:
            column.close()

    def new(self, dtype: Any) -> Column:
        """Return a new, empty column."""
        column = Column(self, np.dtype(dtype), self._folder)
        self._columns.append(column)
        return column

    def relieve(self) -> None:
        """Let go of what the columns hold in memory if the process is near its limit."""
        if self._limit is None:
            return
        held = resident_bytes()
        if held > self._limit - 2 * _WINDOW:
            for column in self._columns:
                column.forget()
            held = resident_bytes()
        self._slack = max(self._limit - held, 0)

    def admit(self, n_bytes: int) -> bool:
        """Whether columns may bring so many more bytes into memory at once; they then count."""
        if n_bytes > self._slack:
            self.relieve()
        if n_bytes > self._slack:
            return False
        self._slack -= n_bytes
        return True


class Column:
    """A growing array of one dtype in a file; made by `Columns.new`."""

    def __init__(self, owner: Columns, dtype: np.dtype[Any], folder: Path | None) -> None:
        self._owner, self._dtype = owner, dtype
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (lives as long as this)
        self._n = 0
        self._map(1 << 10)

    def __len__(self) -> int:
        return self._n

    @property
    def values(self) -> NDArray[Any]:
        """The array as it is now, mapped: what is read of it comes into memory."""
        return self._all[: self._n]

    def append(self, values: NDArray[Any]) -> int:
        """Add values at the end; return the index of the first."""
        start, self._n = self._n, self._n + len(values)
        if self._n > len(self._all):
            self._map(max(self._n, 2 * len(self._all)))
        self._owner.admit(values.nbytes)
        self._all[start : self._n] = values
        return start

    def take(self, indices: Indices) -> NDArray[Any]:
        """Return the values at `indices`, which must be in ascending order."""
        if self._fits(indices):
            return self._all[indices]
        result = np.empty(len(indices), self._dtype)
        for part in self._windows(indices):
            result[part] = self._all[indices[part]]
            self._owner.relieve()
        return result

    def at(self, index: int) -> int:
        """Return one value."""
        self._owner.admit(_FAULT)
        return int(self._all[index])

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return a copy of the values from `start` up to `stop`."""
        result = np.empty(stop - start, self._dtype)
        step = _WINDOW // self._dtype.itemsize
        for at in range(start, stop, step):
            end = min(at + step, stop)
            self._owner.admit((end - at) * self._dtype.itemsize + _FAULT)
            result[at - start : end - start] = self._all[at:end]
        return result

    def put(self, indices: Indices, values: NDArray[Any]) -> None:
        """Set the values at `indices`, which must be in ascending order, without repeats."""
        if self._fits(indices):
            self._all[indices] = values
            return
        for part in self._windows(indices):
            self._all[indices[part]] = values[part]
            self._owner.relieve()

    def forget(self) -> None:
        """Let go of the memory; the file keeps the contents."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Close the file, which makes it vanish; the column must not be used any more."""
        self._file.close()

    def _fits(self, indices: Indices) -> bool:
        return self._owner.admit(min(self._all.nbytes, len(indices) * _FAULT))

    def _windows(self, indices: Indices) -> list[slice]:
        """Cut ascending indices where they go from one window of the file to the next."""
        window = indices // (_WINDOW // self._dtype.itemsize)
        cuts = np.flatnonzero(window[1:] != window[:-1]) + 1
        bounds = [0, *cuts.tolist(), len(indices)]
        return [slice(a, b) for a, b in pairwise(bounds)]

    def _map(self, capacity: int) -> None:
        os.ftruncate(self._file.fileno(), capacity * self._dtype.itemsize)
        self._mapped = mmap.mmap(self._file.fileno(), capacity * self._dtype.itemsize)
        self._all = np.frombuffer(self._mapped, self._dtype)
