"""How far jobs are, read from a folder made by hand; and what is said of those that failed."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from experiments.comparison.jobs.doing import side_by_side
from experiments.comparison.jobs.failure import ended, failure, told
from experiments.comparison.jobs.job import Job, Places, job_named, jobs_of
from experiments.comparison.jobs.lock import is_locked, locked
from experiments.comparison.jobs.pool import Ended
from experiments.comparison.jobs.status import overview
from experiments.comparison.plan import Plan, TokenizerSpec
from toktools import ToktoolsError

PLAN = Plan(
    corpus={"source": "human-numbers"},
    tokenizers=(TokenizerSpec("word"), TokenizerSpec("byte")),
    seeds=(0, 1),
)


def write(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """word: one run done in 10 s, one begun. byte: not begun."""
    places = Places(tmp_path / "c")
    write(places.plan, {"plan": PLAN.to_json()})
    write(places.tokenizer(PLAN.tokenizers[0]), {})
    done = {"test": {"bits_per_byte": 2.5}, "training_seconds": 10.0}
    write(places.result(job_named(PLAN, "word/seed-0")), done)
    lines = [
        {"progress": 0.25, "training_seconds": 4.0, "validation_bits_per_byte": 4.0},
        {"progress": 0.5, "training_seconds": 6.0},
    ]
    metrics = places.run(job_named(PLAN, "word/seed-1")) / "metrics.jsonl"
    metrics.parent.mkdir(parents=True)
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"progress": 0.7')
    return places


def states(places: Places) -> dict[str, str]:
    return {status.job: status.state for status in overview(places.folder).jobs}


def test_a_job_waits_until_what_it_makes_is_there_or_it_has_failed(places: Places):
    write(places.failure(Job(PLAN.tokenizers[1])), {"error": "no"})
    assert states(places) == {
        "word/tokenizer": "done",
        "word/seed-0": "done",
        "byte/tokenizer": "failed",
        "byte/seed-0": "waiting",
        "word/seed-1": "waiting",
        "byte/seed-1": "waiting",
    }


def test_a_job_runs_if_it_is_written_down_and_somebody_holds_the_folder(places: Places):
    write(places.running, {"at_once": 2, "running": {"word/seed-1": {"pid": 7, "since": 0}}})
    assert states(places)["word/seed-1"] == "waiting"
    with locked(places.lock):
        assert states(places)["word/seed-1"] == "running"
    assert states(places)["word/seed-1"] == "waiting"


def test_figures_so_far_are_those_of_the_last_whole_lines(places: Places):
    jobs = {status.job: status for status in overview(places.folder).jobs}
    begun, done = jobs["word/seed-1"], jobs["word/seed-0"]
    assert (begun.progress, begun.bits_per_byte, begun.seconds) == (0.5, 4.0, 6.0)
    assert (done.progress, done.bits_per_byte, done.seconds) == (1.0, 2.5, 10.0)


def test_time_left_is_that_of_the_run_itself_or_else_of_others(places: Places):
    left = {status.job: status.seconds_left for status in overview(places.folder).jobs}
    assert left["word/seed-1"] == 6.0  # half is done in 6 s
    assert left["byte/seed-0"] == 11.0  # no other of byte: the mean of 10 s and 12 s
    write(
        places.result(job_named(PLAN, "byte/seed-0")),
        {"test": {"bits_per_byte": 3.0}, "training_seconds": 100.0},
    )
    left = {status.job: status.seconds_left for status in overview(places.folder).jobs}
    assert left["byte/seed-1"] == 100.0


def test_time_left_of_all_is_shared_by_those_at_once(places: Places):
    assert overview(places.folder).seconds_left is None  # nobody is at work
    write(places.running, {"at_once": 2, "running": {"word/seed-1": {"pid": 7, "since": 0}}})
    with locked(places.lock):
        found = overview(places.folder)
    assert found.seconds_left == (6 + 11 + 11) / 2
    assert found.sentence() == "3 waiting, 1 running, 2 done; about 14 s left"


def test_a_folder_without_a_comparison_has_no_status(tmp_path: Path):
    with pytest.raises(ToktoolsError, match=r"holds no comparison \(no plan.json\)"):
        overview(tmp_path)


def test_a_lock_is_free_again_after_its_block_and_held_for_one_only(tmp_path: Path):
    path = tmp_path / ".lock"
    with locked(path):
        assert is_locked(path)
        with pytest.raises(ToktoolsError, match="is at work in this folder"), locked(path):
            pass
    assert not is_locked(path)
    with locked(path):
        pass


# Failures


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ToktoolsError("a\nb"), "a b"),
        (OSError(errno.ENOSPC, "No space left on device", "x.json"), "x.json: No space left"),
        (MemoryError(), "memory ran out"),
        (KeyError("x"), "a defect: KeyError: 'x'"),
    ],
)
def test_every_error_is_told_in_one_line(error: Exception, line: str):
    assert told(error).startswith(line)
    assert "\n" not in told(error)


def test_an_exit_status_is_told_by_the_name_of_its_signal():
    assert [ended(status).partition(";")[0] for status in (-11, -9, -77, 1)] == [
        *("killed by SIGSEGV", "killed by SIGKILL", "killed by signal 77"),
        "ended with exit status 1",
    ]


def test_a_failure_holds_the_end_of_the_log(tmp_path: Path):
    log = tmp_path / "log.txt"
    log.write_text("one\ntwo\n\nthree\nfour\n")
    found = failure("no", log)
    assert found["log"] == ["two", "three", "four"]
    assert found["error"] == "no (the end of its log: two | three | four)"
    assert failure("no", tmp_path / "gone.txt") == {"error": "no", "log": []}


class PretendedPool:
    """Ends every job at the next look; the tokenizer of words fails."""

    stopping = False

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.started: list[str] = []

    @property
    def has_room(self) -> bool:
        return len(self.jobs) < 4

    def start(self, job: Job) -> None:
        assert job.needs not in self.jobs
        self.jobs.append(job)
        self.started.append(job.name)

    def ended(self):
        for job in list(self.jobs):
            self.jobs.remove(job)
            yield Ended(job, {"error": "no"} if job.name == "word/tokenizer" else None)


def test_a_run_starts_behind_its_tokenizer_and_fails_with_it():
    pool, ends = PretendedPool(), {}
    side_by_side(jobs_of(PLAN), pool, pool.start, lambda job, failure: ends.update({job: failure}))  # pyright: ignore
    assert pool.started == ["word/tokenizer", "byte/tokenizer", "byte/seed-0", "byte/seed-1"]
    assert {job.name: end and end["error"] for job, end in ends.items()} == {
        "word/tokenizer": "no",
        "word/seed-0": "its tokenizer: no",
        "word/seed-1": "its tokenizer: no",
        "byte/tokenizer": None,
        "byte/seed-0": None,
        "byte/seed-1": None,
    }
