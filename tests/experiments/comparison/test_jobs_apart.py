"""Jobs as processes of their own: killed, out of disk, interrupted, left alone; gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.comparison.jobs.lock import is_locked, locked
from experiments.comparison.jobs.status import Overview, overview

SMALL = [
    *("-c", "human-numbers", "--limit", "3000", "--embedding-size", "8", "--hidden-size", "12"),
    *("--n-layers", "1", "--epochs", "1", "--n-validations", "2", "--batch-size", "4"),
    *("--context-bytes", "32", "--checkpoint-every", "20", "--seed", "0"),
]
TWO = ("-t", "word", "-t", "byte")
TIMES = ("training_seconds", "tokens_per_second")
PATIENCE = 150


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "experiments", "compare", "-o", str(folder), *SMALL, *arguments]


def compare(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments),
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(folder, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "what was waited for never came"
        time.sleep(0.01)


def job(folder: Path, name: str):
    return next(status for status in overview(folder).jobs if status.job == name)


def is_training(folder: Path, name: str) -> bool:
    return (folder / "plan.json").exists() and 0 < job(folder, name).progress < 1


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def figures(folder: Path) -> dict:
    """What results.json holds of each run, but for times."""
    runs = json.loads((folder / "results.json").read_text())["runs"]
    for run in runs:
        run["curve"] = [(p["bytes_seen"], p["bits_per_byte"]) for p in run["curve"]]
    return {run["tokenizer"]: {k: v for k, v in run.items() if k not in TIMES} for run in runs}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A comparison in which nothing happened, one job at a time."""
    folder = tmp_path_factory.mktemp("jobs") / "whole"
    done = compare(folder, *TWO, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_killed_job_is_reported_leaves_the_others_whole_and_goes_on(tmp_path: Path, whole: Path):
    folder = tmp_path / "killed"
    process = begin(folder, *TWO, "--jobs", "2")
    wait_for(lambda: is_training(folder, "byte/seed-0"))
    seen = job(folder, "byte/seed-0")
    assert (seen.state, seen.pid is not None) == ("running", True)
    os.kill(seen.pid, signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, said
    word, byte = json.loads((folder / "results.json").read_text())["runs"]
    assert word["test"]["bits_per_byte"] > 0
    assert byte["error"].startswith("killed by SIGKILL")
    assert "killed by SIGKILL" in (folder / "report.html").read_text()
    after = job(folder, "byte/seed-0")
    assert (after.state, after.error) == ("failed", byte["error"])
    trained = (folder / "runs/word/seed-0/model.safetensors").stat().st_mtime_ns
    again = compare(folder, *TWO, "--jobs", "2")
    assert again.returncode == 0, again.stderr
    assert "[1/1] byte, seed 0" in again.stderr
    assert (folder / "runs/word/seed-0/model.safetensors").stat().st_mtime_ns == trained
    assert figures(folder) == figures(whole)


def test_a_finished_comparison_starts_no_job(whole: Path):
    before = {path: path.stat().st_mtime_ns for path in (whole / "runs").rglob("*")}
    again = compare(whole, *TWO)
    assert (again.returncode, again.stderr) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in (whole / "runs").rglob("*")} == before


LIMITED = """
import resource, sys
if sys.orig_argv[-1] == "byte/seed-0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""


def test_a_job_that_cannot_write_is_reported_and_goes_on_when_it_can(tmp_path: Path, whole: Path):
    (tmp_path / "sitecustomize.py").write_text(LIMITED)
    folder = tmp_path / "full"
    done = compare(folder, *TWO, PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    word, byte = json.loads((folder / "results.json").read_text())["runs"]
    assert word["test"]["bits_per_byte"] > 0
    assert byte["error"].startswith("a file could not be written: File too large")
    assert compare(folder, *TWO).returncode == 0
    assert figures(folder) == figures(whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_jobs_end_with_their_state_saved_when_interrupted_and_when_left_alone(
    number: signal.Signals, tmp_path: Path, whole: Path
):
    folder = tmp_path / "stopped"
    process = begin(folder, "-t", "byte")
    wait_for(lambda: is_training(folder, "byte/seed-0"))
    pids = [status.pid for status in overview(folder).jobs if status.pid]
    assert pids
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "the same command goes on" in said
    wait_for(lambda: not is_locked(folder / ".lock"))
    assert not any(is_alive(pid) for pid in pids)
    stopped = job(folder, "byte/seed-0")
    assert (stopped.state, 0 < stopped.progress < 1) == ("waiting", True)
    assert (folder / "runs/byte/seed-0/last.safetensors").exists()
    assert compare(folder, "-t", "byte").returncode == 0
    assert figures(folder)["byte"] == figures(whole)["byte"]


def test_a_second_process_is_refused_in_one_line_and_harms_nothing(whole: Path):
    before = (whole / "plan.json").read_bytes()
    with locked(whole / ".lock"):
        refused = compare(whole, *TWO, "-t", "character")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert f"process {os.getpid()} is at work in this folder" in refused.stderr
    assert (whole / "plan.json").read_bytes() == before


def test_status_is_a_table_or_json(whole: Path):
    def status(*options: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "experiments", "status", str(whole), *options],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    table = status()
    assert "4 done" in table
    bits = json.loads((whole / "results.json").read_text())["runs"][0]["test"]["bits_per_byte"]
    assert f"{bits:.3f}" in table
    found = json.loads(status("--json"))
    assert [(j["job"], j["state"]) for j in found["jobs"]] == [
        *(("word/tokenizer", "done"), ("word/seed-0", "done")),
        *(("byte/tokenizer", "done"), ("byte/seed-0", "done")),
    ]
    assert found["jobs"][1]["bits_per_byte"] == bits
    assert isinstance(overview(whole), Overview)
