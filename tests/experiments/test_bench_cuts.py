"""The benchmark of the compiled cuts times only right answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from experiments.bench import cuts
from toktools.pretokenizers import Llama3Split


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(cuts.main, [str(path), "--rounds", "5", *options])


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text"
    path.write_text("it's 12345 words, größer 漢字\n \n" * 200, encoding="utf-8")
    return path


def test_every_cut_with_a_name_has_a_line(text: Path):
    lines = run(text).output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(cuts.NAMES)
    assert all("MB/s" in line and "ns a piece" in line for line in lines[1:])


@pytest.mark.parametrize("wrong", ["qwen2", "whitespace"])
def test_a_cut_that_differs_is_an_error(text: Path, wrong: str, monkeypatch: pytest.MonkeyPatch):
    found = cuts.cut_of(cuts.pretokenizer(wrong))
    monkeypatch.setattr(cuts, "cut_of", lambda cut: found)
    done = run(text, "--cut", "llama3")
    assert done.exit_code == 1
    assert f"error: {Llama3Split()}: piece" in done.output
    assert "MB/s" not in done.output


def test_a_file_that_is_not_text_is_named(tmp_path: Path):
    (tmp_path / "bytes").write_bytes(b"ab\xff")
    done = run(tmp_path / "bytes")
    assert done.exit_code == 1
    assert "bytes must be UTF-8, got byte 2 of another kind" in done.output
