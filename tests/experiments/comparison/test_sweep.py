"""Learning rates tried on validation, the same ones and as long for every tokenizer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.comparison.plan import Plan, TokenizerSpec
from experiments.comparison.running import Comparison
from experiments.comparison.sweep import Sweep, best_rate
from experiments.comparison.tables import learning_rate_rows
from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.files import read_json
from toktools import ToktoolsError

RATES = (1e-4, 0.02, 0.003)
PLAN = Plan(
    corpus={"source": "human-numbers", "limit": 200},
    tokenizers=tuple(map(TokenizerSpec, ("character", "bpe:290"))),
    model=ModelConfig(embedding_size=6, hidden_size=8, n_layers=1),
    training=TrainingConfig(epochs=1, n_validations=1, batch_size=4),
    context_bytes=48,
    seeds=(0, 1),
    sweep=Sweep(learning_rates=RATES, share=0.5),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("sweep") / "c"
    return folder, Comparison(folder, PLAN).run()


def test_every_tokenizer_gets_the_same_trials_and_every_seed_the_best_rate(finished):
    for run in finished[1]["runs"]:
        bits = {t["learning_rate"]: t["validation_bits_per_byte"] for t in run["trial"]}
        assert tuple(bits) == RATES
        assert run["learning_rate"] == min(bits, key=lambda rate: bits[rate]) != 1e-4


def test_trials_are_made_once_for_all_seeds_with_their_share_of_the_budget(finished):
    folder, _ = finished
    trials = sorted((folder / "trials").glob("*/*/config.json"))
    assert len(trials) == len(RATES) * 2
    for path in trials:
        training = json.loads(path.read_text())["training"]
        assert (training["epochs"], training["seed"]) == (0.5, 0)
    runs = (folder / "runs").glob("*/*/config.json")
    assert {json.loads(path.read_text())["training"]["epochs"] for path in runs} == {1}


def test_a_trial_gives_what_stands_in_its_run_directory(finished):
    folder, results = finished
    stored = {
        json.loads((path.parent / "evaluation.json").read_text())["validation"]["bits_per_byte"]
        for path in (folder / "trials").glob("*/*/trial.json")
    }
    tried = {t["validation_bits_per_byte"] for run in results["runs"] for t in run["trial"]}
    assert tried == stored


def test_trials_that_are_done_are_not_made_again(finished, monkeypatch: pytest.MonkeyPatch):
    from experiments.comparison import setting_up

    folder, results = finished

    def never(*arguments, **options):
        raise AssertionError("a trial was made again")

    monkeypatch.setattr(setting_up, "train", never)
    path = folder / "runs" / "character" / "seed-1" / "result.json"
    path.unlink()
    again = Comparison(folder, PLAN).run()
    runs = {(run["tokenizer"], run["seed"]): run for run in again["runs"]}
    old = next(r for r in results["runs"] if (r["tokenizer"], r["seed"]) == ("character", 1))
    assert runs["character", 1]["trial"] == old["trial"]
    assert runs["character", 1]["test"] == old["test"]


def test_a_rate_at_which_training_diverges_is_not_chosen(tmp_path: Path):
    plan = replace(
        PLAN,
        tokenizers=(TokenizerSpec("character"),),
        seeds=(0,),
        training=replace(PLAN.training, optimizer="sgd", clip_norm=1e30),
        sweep=Sweep(learning_rates=(1e38, 0.1)),
    )
    (run,) = Comparison(tmp_path / "c", plan).run()["runs"]
    assert run["trial"][0] == {"learning_rate": 1e38, "validation_bits_per_byte": None}
    assert run["learning_rate"] == 0.1
    (row,) = learning_rate_rows(read_json(tmp_path / "c" / "results.json"))
    assert (row["1e+38"], row["chosen"]) == ("diverged", "0.1")


def test_a_sweep_in_which_all_diverge_is_a_failure():
    with pytest.raises(ToktoolsError, match=r"diverged at every learning rate of \[9\]"):
        best_rate([{"learning_rate": 9, "validation_bits_per_byte": None}])


@pytest.mark.parametrize(
    "values",
    [
        {"learning_rates": (0.1,)},
        {"learning_rates": (0.1, 0.1)},
        {"learning_rates": (0.1, -0.1)},
        {"learning_rates": (0.1, 0.2), "share": 0.0},
        {"learning_rates": (0.1, 0.2), "share": 1.5},
    ],
)
def test_a_sweep_that_cannot_be_is_refused(values: dict):
    with pytest.raises(ToktoolsError, match=r"two or more different|must be > 0"):
        Sweep(**values)
