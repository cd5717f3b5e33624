"""One job of one library, once, in this process: `python -m experiments.bench.one_round TASKS`.

TASKS is JSON: the task to warm up with, and the task to time. The library is imported, does the job
on the small text, is set up anew (so that its caches begin empty), and does it on the text; only
this last run is timed. With one thread, the process is also bound to one processor where the system
allows it: some libraries take no word on threads.

A virtual machine gives memory that is free back to its host, and to get it again may take 2 ms a
megabyte, more than all the work on it. So as much as the job came to hold in the rounds before is
touched and freed before the clock starts. (Not more: what has been freed last is given back first.)
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from experiments.bench.jobs import Task
from experiments.bench.memory import peak_bytes
from experiments.bench.peers import PEERS
from toktools.kernels.memory import pages
from toktools.training.memory import resident_bytes


def environment(n_threads: int) -> dict[str, str]:
    """Return this process's environment with every library's way to be told a number of threads.

    Example:
        >>> environment(1)["RAYON_NUM_THREADS"], environment(2)["TOKENIZERS_PARALLELISM"]
        ('1', 'true')
    """
    names = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "TOKTOOLS_THREADS", "NUMBA_NUM_THREADS")
    parallel = str(n_threads > 1).lower()
    given = dict.fromkeys(names, str(n_threads)) | {"TOKENIZERS_PARALLELISM": parallel}
    return {**os.environ, **given}


def one_round(warm_up: Task, task: Task) -> dict[str, Any]:
    """Do a job once.

    Returns: {"seconds", "processor_seconds", "peak_bytes", "digest", "n"}: the peak is of the timed
             run, less what the process held after its imports; digest and n (ids, tokens or bytes)
             are of the answer.
    """
    if task.threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    make = PEERS[task.peer].jobs()[task.job]
    held = resident_bytes()
    make(warm_up).run()
    work = make(task)
    have_at_hand(task.memory)
    forget_peak()
    start, processor = time.perf_counter(), time.process_time()
    made = work.run()
    seconds = time.perf_counter() - start
    processor_seconds = time.process_time() - processor
    peak = max(peak_bytes() - held, 0)
    answer = work.answer(made)
    if task.made:
        Path(task.made).write_text("\n".join(token.hex() for token in answer) + "\n")
    return {
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "peak_bytes": peak,
        **digest(answer),
    }


def digest(answer: Any) -> dict[str, Any]:
    """Return the SHA-256 and the length of ids, of text, or of a list of tokens.

    Example:
        >>> digest([1, 2]) == digest(np.array([1, 2], np.int64)), digest(b"ab")["n"]
        (True, 2)
    """
    if isinstance(answer, bytes):
        raw = answer
    elif len(answer) and isinstance(answer[0], bytes):
        raw = json.dumps([token.hex() for token in answer]).encode()
    else:
        raw = np.ascontiguousarray(answer, np.dtype("<u4")).tobytes()
    return {"digest": hashlib.sha256(raw).hexdigest(), "n": len(answer)}


def have_at_hand(n_bytes: int) -> None:
    """Touch memory and free it, so that the system need not ask a host for it when it is needed.

    In pages of 2 MB, as those that a host takes back, where the system has them; no more than is
    free, for the text is to stay in memory.
    """
    with suppress(ValueError, OSError):  # where the system does not tell
        n_bytes = min(n_bytes, os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE)
    with pages(max(n_bytes, 1)) as memory:  # malloc might keep what is freed
        touched = np.frombuffer(memory, np.uint8)
        touched[:: mmap.PAGESIZE] = 1
        del touched  # so that the memory can be given back


def forget_peak() -> None:
    """Begin the peak of this process's memory anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def main() -> None:
    """Print one round as JSON, on the last line."""
    warm_up, task = (Task(**given) for given in json.loads(sys.argv[1]))
    print(json.dumps(one_round(warm_up, task)))


if __name__ == "__main__":
    main()
