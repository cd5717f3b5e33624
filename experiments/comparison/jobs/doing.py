"""All open jobs: one behind the other in this process, or several at once in theirs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiments.comparison.jobs.failure import told
from experiments.comparison.jobs.job import Job
from experiments.comparison.jobs.pool import Pool
from experiments.comparison.jobs.work import Worker
from lstm_lm.training.outcomes import TrainingInterrupted
from lstm_lm.training.signals import stopping
from toktools.errors import ToktoolsError

Json = dict[str, Any]
OnStart = Callable[[Job], object]
OnEnd = Callable[[Job, Json | None], object]
"""Called with a job that has ended, and why it failed; None if it is done."""
PAUSE = 0.2
"""Seconds between two looks at the processes, and at what they have written."""


def one_by_one(
    todo: Sequence[Job], worker: Worker, keys: Mapping[Job, Json], on_start: OnStart, on_end: OnEnd
) -> None:
    """Do jobs in this process. What the user can mend fails one job; all else ends them all.

    Raises: TrainingInterrupted when stopped; whatever else a job raises but ToktoolsError.
    """
    waiting = list(todo)
    while waiting:
        job = waiting.pop(0)
        on_start(job)
        try:
            worker.do(job, keys[job])
        except ToktoolsError as e:
            _end(job, {"error": told(e)}, waiting, on_end)
        else:
            on_end(job, None)


def side_by_side(
    todo: Sequence[Job],
    pool: Pool,
    start: OnStart,
    on_end: OnEnd,
    *,
    on_look: Callable[[], object] = lambda: None,
) -> None:
    """Do jobs in processes, as many at once as the pool has room for.

    Args:   start: starts a job in the pool. on_look: called again and again meanwhile.
    Raises: TrainingInterrupted at Ctrl-C or SIGTERM, when all that ran has saved its state. At a
            second Ctrl-C KeyboardInterrupt, at once.
    """
    waiting, done = list(todo), list[Job]()
    with stopping(None) as asked:
        while waiting or done or pool.jobs:
            if asked() and not pool.stopping:
                waiting.clear()
                pool.stop()
            while pool.has_room and (job := _ready(waiting, pool.jobs)):
                waiting.remove(job)
                try:
                    start(job)
                except OSError as e:  # no room for its log, or for one more process
                    _end(job, {"error": told(e)}, waiting, on_end)
            for job in done:  # taking note may take seconds: others run meanwhile
                on_end(job, None)
            done = []
            for ended in pool.ended():
                if ended.failure is not None:
                    _end(ended.job, ended.failure, waiting, on_end)
                elif not ended.stopped:
                    done.append(ended.job)
            if not done:
                on_look()
                time.sleep(PAUSE)
        if pool.stopping:
            raise TrainingInterrupted


def _ready(waiting: Sequence[Job], running: Sequence[Job]) -> Job | None:
    """Return the first job that can be started: what it needs neither waits nor runs."""
    return next((job for job in waiting if job.needs not in [*waiting, *running]), None)


def _end(job: Job, failure: Json, waiting: list[Job], on_end: OnEnd) -> None:
    """Tell of a failed job; with it fail all that need it."""
    on_end(job, failure)
    for other in [other for other in waiting if other.needs == job]:
        waiting.remove(other)
        on_end(other, {**failure, "error": f"its tokenizer: {failure['error']}"})
