"""A preset beside the plain loop, equal in time: on a text of a few hundred lines."""

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from experiments.bench import plain_loop
from experiments.bench.minutes import minutes_table
from experiments.bench.plain_loop import PlainModel, PlainTraining, mean_nats
from lstm_lm.presets import preset

ROOT = Path(__file__).parent.parent.parent
COLOURS = ("red", "green", "blue", "black")


@pytest.fixture
def corpus(tmp_path):
    """Lines that say which word follows: a perplexity well below the number of words."""
    lines = [f"{COLOURS[i % 4]} {COLOURS[(i + 1) % 4]} {COLOURS[(i + 2) % 4]}" for i in range(400)]
    for name, part in (("train", lines[:300]), ("valid", lines[300:350]), ("test", lines[350:])):
        (tmp_path / f"{name}.txt").write_text("\n".join(part) + "\n")
    return tmp_path


def bench(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "experiments", "bench", "minutes", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_seed_and_the_plain_loop_are_trained_and_told(corpus, tmp_path):
    out = tmp_path / "out"
    done = bench("-c", str(corpus), "--minutes", "0.02", "--seeds", "3,4", "-o", str(out))
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "ptb-5-minutes.json").read_text())
    assert [(t["way"], t["seed"]) for t in result["trainings"]] == [
        ("ptb-5-minutes", 3),
        ("ptb-5-minutes", 4),
        ("plain loop", 0),
    ]
    assert result["minutes"] == 0.02
    assert all(t["tokens"] > 0 for t in result["trainings"])
    assert all(1 < t["test"] < 6 for t in result["trainings"][:2])
    assert done.stdout == minutes_table(result) + "\n"
    assert done.stderr.count("validation ") >= 8
    again = bench(
        "-c", str(corpus), "--minutes", "0.02", "--no-plain", "--seeds", "3,4", "-o", str(out)
    )
    assert again.returncode == 0, again.stderr
    assert (
        json.loads((out / "ptb-5-minutes.json").read_text())["trainings"] == result["trainings"][:2]
    )


@pytest.mark.parametrize("seeds", ["", "a", "1,", "-1"])
def test_seeds_that_are_no_numbers_are_refused(corpus, seeds):
    done = bench("-c", str(corpus), "--seeds", seeds)
    assert done.returncode != 0
    assert "--seeds must be numbers with commas between them" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["ptb-small", "shakespeare-numpy"])
def test_a_preset_without_minutes_is_refused(corpus, name):
    done = bench("-c", str(corpus), "--preset", name)
    assert done.returncode == 1
    assert f"preset {name} must be trained by torch for some minutes" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plain_loop_reads_what_follows_and_goes_back_to_its_best(monkeypatch):
    ticks = itertools.count()  # a millisecond each time one looks at it, however busy the machine
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) / 1000)
    monkeypatch.setattr(plain_loop, "time", clock)
    torch.manual_seed(0)
    model = PlainModel(5, 8, 1)
    training = PlainTraining(model, 1.0, 0.25)
    train_N, validation_N = torch.arange(400) % 5, torch.arange(50) % 5
    before = mean_nats(model, validation_N)
    n_read = training.train_for(1.0, train_N, validation_N, 4, 7)
    assert n_read > len(train_N)
    assert mean_nats(model, validation_N) < before / 2
    training.train_for(0.05, torch.zeros(400, dtype=torch.int64), validation_N, 4, 7)
    rates = [group["lr"] for group in training.optimizer.param_groups]
    assert rates[0] < 1.0


def test_the_plain_loop_s_loss_is_that_of_the_text_read_at_once():
    torch.manual_seed(1)
    model, ids_N = PlainModel(6, 4, 2, dropout=0.5), torch.randint(0, 6, (23,))
    model.eval()
    logits, _ = model(torch.roll(ids_N, 1)[:, None], None)
    expected = functional.cross_entropy(logits[:, 0], ids_N).item()
    for n_steps in (1, 5, 100):
        assert math.isclose(mean_nats(model, ids_N, n_steps), expected, rel_tol=1e-5)


@pytest.mark.parametrize("name", ["ptb-5-minutes", "ptb-1-hour", "ptb-gpu"])
def test_the_page_shows_the_stored_trainings(name):
    stored = json.loads((ROOT / f"experiments/results/{name}.json").read_text())
    assert stored["minutes"] == preset(name).training.minutes
    assert minutes_table(stored) in (ROOT / "docs/penn-treebank.md").read_text()
