"""A comparison from end to end, on a small text: run, interrupted, resumed, reported."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lstm_lm
from experiments.comparison.cross_scores import cross_rows, cross_scores
from experiments.comparison.quality import HELD_OUT, quality_rows
from experiments.comparison.summary import rows
from toktools import load as load_tokenizer

SMALL = [
    *("-c", "human-numbers", "--limit", "600", "--embedding-size", "16", "--hidden-size", "24"),
    *("--n-layers", "1", "--epochs", "1", "--n-validations", "2", "--prompt", "two hundred six"),
    *("--batch-size", "4", "--context-bytes", "32"),
]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "150"}


def compare(
    folder: Path, *arguments: str, text: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        check=False,
    )


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "experiments", "compare", "-o", str(folder), *SMALL, *arguments]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A comparison of three tokenizers with two seeds, and what it printed."""
    folder = tmp_path_factory.mktemp("comparison") / "small"
    done = compare(
        folder,
        *("-t", "word:min_count=150", "-t", "character", "-t", "bpe:300"),
        "--seed",
        "0",
        "--seed",
        "1",
    )
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="module")
def results(finished) -> dict:
    return json.loads((finished[0] / "results.json").read_text())


def test_every_tokenizer_is_run_with_every_seed(results: dict):
    runs = [(run["tokenizer"], run["seed"]) for run in results["runs"]]
    assert sorted(runs) == [
        *(("bpe:300", 0), ("bpe:300", 1), ("character", 0), ("character", 1)),
        *(("word:min_count=150", 0), ("word:min_count=150", 1)),
    ]


def test_all_are_scored_on_the_same_bytes_and_documents(results: dict):
    sizes = {(r["test"]["n_bytes"], r["test"]["n_documents"]) for r in results["runs"]}
    assert len(sizes) == 1


def test_bits_per_byte_are_the_bits_of_tokens_and_spelling_over_the_bytes(results: dict):
    for run in results["runs"]:
        test = run["test"]
        bits = test["n_tokens"] * test["loss_nats"] / math.log(2) + test["spelling_bits"]
        assert test["bits_per_byte"] == pytest.approx(bits / test["n_bytes"], rel=1e-9)


def test_only_what_is_hidden_is_charged(results: dict):
    n_any = {}
    for run in results["runs"]:
        test = run["test"]
        n_any[run["tokenizer"]] = test["n_any"]
        charged = test["bits_per_byte"] > test["bits_per_byte_uncharged"]
        assert charged == (test["n_any"] > 0)
    assert n_any["bpe:300"] == 0
    assert n_any["word:min_count=150"] > 600


def test_tokenizers_are_trained_on_the_train_split_alone(finished):
    tokenizer = load_tokenizer(finished[0] / "tokenizers" / "bpe-300.json")
    assert tokenizer.training["corpus"]["split"] == "train"


def test_the_table_and_the_report_are_named(finished):
    folder, done = finished
    assert "BPE 300" in done.stdout
    assert "bits/byte" in done.stdout
    assert f"report: {folder / 'report.html'}" in done.stdout


def test_the_report_holds_all_and_fetches_nothing(finished, results: dict):
    page = (finished[0] / "report.html").read_text()
    for row in rows(results):
        assert row.title in page
        assert row.bits_per_byte.format(".3f") in page
        assert row.perplexity.format(",.1f") in page
    assert "two hundred six" in page
    assert "<svg" in page
    fetched = re.findall(r'(?:src|href)\s*=\s*"(?!#)([^"]*)"|url\((?!#)([^)]*)\)|@import', page)
    assert fetched == []


def test_the_report_sets_the_texts_of_each_tokenizer_beside_held_out_text(finished, results: dict):
    table = quality_rows(results)
    assert [row["texts of"] for row in table[:-1]] == list(
        dict.fromkeys(run["title"] for run in results["runs"])
    )
    assert table[-1]["texts of"] == HELD_OUT
    page = (finished[0] / "report.html").read_text()
    for row in table:
        assert all(f"<td>{cell}</td>" in page for cell in row.values())
    shares = [run["quality"]["made"]["known_words"] for run in results["runs"]]
    words = [run["tokenizer"].startswith("word") for run in results["runs"]]
    assert {share for share, word in zip(shares, words, strict=True) if word} == {1.0}


def test_the_texts_of_each_run_are_priced_under_the_models_of_the_others(finished, results: dict):
    titles = [run["title"] for run in results["runs"] if run["seed"] == 0]
    cross = {(pair["texts_of"], pair["under"]): pair for pair in results["cross"]}
    assert set(cross) == set(itertools.product([*titles, HELD_OUT], titles))
    for of in results["runs"]:
        bits = lstm_lm.load(finished[0] / "runs" / "bpe-300" / f"seed-{of['seed']}").evaluate(
            of["quality"]["texts"]
        )
        pair = cross[of["title"], "BPE 300"]
        assert pair["by_seed"][of["seed"]] == bits.bits_per_byte
        assert pair["bits_per_byte"] == pytest.approx(sum(pair["by_seed"]) / 2)
    page = (finished[0] / "report.html").read_text()
    for row in cross_rows(results):
        assert all(f"<td>{cell}</td>" in page for cell in row.values())


