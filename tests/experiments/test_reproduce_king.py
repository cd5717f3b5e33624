"""King - Man + Woman, asked of small runs through the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import lstm_lm
import toktools
from experiments.__main__ import main
from lstm_lm.embeddings import analogy, open_vectors

LINES = ["the king sleeps", "a man eats", "a woman reads", "the queen rules"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two word models that know queen, and one of bytes, whose words are means of pieces."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "text.txt").write_text("\n".join(LINES * 20))
    corpus = toktools.open_corpus(folder / "text.txt", normalize=["lowercase"])
    word, byte = toktools.train_word(LINES), toktools.ByteTokenizer()
    paths = []
    for number, tokenizer in enumerate([word, word, byte]):
        training = lstm_lm.TrainingConfig(epochs=0.1, n_validations=1, seed=number)
        model = lstm_lm.ModelConfig(embedding_size=8, hidden_size=8, n_layers=1)
        paths.append(folder / f"run-{number}")
        lstm_lm.train(paths[-1], corpus, tokenizer, model=model, training=training)
    return paths


def ask(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["reproduce", "king", *map(str, arguments)])


def test_every_run_is_asked_by_both_kinds_of_vectors(runs: list[Path], tmp_path: Path):
    done = ask(*runs, "-o", tmp_path / "king")
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "king" / "results.json").read_text())
    assert [answer["from"] for answer in results["answers"]] == ["input", "output"] * 3
    assert [answer["training"]["seed"] for answer in results["answers"]] == [0, 0, 1, 1, 2, 2]
    expected: list[dict[str, Any]] = [
        analogy(open_vectors(run, source), "king", "man", "woman").as_dict()["closest"]
        for run in runs
        for source in ("input", "output")
    ]
    found = [answer["closest"] for answer in results["answers"]]
    assert found == json.loads(json.dumps(expected))
    table = (tmp_path / "king" / "king.md").read_text()
    assert done.stdout == table
    assert table.count("\n") == 2 + 6
    assert [line.split("|")[-2].strip() for line in table.splitlines()[-2:]] == ["-", "-"]


def test_what_cannot_be_asked_is_one_clear_line(tmp_path: Path):
    done = ask(tmp_path / "nowhere", "-o", tmp_path / "king")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "there is no such run directory" in done.stderr
    assert not (tmp_path / "king").exists()
    assert ask().exit_code == 2
