"""Several jobs at once, each a process of its own: what befalls one does not touch the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from experiments.comparison.jobs import failure
from experiments.comparison.jobs.job import Job, Places
from lstm_lm.files import write_json
from toktools.errors import ToktoolsError
from toktools.kernels.threads import VARIABLE, n_threads

Json = dict[str, Any]
ROOT = Path(__file__).parents[3]
"""Where this package is imported from; the processes of jobs import from there too."""


def default_jobs(threads: int) -> int:
    """Return how many jobs of so many threads the cores have room for, at least one."""
    return max(1, n_threads() // threads)


@dataclass(frozen=True)
class Ended:
    """A job whose process has ended.

    Attributes: failure: why it failed, if it did. stopped: whether it ended as it was asked to.
    """

    job: Job
    failure: Json | None = None
    stopped: bool = False


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    since: float


class Pool:
    """Processes of jobs. Leaving the block stops those that still run, and waits for them.

    Args:
        n: how many at once. threads: on how many threads each multiplies matrices.
        lock: the descriptor of the folder's lock, which the processes hold too.
    """

    def __init__(self, places: Places, n: int, *, threads: int, lock: int) -> None:
        self._places, self._n, self._threads, self._lock = places, n, threads, lock
        self._running: list[_Running] = []
        self._stopping = False

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop what runs; at a second Ctrl-C, kill it."""
        try:
            if not self._stopping:
                self.stop()
                for running in self._running:
                    running.process.wait()
        finally:
            for running in self._running:
                running.process.kill()
                running.process.communicate()
            self._running.clear()
            self._record()

    @property
    def jobs(self) -> list[Job]:
        """What runs."""
        return [running.job for running in self._running]

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping

    @property
    def has_room(self) -> bool:
        """Whether one more may be started."""
        return len(self._running) < self._n and not self._stopping

    def start(self, job: Job, key: Json, *, accept_other_code: bool) -> None:
        """Start the process of a job, in a group of its own, which Ctrl-C does not reach."""
        log = self._places.log(job)
        log.parent.mkdir(parents=True, exist_ok=True)
        module = "experiments.comparison.jobs.child"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(self._places.folder), job.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=self._environment(),
                start_new_session=True,
                pass_fds=[self._lock],
            )
        order = {"key": key, "accept_other_code": accept_other_code}
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already: its exit status says how
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
        self._running.append(_Running(job, process, time.time()))
        self._record()

    def ended(self) -> Iterator[Ended]:
        """Yield what has ended since the last call."""
        for running in list(self._running):
            if running.process.poll() is None:
                continue
            self._running.remove(running)
            self._record()
            yield self._how(running)

    def stop(self) -> None:
        """Ask every process to save its state and end; no other is started."""
        self._stopping = True
        for running in self._running:
            running.process.send_signal(signal.SIGTERM)

    def _how(self, running: _Running) -> Ended:
        """Return how a process ended, from what it said and its exit status."""
        from experiments.comparison.jobs.child import STOPPED

        job, process = running.job, running.process
        said, _ = process.communicate()
        status = -signal.SIGTERM if process.returncode == STOPPED else process.returncode
        if status == 0:
            return Ended(job)
        if status == -signal.SIGTERM and self._stopping:
            return Ended(job, stopped=True)
        error = json.loads(said)["error"] if said else failure.ended(status)
        return Ended(job, failure.failure(error, self._places.log(job)))

    def _environment(self) -> dict[str, str]:
        """Return the variables of a process: matrices on `threads` threads, loops on its share."""
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        share = max(1, n_threads() // self._n)
        return {
            **os.environ,
            **dict.fromkeys(names, str(self._threads)),
            VARIABLE: str(share),
            "NUMBA_NUM_THREADS": str(share),
            "PYTHONPATH": path,
        }

    def _record(self) -> None:
        """Write down what runs, for `status`; on a full disk it does without."""
        running = {r.job.name: {"pid": r.process.pid, "since": r.since} for r in self._running}
        with suppress(OSError, ToktoolsError):
            self._places.running.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._places.running, {"at_once": self._n, "running": running})
