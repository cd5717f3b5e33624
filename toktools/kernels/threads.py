"""How many threads the compiled loops may use."""

from __future__ import annotations

import os

from toktools.errors import ToktoolsError

VARIABLE = "TOKTOOLS_THREADS"


def n_threads() -> int:
    """Return TOKTOOLS_THREADS, if it is set, else the number of processors that we may use.

    Raises: ToktoolsError if the variable is no whole number from 1 on.
    """
    wanted = os.environ.get(VARIABLE, "")
    if not wanted:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ToktoolsError(f"{VARIABLE} must be a whole number >= 1, got {wanted!r}; unset it")
    return int(wanted)
