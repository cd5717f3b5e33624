"""The benchmark shows all rounds, and refuses to praise a wrong answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.bench import tokenizers as bench


@pytest.mark.oracle
def test_five_rounds_of_both_libraries_give_the_same_ids(tmp_path: Path):
    out = tmp_path / "bench.json"
    arguments = ["bench", "-c", "human-numbers", "--vocab-size", "300", "-o", str(out)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "ids: the same" in done.output
    rounds = json.loads(out.read_text())["rounds"]
    assert {library: len(r) for library, r in rounds.items()} == {"toktools": 5, "tokenizers": 5}


def test_different_ids_are_a_failure(monkeypatch: pytest.MonkeyPatch):
    def one_round(library: str, source: str, vocab_size: int) -> dict:
        return {"n_bytes": 9, "train_seconds": 1.0, "encode_seconds": 1.0, "digest": library}

    monkeypatch.setattr(bench, "_in_a_process", one_round)
    done = CliRunner().invoke(main, ["bench", "-c", "anbn"])
    assert done.exit_code == 1
    assert "DIFFERENT; the times do not count" in done.output


def test_fewer_than_five_rounds_are_refused():
    done = CliRunner().invoke(main, ["bench", "--rounds", "3"])
    assert done.exit_code == 1
    assert "at least 5 rounds, got 3" in done.output
