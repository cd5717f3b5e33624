"""A run begun by other code is not resumed unless asked: real processes on a copy of the source."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_lm.runs.source import source_digest

ROOT = Path(__file__).parent.parent.parent
SMALL = [
    *("-t", "word", "-c", "anbn", "--embedding-size", "8", "--hidden-size", "8"),
    *("--n-layers", "1", "--batch-size", "8", "--bptt", "8", "--epochs", "1"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the two packages that a test may change."""
    folder = tmp_path_factory.mktemp("source")
    for package in ("lstm_lm", "toktools"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder


def python(source, *arguments, status=0):
    """Run Python with the copied packages; return what it printed, and its last line of errors."""
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr.rpartition("error: ")[2].strip()


def digest(source):
    return python(source, "-c", "from lstm_lm.runs.source import *; print(source_digest())")[0]


def append(path, text):
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_the_digest_is_of_names_and_bytes_wherever_they_stand(source):
    assert digest(source).strip() == source_digest()
    path = source / "toktools" / "errors.py"
    before = path.read_bytes()
    append(path, "# a comment\n")
    changed = digest(source)
    path.write_bytes(before)
    path.rename(path.with_name("errors2.py"))
    (source / "toktools" / "errors.py").write_bytes(before)
    added = digest(source)
    path.with_name("errors2.py").unlink()
    assert len({changed, added, source_digest() + "\n"}) == 3
    assert digest(source).strip() == source_digest()


def test_changed_code_is_refused_and_accepted_only_on_request(source, tmp_path):
    run, lstm_lm = tmp_path / "run", ("-m", "lstm_lm", "train", "-o")
    python(source, *lstm_lm, run, *SMALL, "--backend", "numpy")
    old = json.loads((run / "config.json").read_text())["environment"]["code"]
    append(source / "lstm_lm" / "model.py", "# another comment\n")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    _, error = python(source, *lstm_lm, run, "--resume", status=1)
    assert error.startswith("a resumed run goes on bit by bit, which other code cannot")
    assert old[:12] in error
    assert "give --accept-other-code to go on without the promise" in error
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    python(source, *lstm_lm, run, "--resume", "--accept-other-code")
    environment = json.loads((run / "config.json").read_text())["environment"]
    assert environment["earlier_code"] == [old]
    assert environment["code"] != old
    python(source, *lstm_lm, run, "--resume")


def test_there_is_nothing_to_accept_in_a_new_run(source, tmp_path):
    arguments = ("-m", "lstm_lm", "train", "-o", tmp_path / "run", *SMALL, "--accept-other-code")
    _, error = python(source, *arguments, status=1)
    assert error == "--accept-other-code is for a run that goes on; give --resume too"
    assert not (tmp_path / "run").exists()
