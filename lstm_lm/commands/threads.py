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


def one_blas_thread() -> None:
    """Let NumPy's matrix products run on one thread; call before numpy is imported.

    The products of a recurrent step are small. On two idle cores a second OpenBLAS thread made the
    models in NumPy 1.4 times as fast; on cores that others used too it made them three times as
    slow, for the threads wait for each other at every step. With one, equal seeds give equal bits
    on machines with different numbers of cores too. A value set by the user stands.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
