"""Two processes, started by torchrun on this machine, train as one does, and survive a death."""

import json
import random

import pytest
import torch

import lstm_lm.runs.finishing
from lstm_lm import TrainingConfig
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import encode_split
from lstm_lm.data.rows import own_rows
from lstm_lm.runs.directory import RunDirectory
from tests.lstm_lm.killing import TIMES, result
from tests.lstm_lm.together import go, launch

SIZES = {"embedding_size": 6, "hidden_size": 8, "n_layers": 2, "dropout": 0.3}
READING = {"batch_size": 6, "bptt": 7, "epochs": 2.0, "learning_rate": 0.02, "n_validations": 4}
PENALTIES = {"ar_alpha": 0.5, "tar_beta": 0.5}
LIKE_ONE = {
    "stream": (
        {**PENALTIES, "weight_dropout": 0.2, "embedding_dropout": 0.1},
        {"clip_norm": 0.1, "checkpoint_every": "5"},
    ),
    "stream-locked": (
        {"cell": "gru", "locked_dropout": True, "implementation": "own"},
        {"random_bptt": True, "detach_every": 3, "optimizer": "nt-asgd", "learning_rate": 3.0}
        | {"nonmonotone": 1, "schedule": "constant", "n_validations": 12},
    ),
    "window": ({**PENALTIES, "cell": "rnn"}, {"batching": "window", "clip_value": 0.01}),
    "sentence": (
        {**PENALTIES, "last_size": 5},
        {"batching": "sentence", "batch_size": 8, "bptt": 2, "class_weights": "inverse"}
        | {"norms": True, "sample_every": 9, "sample_if": "posterior>0.05"},
    ),
    "sampled-words": ({}, {"sampled_words": 6, "batching": "sentence", "batch_size": 8, "bptt": 3}),
    "stopped-early": (
        {},
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 12.0, "patience": 2, "bptt": 3}
        | {"schedule": "plateau", "plateau_divisor": 1.5, "n_validations": 12, "epochs": 3.0},
    ),
}
SHOWS = {  # that the run did what its name says
    "stream": lambda lines, last: lines[0]["gradient_norm"] > 0.1,
    "stream-locked": lambda lines, last: {"average", "earlier"} <= set("/".join(last).split("/")),
    "sentence": lambda lines, last: any("sample" in line for line in lines),
    "stopped-early": lambda lines, last: (
        lines[-1]["stopped_early"] and lines[-1]["learning_rate"] < 12
    ),
}
EXACT = {
    "model": {**SIZES, "weight_dropout": 0.2},
    "training": {**READING, "optimizer": "nt-asgd", "nonmonotone": 1, "learning_rate": 3.0}
    | {"checkpoint_every": "3", "n_validations": 8, "random_bptt": True},
    "dtype": "float32",
}


def like_one(name, where):
    model, training = LIKE_ONE[name]
    settings = {"model": {**SIZES, **model}, "training": {**READING, **training}}
    return {"name": f"{where}-{name}", "dtype": "float64", **settings}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, texts, word):
    path = tmp_path_factory.mktemp("together")
    few = {"train": texts["train"][:161], "validation": texts["validation"][:20]}
    (path / "texts.json").write_text(json.dumps(few))
    word.save(path / "tokenizer.json")
    return path


@pytest.fixture(scope="module")
def trained_by_two(folder):
    """All of LIKE_ONE, one run that the second process stops, one that both leave by SIGKILL."""
    n = random.Random(0).randint(10, 30)
    whole = {"name": "whole", **EXACT}
    stopped = {"name": "stopped", **EXACT, "stops": [[1, 0, n]]}
    killed = {"name": "killed", **EXACT, "deaths": [[0, 0, n], [1, 0, n]]}
    like = [like_one(name, "two") for name in LIKE_ONE]
    code, said = launch(folder, [*like, whole, stopped, killed])
    assert code == 1
    assert "(exitcode: -9)" in said, said
    return folder


@pytest.mark.parametrize("name", LIKE_ONE)
def test_two_processes_do_what_one_does_with_the_whole_batch(trained_by_two, name, monkeypatch):
    monkeypatch.setattr(lstm_lm.runs.finishing, "save_curves", lambda *args, **kwargs: None)
    go(trained_by_two, like_one(name, "one"))
    one, two = (RunDirectory(trained_by_two / f"{n}-{name}") for n in ("one", "two"))
    assert_close(*(figures(run) for run in (one, two)))
    (tensors, before), (others, after) = one.load_last(), two.load_last()
    assert_close(untimed(before), untimed(after))
    assert before["step"] > 20
    keys = [f"{group}/{key}" for group in tensors for key in tensors[group]]
    assert SHOWS.get(name, lambda lines, last: True)(one.read_metrics(), keys)
    assert tensors.keys() == others.keys()
    for group in tensors:
        for key, tensor in tensors[group].items():
            torch.testing.assert_close(others[group][key], tensor, rtol=0, atol=1e-10)
            assert tensor.dtype != torch.float32 or tensor.numel() == 1  # counts of steps


def figures(run):
    return [{k: v for k, v in line.items() if k not in TIMES} for line in run.read_metrics()]


def untimed(position):
    return {k: v for k, v in position.items() if "seconds" not in k and k != "metrics_size"}


def assert_close(one, two):
    """Compare nested figures to 1e-10, and all else exactly."""
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        one, two = list(one.values()), list(two.values())
    if isinstance(one, list):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            assert_close(a, b)
    else:
        assert two == (pytest.approx(one, rel=1e-9, abs=1e-10) if type(one) is float else one)


@pytest.mark.parametrize("batching", ["window", "sentence"])
def test_some_batches_of_these_trainings_have_no_row_for_one_process(folder, word, batching):
    texts = json.loads((folder / "texts.json").read_text())["train"]
    config = TrainingConfig(**{**READING, **LIKE_ONE[batching][1]})
    split = encode_split(word, texts, name="train")
    chunks = list(make_batches(split, config, eos_id=word.require_eos()).epoch(0))
    parts = [chunk.part(own_rows(chunk.x_TB.shape[1], 0, 2)) for chunk in chunks]
    assert any(chunk.x_TB.shape[1] == 1 for chunk in chunks)
    assert 0 < sum(part.n_tokens == 0 for part in parts) < len(parts)


@pytest.fixture(scope="module")
def taken_up(trained_by_two):
    """Both resumed, and another run that loses a process and is started anew by torchrun."""
    n = random.Random(1).randint(10, 30)
    jobs = [
        {"name": "stopped", **EXACT, "resume": True},
        {"name": "killed", **EXACT, "resume": True},
        {"name": "recovered", **EXACT, "deaths": [[1, 0, n]]},
    ]
    code, said = launch(trained_by_two, jobs, restarts=1)
    assert code == 0, said
    assert "(exitcode: -9)" in said, said
    return trained_by_two


def test_a_process_that_is_asked_to_stop_stops_both_at_once(trained_by_two):
    position = RunDirectory(trained_by_two / "stopped").load_last()[1]
    assert 10 <= position["step"] <= 30
    assert not position["finished"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stopped", "killed", "recovered"])
def test_a_run_whose_processes_were_ended_ends_bit_by_bit_as_one_never_stopped(taken_up, name):
    assert result(taken_up / name) == result(taken_up / "whole")
    assert "average/0" in result(taken_up / name)[2]["last"]
