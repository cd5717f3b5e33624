"""How many threads the compiled loops run on."""

from __future__ import annotations

import os

from toktools.errors import ToktoolsError

VARIABLE = "TOKTOOLS_THREADS"


def n_threads() -> int:
    """Return the number of threads: what TOKTOOLS_THREADS says, else the cores that we may use.

    Raises: ToktoolsError if the variable is no whole number from 1 on.
    Example:
        >>> n_threads() >= 1
        True
    """
    wanted = os.environ.get(VARIABLE, "")
    if not wanted:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _all_cores()
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ToktoolsError(f"{VARIABLE} must be a whole number >= 1, got {wanted!r}; unset it")
    return int(wanted)


def _all_cores() -> int:
    return os.cpu_count() or 1
