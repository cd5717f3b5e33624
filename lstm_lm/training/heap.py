"""Freed memory is kept for the next update, not given back to the system and asked for again.

An update makes and drops the same large tensors as the one before. glibc's malloc gives such blocks
back at once, and the system clears every page of what is asked for next: with a vocabulary of 8,000
that took a quarter of an update.
"""

from __future__ import annotations

import ctypes
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST = 1 << 25
"""Of a block that malloc may take from its own heap; glibc refuses more."""
KEPT = 1 << 30


@cache
def keep_freed_memory() -> bool:
    """Ask malloc, for this whole process, to keep up to 1 GiB that is free; return whether it does.

    Where malloc is not glibc's, nothing is changed. Source: mallopt(3) of the Linux manual pages.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST)) and bool(mallopt(M_TRIM_THRESHOLD, KEPT))
