"""Sizes of memory: as people write them, and what this process holds of it now."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from toktools.errors import ToktoolsError

_UNITS = {
    f"{letter}{suffix}".lower(): base**power
    for power, letter in enumerate(("", "K", "M", "G", "T"))
    for suffix, base in (("B", 1000), ("iB", 1024))
    if letter or suffix == "B"
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return a size such as "2GB" in bytes: KB, MB, GB, TB by thousands, KiB ... TiB by 1,024.

    Raises: ToktoolsError at anything else.
    Example:
        >>> parse_size("2GB"), parse_size("1.5 MiB")
        (2000000000, 1572864)
    """
    match = _SIZE.fullmatch(text)
    if match is None or match[2].lower() not in _UNITS:
        raise ToktoolsError(
            f"a size must be a number and a unit (KB, MB, GB, KiB, MiB, GiB), got {text!r}; "
            "write e.g. 2GB"
        )
    return int(float(match[1]) * _UNITS[match[2].lower()])


def show_size(n_bytes: float) -> str:
    """Return a size for people, in millions of bytes.

    Example:
        >>> show_size(123_456_789)
        '123 MB'
    """
    return f"{n_bytes / 1e6:,.0f} MB"


def resident_bytes() -> int:
    """Return how much memory this process holds now; where that is not told, its peak so far."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
