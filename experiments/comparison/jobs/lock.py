"""One process at a time works in a folder; the system lets go when it ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toktools.errors import ToktoolsError

PATIENCE = 2.0
"""Seconds for which a folder in use is tried again: a look at the lock takes hold of it too."""


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the lock at `path` while the block runs.

    Yields: its file descriptor. A process that inherits it holds the lock too: so the jobs of a
        comparison that was killed keep others out of the folder until they have ended.
    Raises: ToktoolsError if another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _taken(descriptor):
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            raise ToktoolsError(
                f"{path.parent}: process {holder or 'unknown'} is at work in this folder; wait for "
                f"it, or look at it with: python -m experiments status {path.parent}"
            )
        with suppress(OSError):  # a full disk: then it is not known who holds it, and no more
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock at `path`.

    Example:
        >>> is_locked(Path("no/such/folder/.lock"))
        False
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _taken(descriptor: int) -> bool:
    """Try to take hold of the lock for a while; return whether that worked."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True
