"""How many threads the compiled loops run on, and work given to them in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from toktools.errors import ToktoolsError

VARIABLE = "TOKTOOLS_THREADS"
A = TypeVar("A")
B = TypeVar("B")


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


def in_order(work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """Yield `work(item)` for each item, in order, with a few items at work at once.

    Example:
        >>> list(in_order(len, ["one", "four"]))
        [3, 4]
    """
    n = n_threads()
    if n == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(n) as pool:
        waiting: deque[Future[B]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * n:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
