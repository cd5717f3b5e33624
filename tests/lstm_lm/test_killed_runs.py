"""A run killed at any moment, and resumed, ends bit by bit where one never stopped does."""

import json
import os
import random
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from lstm_lm import TrainingConfig
from lstm_lm.numpy_lm.config import NumpyTrainingConfig
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.fine_tuning import fine_tuning_of
from tests.lstm_lm.killing import result, start

SMALL = {"batch_size": 8, "bptt": 8, "epochs": 2.5, "learning_rate": 0.03, "n_validations": 12}
KILLED = -9

CONFIGS = {
    "stream-adam-cosine": {"checkpoint_every": "3"},
    "stream-sgd-plateau": {
        **{"optimizer": "sgd", "momentum": 0.9, "schedule": "plateau", "learning_rate": 3.0},
        "checkpoint_every": "4",
    },
    "stream-sgd-step": {
        **{"optimizer": "sgd", "schedule": "step", "step_after": 1, "step_divisor": 1.5},
        **{"learning_rate": 3.0, "checkpoint_every": "4"},
    },
    "random-lengths-nt-asgd": {
        **{"random_bptt": True, "optimizer": "nt-asgd", "nonmonotone": 1, "learning_rate": 8.0},
        **{"schedule": "constant", "checkpoint_every": "2"},
    },
    "reach-back-adamw-one-cycle": {
        **{"detach_every": 3, "optimizer": "adamw", "weight_decay": 0.1},
        **{"schedule": "one-cycle", "checkpoint_every": "5"},
    },
    "reset-adagrad-clip-value": {
        **{"state": "reset", "optimizer": "adagrad", "clip_value": 0.01},
        "checkpoint_every": "3",
    },
    "window-rmsprop-plateau": {
        **{"batching": "window", "optimizer": "rmsprop", "momentum": 0.5, "schedule": "plateau"},
        **{"plateau_divisor": 2.0, "checkpoint_every": "7", "loss_epsilon": 1e-6},
    },
    "sentence-adam-weighted": {
        **{"batching": "sentence", "class_weights": "inverse", "norms": True},
        **{"sample_every": 7, "sample_if": "posterior>0.05", "checkpoint_every": "3"},
    },
    "sentence-nt-asgd-one-cycle": {
        **{"batching": "sentence", "optimizer": "nt-asgd", "nonmonotone": 1, "learning_rate": 8.0},
        **{"schedule": "one-cycle", "weight_decay": 0.001},
    },
    "ema": {"ema": 0.9, "checkpoint_every": "3"},
    "average-last-window": {"average_last": 0.6, "batching": "window", "checkpoint_every": "4"},
    "stopped-early": {  # nothing is learned after the first epoch
        **{"schedule": "step", "step_after": 1, "step_divisor": 1e30, "patience": 2},
        "checkpoint_every": "0.01s",
    },
}


