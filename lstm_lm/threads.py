"""How the threads of a matrix product wait for each other."""

from __future__ import annotations

import os


def wait_briefly() -> None:
    """Let waiting threads spin for microseconds only; call before torch is imported.

    GNU OpenMP lets a thread that waits for its siblings spin for milliseconds. As soon as another
    program uses one of the cores, a small network spends nearly all its time in this: two trainings
    side by side on two cores ran ten times slower than with the short wait, which costs a training
    that has the cores to itself a few per cent at most. A value set by the user stands.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
