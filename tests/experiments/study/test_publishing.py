"""The study in the documentation: page, chart and reports are made of the results that are kept."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from experiments.charts import save_svg
from experiments.comparison.running import load_results
from experiments.study import publishing
from experiments.study.chart import figure_of
from experiments.study.publishing import CHART, PAGE, kept_reports, kept_study, page_in_docs
from tests.experiments.study.test_findings import TOKENIZERS, make

FINDINGS = PAGE.with_name("study.md")
FIGURE = re.compile(r"\d\.\d{3}")


def test_the_page_is_made_of_the_results_that_are_kept():
    assert PAGE.read_text("utf-8") == page_in_docs()


def test_the_chart_is_made_of_the_results_that_are_kept(tmp_path: Path):
    save_svg(figure_of(kept_study()), tmp_path / "study.svg")
    assert (tmp_path / "study.svg").read_bytes() == CHART.read_bytes()


def test_every_figure_of_the_findings_stands_in_the_tables():
    findings = FINDINGS.read_text("utf-8").split("## What came out")[1].split("\n## ")[0]
    assert set(FIGURE.findall(findings)) <= set(FIGURE.findall(PAGE.read_text("utf-8")))
    assert len(FIGURE.findall(findings)) > 10


def test_every_comparison_of_the_page_has_its_report():
    names = {f"{one['text']}-{one['budget']}" for one in kept_study()["comparisons"]}
    assert {path.name.removesuffix(".json.gz") for path in publishing.KEPT.glob("*.gz")} == names
    name, report = next(kept_reports())
    assert f"({name})" in PAGE.read_text("utf-8")
    assert "<h1" in report


def test_a_study_is_put_into_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    study, kept = tmp_path / "study", tmp_path / "kept"
    bits = dict.fromkeys(TOKENIZERS, 18.0) | {"word": 16.0}
    make(study, "ptb", "bytes", bits)
    make(study, "german", "flops", bits)
    monkeypatch.setattr(publishing, "KEPT", kept)
    monkeypatch.setattr(publishing, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(publishing, "CHART", tmp_path / "study.svg")
    kept.mkdir()
    (kept / "gone-bytes.json.gz").write_bytes(b"of a study before")
    assert publishing.publish(study) == [tmp_path / "page.md", tmp_path / "study.svg"]
    assert [path.name for path in sorted(kept.iterdir())] == [
        *("german-flops.json.gz", "ptb-bytes.json.gz", "study.json")
    ]
    page = (tmp_path / "page.md").read_text("utf-8")
    assert "- [german, equal flops](study-reports/german-flops.html)" in page
    title = load_results(study / "ptb-bytes")["name"]
    packed = json.loads(gzip.decompress((kept / "ptb-bytes.json.gz").read_bytes()))
    assert packed["plan"]["corpus"]["source"] == "python-docs"
    reports = dict(kept_reports())
    assert list(reports) == ["study-reports/german-flops.html", "study-reports/ptb-bytes.html"]
    assert all(title in report for report in reports.values())