SHOWS = {  # that the run did what its name says
    "stream-sgd-plateau": lambda lines, last: lines[-1]["learning_rate"] < 1,
    "stream-sgd-step": lambda lines, last: lines[-1]["learning_rate"] == pytest.approx(3 / 1.5**2),
    "random-lengths-nt-asgd": lambda lines, last: "average/0" in last,
    "reach-back-adamw-one-cycle": lambda lines, last: "earlier/1" in last,
    "window-rmsprop-plateau": lambda lines, last: lines[-1]["learning_rate"] < 0.03,
    "sentence-adam-weighted": lambda lines, last: any("sample" in line for line in lines),
    "sentence-nt-asgd-one-cycle": lambda lines, last: "average/0" in last,
    "ema": lambda lines, last: "average/0" in last,
    "average-last-window": lambda lines, last: "average/0" in last,
    "stopped-early": lambda lines, last: lines[-1]["stopped_early"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, texts, word):
    path = tmp_path_factory.mktemp("text")
    (path / "texts.json").write_text(json.dumps(texts))
    word.save(path / "tokenizer.json")
    return path


QUICK = ("stream-adam-cosine", "random-lengths-nt-asgd", "sentence-adam-weighted", "stopped-early")


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CONFIGS]
)
def test_killed_three_times_at_random_updates_and_resumed(tmp_path, folder, name):
    config = TrainingConfig(**{**SMALL, **CONFIGS[name]})
    assert start(tmp_path / "whole", folder, config) == 0
    lines, position, tensors = result(tmp_path / "whole")
    assert SHOWS.get(name, lambda lines, last: True)(lines, tensors["last"])
    n_steps = position["step"]
    random.seed(name)
    for i in range(3):
        kill = ("update", random.randint(1, n_steps // 3))
        assert start(tmp_path / "killed", folder, config, resume=i > 0, kill=kill) == KILLED
    assert start(tmp_path / "killed", folder, config, resume=True) == 0
    assert result(tmp_path / "killed") == result(tmp_path / "whole")


def test_a_fine_tuning_killed_at_random_updates_and_resumed(tmp_path, folder):
    first = TrainingConfig(**{**SMALL, "optimizer": "sgd", "learning_rate": 8.0})
    assert start(tmp_path / "first", folder, first) == 0
    config = fine_tuning_of(replace(first, checkpoint_every="4", nonmonotone=2))
    begin = {"fine_tune": tmp_path / "first"}
    assert start(tmp_path / "whole", folder, config, **begin) == 0
    n_steps = result(tmp_path / "whole")[1]["step"]
    random.seed(1)
    for i, n in enumerate((2, *(random.randint(1, n_steps // 3) for _ in range(2)))):
        kill = ("update", n)  # 2: before any checkpoint
        code = start(tmp_path / "killed", folder, config, resume=i > 0, kill=kill, **begin)
        assert code == KILLED
        begin = {}  # it is recorded
    assert start(tmp_path / "killed", folder, config, resume=True) == 0
    assert result(tmp_path / "killed") == result(tmp_path / "whole")
    assert "average/0" in result(tmp_path / "whole")[2]["last"]


def test_a_run_in_numpy_killed_at_random_updates_and_resumed(tmp_path, folder):
    config = NumpyTrainingConfig(**SMALL, optimizer="adagrad", sample_every=7)
    assert start(tmp_path / "whole", folder, config) == 0
    n_steps = result(tmp_path / "whole")[1]["step"]
    random.seed(0)
    kills = [3, *(random.randint(1, n_steps // 3) for _ in range(2))]  # 3: before any checkpoint
    for i, n in enumerate(kills):
        code = start(tmp_path / "killed", folder, config, resume=i > 0, kill=("update", n))
        assert code == KILLED
    assert start(tmp_path / "killed", folder, config, resume=True) == 0
    assert result(tmp_path / "killed") == result(tmp_path / "whole")


def test_killed_while_the_directory_was_made_ready_and_resumed(tmp_path, folder):
    config = TrainingConfig(**{**SMALL, "epochs": 0.2, "n_validations": 1})
    assert start(tmp_path / "whole", folder, config) == 0
    assert start(tmp_path / "killed", folder, config, kill=("write", 2)) == KILLED
    assert not (tmp_path / "killed" / "spelling.json").exists()
    assert start(tmp_path / "killed", folder, config, resume=True) == 0
    assert result(tmp_path / "killed") == result(tmp_path / "whole")


CHECKPOINTS = {"torch": {"checkpoint_every": "2"}, "numpy": {}}


@pytest.mark.parametrize(
    ("what", "backend"),
    [("write", "torch"), ("renamed", "torch"), ("line", "torch"), ("write", "numpy")],
)
def test_killed_again_and_again_at_every_file_that_is_written(tmp_path, folder, what, backend):
    kind = {"torch": TrainingConfig, "numpy": NumpyTrainingConfig}[backend]
    settings = {**SMALL, "epochs": 0.6, "n_validations": 3, **CHECKPOINTS[backend]}
    config = kind(**settings)
    assert start(tmp_path / "whole", folder, config) == 0
    n_kills = 0
    nth = (
        3 if what == "line" else 4
    )  # so that each life gets a little further: the end writes three
    while True:
        code = start(tmp_path / "killed", folder, config, resume=n_kills > 0, kill=(what, nth))
        if code == 0:
            break
        assert code == KILLED
        n_kills += 1
        assert n_kills < 20
    assert n_kills > 1
    assert result(tmp_path / "killed") == result(tmp_path / "whole")
    assert not list((tmp_path / "killed").glob(".*"))


@pytest.mark.slow
def test_the_command_killed_from_outside_and_resumed_ends_as_if_it_had_not_been(tmp_path):
    small = "--embedding-size 12 --hidden-size 12 --batch-size 8 --bptt 16 --checkpoint-every 5"
    text = "-t word -c human-numbers --limit 4000 --epochs 1.5 --dropout 0.3"
    command = [sys.executable, "-m", "lstm_lm", "train", *text.split(), *small.split()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def begin(path, *options):
        return subprocess.Popen(
            [*command, "-o", path, *options], env=environment, stderr=subprocess.DEVNULL
        )

    assert begin(tmp_path / "whole").wait(120) == 0
    killed, size = RunDirectory(tmp_path / "killed"), 0
    for i in range(3):
        process = begin(killed.path, *(["--resume"] if i else []))
        while process.poll() is None and killed.metrics_size() <= size + 3000:
            time.sleep(0.005)
        process.kill()
        assert process.wait(60) == KILLED
        size = killed.metrics_size()
    assert begin(killed.path, "--resume").wait(120) == 0
    assert result(killed.path) == result(tmp_path / "whole")
