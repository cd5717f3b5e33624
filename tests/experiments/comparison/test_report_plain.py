"""The report in Markdown and CSV, and what the command `report` prints."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.comparison.plain import csv_of
from experiments.comparison.report import markdown_of, page_of, write_report
from experiments.comparison.summary import headline
from experiments.comparison.tables import correlation_rows, learning_rate_rows, size_rows, tables_of
from tests.experiments.comparison.made_results import full_results, old_results

RESULTS = full_results()


def test_csv_has_a_line_for_each_run_with_unrounded_figures():
    lines = list(csv.DictReader(io.StringIO(csv_of(RESULTS))))
    assert len(lines) == len(RESULTS["runs"])
    for line, run in zip(lines, RESULTS["runs"], strict=True):
        assert (line["title"], line["seed"]) == (run["title"], str(run["seed"]))
        if "error" in run:
            assert (line["error"], line["test.bits_per_byte"]) == ("the disk is full", "")
            continue
        assert float(line["test.bits_per_byte"]) == run["test"]["bits_per_byte"]
        assert float(line["training_seconds"]) == run["training_seconds"]
        assert float(line["intrinsic.renyi_efficiency"]) == run["intrinsic"]["renyi_efficiency"]


def test_markdown_has_the_answer_every_table_and_what_failed():
    text = markdown_of(RESULTS)
    assert headline(RESULTS) in text
    assert "Held equal: 10¹³ floating-point operations of training." in text
    for heading, table in tables_of(RESULTS).items():
        section = text.split(f"## {heading}\n\n")[1].split("\n\n")[0].splitlines()
        assert len(section) == len(table) + 2
        assert {line.count(" | ") for line in section if "---" not in line} == {len(table[0]) - 1}
    assert "- Failed: SentencePiece 8,000, seed 1: the disk is full" in text
    assert "python -m experiments compare --corpus python-docs" in text


def test_what_old_results_have_not_is_left_out():
    assert list(tables_of(old_results())) == ["Figures on the test text"]


def test_a_correlation_that_is_not_there_is_left_empty():
    statistics = {"measure": "x", "with": "bits per byte", "n": 3}
    unknown = statistics | dict.fromkeys(("spearman", "kendall", "low", "high"), None)
    nan = statistics | dict.fromkeys(("spearman", "kendall"), float("nan"))
    for each in (unknown, nan):
        [row] = correlation_rows({"statistics": {"correlations": [each]}})
        assert (row["Spearman"], row["interval"], row["Kendall"]) == ("", "", "")


def test_the_page_weighs_less_than_six_megabytes():
    assert len(page_of(RESULTS).encode()) < 6_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results.json").write_text(json.dumps(old_results(("word", "byte"))))
    return tmp_path


def report(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "experiments", "report", str(folder), *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    ("option", "name"), [("--markdown", "report.md"), ("--csv", "results.csv")]
)
def test_the_command_writes_all_and_prints_what_is_asked_for(folder: Path, option: str, name: str):
    done = report(folder, option)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (folder / name).read_text("utf-8")
    assert {path.name for path in folder.iterdir()} == {
        *("results.json", "report.html", "report.md", "results.csv"),
    }


def test_both_at_once_are_refused(folder: Path):
    done = report(folder, "--markdown", "--csv")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "pass one of them" in done.stderr


def test_a_report_written_again_is_the_same(tmp_path: Path):
    write_report(RESULTS, tmp_path / "report.html")
    first = (tmp_path / "report.html").read_bytes()
    write_report(RESULTS, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == first


def test_sizes_are_told_where_they_differ_between_tokenizers():
    results = full_results(("word", "bpe:4000"))
    fitted = size_rows(results)
    assert [row["hidden size"] for row in fitted] == ["219", "240"]
    for run in results["runs"]:
        if "sizes" in run:
            run["sizes"] = {"hidden_size": 200, "embedding_size": 200}
    assert size_rows(results) == []


def test_the_learning_rate_that_was_chosen_stands_beside_those_tried():
    [row, *_] = learning_rate_rows(RESULTS)
    assert list(row) == ["tokenizer", "0.002", "0.004", "0.008", "chosen"]
    assert row["chosen"] == "0.004"
