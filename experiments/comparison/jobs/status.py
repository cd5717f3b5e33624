"""How far each job of a comparison is, read from its folder: while it runs, and after."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from experiments.comparison.jobs.job import Job, Places, jobs_of
from experiments.comparison.jobs.lock import is_locked
from experiments.comparison.plan import Plan
from lstm_lm.files import read_json
from lstm_lm.runs.directory import RunDirectory
from toktools.errors import ToktoolsError

Json = dict[str, Any]
STATES = ("waiting", "running", "done", "failed")


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where one job stands.

    Attributes:
        state: one of `STATES`; what was interrupted waits, and its progress says how far it is.
        progress: share of the training's budget that is used, 0 to 1.
        bits_per_byte: the newest; of the validation text until the job is done, then of the test.
        seconds: training time so far. seconds_left: training time to come, if it can be told.
        pid: of its process, if it runs. error: why it failed, if it did.
    """

    job: str
    title: str
    state: str
    progress: float = 0.0
    bits_per_byte: float | None = None
    seconds: float | None = None
    seconds_left: float | None = None
    pid: int | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All jobs of a comparison.

    Attributes:
        at_work: whether a process is working on it. at_once: how many jobs it runs at once.
    """

    jobs: tuple[Status, ...]
    at_work: bool
    at_once: int

    def count(self, state: str) -> int:
        """Return how many jobs are in a state."""
        return sum(status.state == state for status in self.jobs)

    @property
    def seconds_left(self) -> float | None:
        """About how long all takes from now on; None if nobody works on it or it cannot be told."""
        left = [s.seconds_left for s in self.jobs if s.state in ("running", "waiting")]
        known = [seconds for seconds in left if seconds is not None]
        if not self.at_work or len(known) < len(left) or not known:
            return None
        return max(max(known), sum(known) / self.at_once)

    def sentence(self) -> str:
        """Return how far it is, in a sentence."""
        counts = ", ".join(f"{self.count(s)} {s}" for s in STATES if self.count(s))
        if not self.at_work:
            open_jobs = self.count("waiting") + self.count("failed")
            return counts + ("; nobody works on them: give the same command" if open_jobs else "")
        left = self.seconds_left
        return counts + ("" if left is None else f"; about {duration(left)} left")

    def as_dict(self) -> Json:
        """Return it for JSON."""
        return {**asdict(self), "jobs": [asdict(s) for s in self.jobs]} | {
            "seconds_left": self.seconds_left
        }


def overview(folder: str | Path) -> Overview:
    """Return how far each job is.

    Raises: ToktoolsError if the folder holds no comparison.
    """
    places = Places(folder)
    if not places.plan.exists():
        raise ToktoolsError(f"{folder}: holds no comparison (no plan.json)")
    plan, at_work = Plan.from_json(read_json(places.plan)["plan"]), is_locked(places.lock)
    working = _working(places) if at_work else {"at_once": 1, "running": {}}
    statuses = [_status(places, job, working["running"]) for job in jobs_of(plan)]
    guessed = _guessing(statuses)
    return Overview(jobs=tuple(guessed), at_work=at_work, at_once=working["at_once"])


def duration(seconds: float) -> str:
    """Return a time in words.

    Example:
        >>> duration(42), duration(500), duration(9000)
        ('42 s', '8 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _working(places: Places) -> Json:
    """Return what runs; nothing before the first job was started."""
    try:
        return read_json(places.running)
    except ToktoolsError:
        return {"at_once": 1, "running": {}}


def _status(places: Places, job: Job, running: Json) -> Status:
    """Return where a job stands, without a guess how long it will take."""
    status = Status(job=job.name, title=job.title, state="waiting")
    if job.name in running:
        status = replace(status, state="running", pid=running[job.name]["pid"])
    elif places.is_done(job):
        status = replace(status, state="done", progress=1.0, seconds_left=0.0)
    elif places.failure(job).exists():
        status = replace(status, state="failed", error=read_json(places.failure(job))["error"])
    if job.seed is None:
        return status
    if status.state == "done":
        result = read_json(places.result(job))
        bits, seconds = result["test"]["bits_per_byte"], result["training_seconds"]
        return replace(status, bits_per_byte=bits, seconds=seconds)
    return _so_far(status, _lines(RunDirectory(places.run(job)).metrics))


def _so_far(status: Status, lines: list[Json]) -> Status:
    """Add what the lines of metrics say of a run that is not done."""
    if not lines:
        return status
    progress, seconds = lines[-1]["progress"], lines[-1]["training_seconds"]
    bits = [line[n] for line in lines if (n := "validation_bits_per_byte") in line]
    return replace(
        status,
        progress=progress,
        bits_per_byte=bits[-1] if bits else None,
        seconds=seconds,
        seconds_left=None if status.state == "failed" else seconds * (1 - progress) / progress,
    )


def _lines(path: Path) -> list[Json]:
    """Return the whole lines of a metrics.jsonl that may be growing, or be broken off."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    lines: list[Json] = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return lines


def _guessing(statuses: list[Status]) -> list[Status]:
    """Add how long the runs that have not begun will take, as others of their tokenizer did.

    If there are none, as others did. A tokenizer is taken to be trained in no time.
    """
    totals: dict[str, list[float]] = {}
    for s in statuses:
        if s.seconds is not None and s.seconds_left is not None:
            totals.setdefault(_tokenizer(s), []).append(s.seconds + s.seconds_left)
    mean = _mean(total for each in totals.values() for total in each)

    def guess(s: Status) -> Status:
        if s.seconds_left is not None or s.state == "failed":
            return s
        if s.job.endswith("/tokenizer"):
            return replace(s, seconds_left=0.0)
        return replace(s, seconds_left=_mean(totals.get(_tokenizer(s), [])) or mean)

    return [guess(s) for s in statuses]


def _tokenizer(status: Status) -> str:
    return status.job.partition("/")[0]


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return statistics.fmean(values) if values else None
