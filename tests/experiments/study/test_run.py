"""The trial of the study from end to end: interrupted, and brought to its end by the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.comparison.running import Comparison
from experiments.study import scales
from experiments.study.names import BUDGETS, SCALES
from experiments.study.running import run_study

LAST = "[6/6]"  # the job that is never done here: three tokenizers, then their runs
ARGUMENTS = ("--scale", "trial", "--budget", "bytes", "--seeds", "1", "--jobs", "1")


def results_of(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.glob("*/runs/*/*/result.json")}


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory) -> tuple[Path, dict[Path, int]]:
    """A study that was stopped before the last run of its second text; the results it has."""
    folder, scale = tmp_path_factory.mktemp("study"), scales.trial()
    begun: list[str] = []

    def say(line: str) -> None:
        begun.append(line)
        if sum(heard.startswith(LAST) for heard in begun) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(
            *(folder, scale, scale.texts, ["bytes"]),
            run=lambda comparison: comparison.run(),
            seeds=(0,),
            say=say,
        )
    return folder, results_of(folder)


@pytest.fixture(scope="module")
def finished(interrupted) -> tuple[Path, str]:
    """The same study after the command was given for it, and what that said."""
    done = subprocess.run(
        [sys.executable, "-m", "experiments", "study", "-o", str(interrupted[0]), *ARGUMENTS],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return interrupted[0], done.stderr


def test_the_command_trains_what_was_missing_and_nothing_twice(interrupted, finished):
    (folder, before), (_, said) = interrupted, finished
    after = results_of(folder)
    assert (len(before), len(after)) == (5, 6)
    assert {path: after[path] for path in before} == before
    assert said.count("[1/1]") == 1
    assert "[2/" not in said


def test_both_texts_are_in_the_summary_with_the_figures_of_their_results(finished):
    folder = finished[0]
    study = json.loads((folder / "study.json").read_text("utf-8"))
    assert [one["text"] for one in study["comparisons"]] == ["numbers", "python"]
    for one in study["comparisons"]:
        results = json.loads((folder / f"{one['text']}-bytes" / "results.json").read_text("utf-8"))
        bits = {run["title"]: run["test"]["bits_per_byte"] for run in results["runs"]}
        assert {row["title"]: row["bits_per_byte"] for row in one["order"]} == bits
        (claim,) = one["claims"]
        by_frequency = bits["WordPiece 300"]
        by_likelihood = bits["WordPiece 300, criterion=likelihood, min_frequency=5"]
        assert claim["value"] == pytest.approx(by_frequency - by_likelihood, abs=1e-9)
        tests = {run["title"]: run["test"] for run in results["runs"]}
        for hidden in one["hidden"]:
            test = tests[hidden["title"]]
            difference = test["bits_per_byte"] - test["bits_per_byte_uncharged"]
            assert hidden["value"] == pytest.approx(difference, abs=1e-9)
    (claim,) = study["claims"]
    assert set(claim["answers"]) == {"numbers", "python"}


def test_each_comparison_is_one_that_status_knows(finished):
    found = CliRunner().invoke(main, ["status", "--json", str(finished[0] / "python-bytes")])
    assert found.exit_code == 0, found.output
    jobs = json.loads(found.stdout)["jobs"]
    assert {job["state"] for job in jobs} == {"done"}


def test_the_summary_is_printed_without_running_anything(finished):
    folder, before = finished[0], results_of(finished[0])
    found = CliRunner().invoke(main, ["study", "--summary", "-o", str(folder)])
    assert found.stdout == (folder / "study.md").read_text("utf-8")
    assert results_of(folder) == before


def test_a_comparison_in_which_all_fails_leaves_the_next_ones_alone(tmp_path: Path):
    scale, tried = scales.trial(), []

    def fail(comparison: Comparison) -> dict:
        tried.append(comparison.folder.name)
        return {"runs": [{"error": "the disk is full"}]}

    assert not run_study(tmp_path, scale, scale.texts, ["bytes", "flops"], run=fail)
    assert tried == ["numbers-bytes", "python-bytes", "numbers-flops", "python-flops"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "germn"], "did you mean 'german'"),
        (["--text", "german"], "--text must be NAME=SOURCE, got 'german'"),
        (["--only", "german"], "pass --text german=PATH"),
        (["--only", "german", "--text", "german=no/such/file"], "no corpus 'no/such/file'"),
        (["--summary"], "must hold a study with a finished run, got none"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, arguments: list[str], message: str):
    found = CliRunner().invoke(main, ["study", "-o", str(tmp_path / "study"), *arguments])
    assert found.exit_code == 1
    assert found.stderr.startswith("error: ")
    assert message in found.stderr
    assert found.stderr.count("\n") == 1


def test_the_names_on_the_command_line_are_those_of_the_scales():
    assert tuple(scales.SCALES) == SCALES


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("budget", BUDGETS)
def test_every_scale_holds_equal_what_it_is_asked_to(name: str, budget: str):
    scale = scales.SCALES[name]()
    for text in scale.texts:
        plan = scale.plan(replace(text, source="text.txt"), budget)
        assert (plan.held()["equal"], plan.held()["amount"]) == (budget, scale.amounts[budget])
        assert (plan.seeds, plan.prompts) == (scale.seeds, text.prompts)


def test_the_study_is_330_runs():
    scale = scales.small()
    assert 2 * len(scale.texts) * len(scale.tokenizers) * len(scale.seeds) == 330
