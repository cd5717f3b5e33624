"""Described trainings, as a real process on a small text; and what is stored of the large ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.reproduce import described_page as page
from experiments.reproduce import generations
from experiments.reproduce.cli import TOPICS
from experiments.reproduce.cost import measure_cost
from experiments.reproduce.described import EXPERIMENTS, curve, measure
from lstm_lm.presets import EXPERIMENTS as ELSEWHERE
from lstm_lm.presets import PRESETS, preset_from_json
from toktools.errors import ToktoolsError

ROOT = Path(__file__).parent.parent.parent
STORED = {  # results: the page that shows them
    "headlines-presets": "headlines",
    "ptb-presets": "penn-treebank",
    "shakespeare": "shakespeare",
    "shakespeare-numpy": "shakespeare",
    "shakespeare-torch": "shakespeare",
}


@pytest.fixture(scope="module")
def headlines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty records, of which forty are political."""
    words = ["senate", "votes", "on", "budget", "president", "speaks", "to", "voters"]
    path = tmp_path_factory.mktemp("text") / "news.jsonl"
    records = [
        {
            "headline": " ".join(words[i % 8 :] + words[: i % 5]).title(),
            "category": "SPORTS" if i % 3 == 0 else "POLITICS",
        }
        for i in range(60)
    ]
    path.write_text("\n".join(map(json.dumps, records)) + "\n", "utf-8")
    return path


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "experiments", "reproduce", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def done(headlines: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `reproduce headlines` wrote, with two epochs in the place of 12 and 7."""
    folder = tmp_path_factory.mktemp("done") / "headlines"
    ran = process("headlines", "-c", headlines, "--epochs", 2, "-o", folder)
    assert ran.returncode == 0, ran.stderr
    assert "headlines-tbptt-small" in ran.stdout
    return folder


def test_the_command_writes_runs_results_picture_and_page(done: Path):
    names = {path.name for path in done.iterdir()}
    assert names == {
        *("headlines-std-small", "headlines-tbptt-small"),
        *("results.json", "described.png", "described.html"),
    }
    results = json.loads((done / "results.json").read_text("utf-8"))
    html = (done / "described.html").read_text("utf-8")
    assert [run["title"] for run in results["runs"]] == [
        "headlines-std-small",
        "headlines-tbptt-small",
    ]
    for run, row in zip(results["runs"], page.rows(results), strict=True):
        assert row["test perplexity"] in html
        assert run["curve"][-1]["epoch"] == 2
        assert len(run["cpu_seconds"]) == len(run["curve"])
        assert sorted(run["cpu_seconds"]) == run["cpu_seconds"]
        assert "the president wants" in run["samples"]
        texts = [(g["prompt"], g["strategy"], g["text"]) for g in run["generations"]]
        prompts = run["configuration"]["prompts"]
        strategies = ("argmax", "top-k, k = 5, seed 0")
        assert [t[:2] for t in texts] == [(p, s) for s in strategies for p in prompts]
        assert all(text.startswith(prompt) for prompt, _, text in texts)
        assert (
            run["test"]["n_documents"]
            + sum(run["data"][name]["n_documents"] for name in ("train", "validation"))
            == 40
        )


def test_finished_runs_are_kept_and_an_other_seed_is_added(done: Path, headlines: Path):
    weights = done / "headlines-std-small" / "seed-0" / "model.safetensors"
    before, results = weights.stat().st_mtime_ns, json.loads((done / "results.json").read_text())
    options: dict[str, Any] = {"epochs": 2, "limit": None, "say": lambda line: None}
    again = measure("headlines", str(headlines), done, seeds=[0, 1], **options)
    assert weights.stat().st_mtime_ns == before
    assert [run["seed"] for run in again["runs"]] == [0, 1, 0, 1]
    assert again["runs"][0]["test"] == results["runs"][0]["test"]
    for key in ("cpu_seconds", "passage"):
        assert again["runs"][0][key] == results["runs"][0][key]
    assert again["runs"][1]["test"] != again["runs"][0]["test"]


def test_a_folder_with_other_options_is_refused(done: Path, headlines: Path):
    arguments = ["reproduce", "headlines", "-c", str(headlines), "--epochs", "3", "-o", str(done)]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 1
    assert "holds a run with other options; choose another --output" in ran.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds must be >= 1, got 0"),
        (["--epochs", "-1"], "--epochs must be > 0, got -1"),
    ],
)
def test_what_cannot_be_run_is_refused(
    headlines: Path, tmp_path: Path, arguments: list[str], message: str
):
    command = ["reproduce", "headlines", "-c", str(headlines), "-o", str(tmp_path), *arguments]
    ran = CliRunner().invoke(main, command)
    assert ran.exit_code == 1
    assert message in ran.output


def test_every_preset_can_be_reproduced():
    known = main.commands["reproduce"].commands  # pyright: ignore[reportAttributeAccessIssue]
    assert {*PRESETS, *ELSEWHERE, *TOPICS} <= set(known)
    assert set(EXPERIMENTS) == {*PRESETS, *TOPICS}


@pytest.mark.parametrize("name", ["human-numbers-2", "anbn-numpy-rnn", "anbn-torch-lstm"])
def test_one_network_of_an_experiment_is_trained_alone(name: str, tmp_path: Path):
    epochs = "1" if name.startswith("human") else "0.005"
    arguments = ["reproduce", name, "--seeds", "1", "--epochs", epochs, "-o", str(tmp_path)]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    if name.startswith("human"):
        assert [entry["name"] for entry in results["models"]] == ["LMModel2"]
    else:
        titles = {"anbn-numpy-rnn": "NumPy RNN", "anbn-torch-lstm": "PyTorch LSTM"}
        assert {run["title"] for run in results["runs"]} == {titles[name]}


def test_the_training_loss_of_a_point_is_the_mean_since_the_point_before():
    def line(event: str, tokens: int, nats: float) -> dict[str, Any]:
        return {
            **{"event": event, "tokens_seen": tokens, "train_loss_nats": nats, "epoch": 1.0},
            **{"training_seconds": 1.0, "learning_rate": 0.1, "validation_loss_nats": 2.0},
            "validation_bits_per_byte": 1.0,
        }

    lines = [line("log", 10, 4.0), line("validation", 40, 2.0), line("validation", 50, 1.0)]
    assert [point["train_loss_nats"] for point in curve(lines)] == [2.5, 1.0]


def test_the_cost_of_an_epoch_is_that_of_all_its_updates():
    found = measure_cost("shakespeare-torch", "human-numbers", n_updates=2, limit=3000)
    seconds = found["cpu_seconds_per_update"] * found["n_updates_per_epoch"]
    assert found["cpu_hours_per_epoch"] == pytest.approx(seconds / 3600)
    assert found["cpu_seconds_per_update"] > 0
    assert found["peak_mb"] > 50
    with pytest.raises(ToktoolsError, match="an epoch must have more than 500 updates, got"):
        measure_cost("shakespeare-torch", "human-numbers", n_updates=500, limit=300)
    with pytest.raises(ToktoolsError, match="presets in PyTorch, got shakespeare-numpy"):
        measure_cost("shakespeare-numpy", "human-numbers", n_updates=1, limit=300)


def stored(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "experiments" / "results" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", STORED)
def test_the_table_of_the_page_is_that_of_the_stored_results(name: str):
    assert page.markdown(stored(name)) in (ROOT / "docs" / f"{STORED[name]}.md").read_text("utf-8")


def test_the_prompts_continued_on_the_page_are_those_of_the_stored_results():
    results = stored("headlines-presets")
    table = generations.markdown(results)
    assert table in (ROOT / "docs" / "headlines.md").read_text("utf-8")
    assert table.count("\n") == 1 + 2 * 3  # two trainings, three prompts


def test_a_long_text_is_cut_where_all_can_see_it():
    text = {"prompt": "a", "strategy": "argmax", "text": "a " * 200, "stopped": "length"}
    table = generations.markdown(
        {"runs": [{"title": "t", "seed": 1, "generations": [text]}]}, seed=1
    )
    assert table.endswith("a a [...] |")
    assert len(table.splitlines()[-1]) < generations.LONGEST + 30


@pytest.mark.parametrize("name", STORED)
def test_the_stored_results_are_of_what_is_trained_today(name: str):
    results = stored(name)
    trials = {trial.title: trial for trial in EXPERIMENTS[results["name"]]}
    assert list(page.groups(results["runs"])) == list(trials)
    for run in results["runs"]:
        epochs = run["configuration"]["training"]["epochs"]
        expected = trials[run["title"]].preset(seed=run["seed"], epochs=epochs).to_json()
        recorded = preset_from_json(run["configuration"])  # options that came later: their defaults
        assert recorded.to_json() == json.loads(json.dumps(expected))
        assert run["curve"][-1]["epoch"] >= epochs
        lowest = min(point["validation_loss_nats"] for point in run["curve"])
        if run["configuration"]["training"]["validation_bytes"] is None:
            assert run["validation"]["loss_nats"] == pytest.approx(lowest, rel=1e-4)