def test_what_was_priced_is_not_priced_again_and_other_weights_are(finished, tmp_path, results):
    folder = tmp_path / "copy"
    shutil.copytree(finished[0] / "runs" / "character" / "seed-0", folder)
    [run] = [run for run in results["runs"] if (run["title"], run["seed"]) == ("character", 0)]
    kept, people = tmp_path / "cross.json", ["one", "two hundred"]

    def score():
        return cross_scores([run], lambda run: folder, held_out=people, kept=kept)

    before = score()
    kept.write_text(json.dumps(dict.fromkeys(json.loads(kept.read_text()), 7.5)))
    assert [pair["bits_per_byte"] for pair in score()] == [7.5, 7.5]
    other = finished[0] / "runs" / "character" / "seed-1" / "model.safetensors"
    shutil.copy(other, folder / "model.safetensors")
    after = [pair["bits_per_byte"] for pair in score()]
    assert not {7.5, *(pair["bits_per_byte"] for pair in before)}.intersection(after)
    assert len(after) == len(json.loads(kept.read_text())) == 2


def test_a_finished_comparison_trains_nothing_anew(finished):
    folder, _ = finished
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("model.safetensors")}
    arguments = ("-t", "word:min_count=150", "-t", "character", "-t", "bpe:300")
    again = compare(folder, *arguments, "--seed", "0", "--seed", "1")
    assert again.returncode == 0, again.stderr
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("model.safetensors")} == before


def test_a_folder_with_another_comparison_is_refused(finished):
    done = compare(finished[0], "-t", "bpe:300", "--learning-rate", "0.5")
    assert done.returncode == 1
    assert "holds a comparison whose training.learning_rate is 0.002, got 0.5" in done.stderr


def test_a_folder_with_something_else_is_refused(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("precious")
    done = compare(tmp_path, "-t", "byte")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is not empty and holds no comparison" in done.stderr


def test_a_tokenizer_that_fails_leaves_the_others_whole(tmp_path: Path):
    done = compare(tmp_path / "c", "-t", "bpe:20", "-t", "byte", "--seed", "0")
    assert done.returncode == 1
    results = json.loads((tmp_path / "c" / "results.json").read_text())
    assert "vocab_size must be >= 258" in results["runs"][0]["error"]
    assert results["runs"][1]["test"]["bits_per_byte"] > 0
    assert "vocab_size must be" in (tmp_path / "c" / "report.html").read_text()


def test_an_interrupted_comparison_goes_on_to_the_same_result(tmp_path: Path, results: dict):
    folder = tmp_path / "interrupted"
    arguments = ("-t", "character", "-t", "bpe:300", "--seed", "0")
    process = subprocess.Popen(
        command(folder, *arguments), env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    metrics = folder / "runs" / "character" / "seed-0" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text().count("\n") > 3):
        assert time.monotonic() < deadline, "training never began"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in said
    assert not (folder / "runs" / "bpe-300" / "seed-0" / "result.json").exists()
    done = compare(folder, *arguments)
    assert done.returncode == 0, done.stderr
    resumed = json.loads((folder / "results.json").read_text())
    bits = {run["tokenizer"]: run["test"]["bits_per_byte"] for run in resumed["runs"]}
    expected = {
        r["tokenizer"]: r["test"]["bits_per_byte"] for r in results["runs"] if not r["seed"]
    }
    assert bits == {name: expected[name] for name in bits}


def test_the_train_split_is_encoded_once_for_each_run(tmp_path, monkeypatch):
    from experiments.comparison.plan import Plan, TokenizerSpec
    from experiments.comparison.running import Comparison
    from lstm_lm import ModelConfig, TrainingConfig
    from lstm_lm.data import encoded as module
    from lstm_lm.data import splits

    encoded = []
    encode_split = splits.encode_split

    def counted(*arguments, name="text", **options):
        encoded.append(name)
        return encode_split(*arguments, name=name, **options)

    for place in (module, splits):
        monkeypatch.setattr(place, "encode_split", counted)
    plan = Plan(
        corpus={"source": "human-numbers", "limit": 300},
        tokenizers=(TokenizerSpec("word"),),
        model=ModelConfig(embedding_size=4, hidden_size=4, n_layers=1),
        training=TrainingConfig(epochs=0.2, n_validations=1),
        seeds=(0, 1),
    )
    Comparison(tmp_path / "folder", plan).run()
    assert encoded.count("the train split") == 2
