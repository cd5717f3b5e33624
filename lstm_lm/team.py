"""Compiled loops on the very threads with which torch multiplies matrices.

After a product torch's threads keep asking, for milliseconds and at full speed, whether there is
another to make. Threads of our own beside them would get half of the cores: what takes 1.4 ms on
two idle cores took 4 in a training. So a loop between two products is run by torch's threads
themselves. They are those of GNU's OpenMP, whose `GOMP_parallel` is what a C compiler makes of
`#pragma omp parallel`; where torch has another library, threads of our own do it.

A loop is called on every thread with the same arguments. The first, `turns`, settles which of them
does which part: it takes one while there are any, and says when it is done.
"""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from toktools.kernels.kernel import Loop, Team, intrinsic, kernel

NEXT, N_PARTS, N_DONE, N_SEATED = range(4)
_APART = 32
"""Numbers between two rows: two lines of memory, for processors fetch them in pairs."""


def in_parts(loop: Loop, number: int, *args: Any) -> None:
    """Call `loop(turns, *args)` on as many threads as torch uses.

    Args:   loop: does the part `take(turns)` and then says `done(turns)`, again and again until
            what it has taken is below 0. number: of parts; 0 .. number - 1 are taken, each once.
    Raises: RuntimeError if a part was not done.
    Example:
        >>> @kernel
        ... def squares(turns, x):
        ...     part = take(turns)
        ...     while part >= 0:
        ...         x[part] = part * part
        ...         done(turns)
        ...         part = take(turns)
        >>> x = np.zeros(4)
        >>> in_parts(squares, 4, x)
        >>> x
        array([0., 1., 4., 9.])
    """
    turns, n_threads = np.array([0, number, 0, 0]), n_parts(number)
    if n_threads == 1:
        loop(turns, *args)
    else:
        loop.on(_team(n_threads), turns, *args)
    if turns[N_DONE] != number:
        raise RuntimeError(f"the compiled loop {loop.name} stopped: an error in it, or in its use")


def n_parts(n: int) -> int:
    """Return into how many parts n things are divided: one for each thread, if there are enough."""
    return max(1, min(torch.get_num_threads(), n))


def own_rows(n_rows: int, n: int) -> NDArray[np.float32]:
    """Return zeros, a row of n numbers or a few more for each part, for it to work in.

    No two rows have a line of memory in common, for which threads would have to wait in turn.
    """
    return np.zeros((n_rows, n + _APART), np.float32)


@cache
def _team(n_threads: int) -> Team:
    """Return what runs a function on so many threads, the one that asks among them if it can."""
    try:
        # torch's own library, and through it those that it was linked with
        parallel = ctypes.CDLL(torch._C.__file__).GOMP_parallel
    except (AttributeError, OSError):
        return _own_team(n_threads)
    parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    parallel.restype = None
    return lambda function, argument: parallel(function, argument, n_threads, 0)


def _own_team(n_threads: int) -> Team:
    """Return what runs a function on threads of our own."""
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="loops")

    def run(function: int, argument: int) -> None:
        native = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(function)
        for _ in pool.map(native, [argument] * n_threads):
            pass

    return run


@intrinsic
def _add(llvm: Any, array: Any, place: Any, number: Any) -> Any:
    """Add to `array[place]`, an int64, as if no other thread were there; return what it was."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where = llvm.address(context, builder, signature.args, args, llvm.WORD)
        return builder.atomic_rmw("add", where, args[2], "seq_cst")

    return llvm.types.int64(array, llvm.types.int64, llvm.types.int64), generate


@kernel
def take(turns):
    """Return a part that nobody has taken; below 0 if there is none."""
    part = _add(turns, NEXT, 1)
    return part if part < turns[N_PARTS] else -1


@kernel
def done(turns):
    """Say that a part is done."""
    _add(turns, N_DONE, 1)


@kernel
def seat(turns):
    """Return 0, 1 .. for the threads that ask, each once: below `n_parts` of the parts' number."""
    return _add(turns, N_SEATED, 1)


@kernel
def edge(part, turns, n):
    """Return where a part of n things in a row begins, and so where the part before it ends."""
    return n * part // turns[N_PARTS]
