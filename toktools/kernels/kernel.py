"""The decorator of every compiled loop here."""

from __future__ import annotations

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "_nrt": False}
kernel: Any = njit(**_OPTIONS)
"""Compile on first use, keep the machine code on disk, run without the GIL.

Without numba's runtime (`_nrt`) a loop cannot make arrays, and needs not count who holds those that
it is given: counting, at every call of an inner function, cost several times the work itself.
"""

inlined: Any = njit(**_OPTIONS, forceinline=True)
"""The same for a small function that must become part of the loop that calls it."""
