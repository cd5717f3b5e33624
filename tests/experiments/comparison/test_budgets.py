"""What is held equal is equal, in runs that are trained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.comparison.budgets import Budget, fit_parameters, passes_of_steps
from experiments.comparison.flops import size_of
from experiments.comparison.plan import Plan, TokenizerSpec
from experiments.comparison.running import Comparison
from lstm_lm import encode_split
from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import make_batches
from toktools import ToktoolsError, open_corpus, train_character

SMALL = Plan(
    corpus={"source": "human-numbers", "limit": 200},
    tokenizers=tuple(map(TokenizerSpec, ("word:min_count=30", "character", "bpe:290"))),
    model=ModelConfig(embedding_size=6, hidden_size=8, n_layers=1),
    training=TrainingConfig(epochs=0.5, n_validations=1, batch_size=4),
    context_bytes=48,
    seeds=(0,),
)


def runs_with(folder: Path, **budget) -> list[dict]:
    results = Comparison(folder, replace(SMALL, budget=Budget(**budget))).run()
    assert not [run["error"] for run in results["runs"] if "error" in run]
    assert results["budget"]["equal"] == budget["equal"]
    page = (folder / "report.html").read_text()
    assert page.count(f"Held equal: {results['budget']['sentence']}") >= 2
    return results["runs"]


def test_equal_steps_are_as_many_updates(tmp_path: Path):
    runs = runs_with(tmp_path / "c", equal="steps", amount=23)
    assert [run["n_steps"] for run in runs] == [23] * 3


def test_equal_operations_are_within_one_update(tmp_path: Path):
    amount = 3e7
    for run in runs_with(tmp_path / "c", equal="flops", amount=amount):
        spent = run["curve"][-1]["flops"]
        assert amount <= spent < amount + 4 * run["bptt"] * run["flops_per_token"]


def test_equal_bytes_are_within_one_update(tmp_path: Path):
    for run in runs_with(tmp_path / "c", equal="bytes", amount=2500):
        assert 2500 <= run["curve"][-1]["bytes_seen"] < 2500 + 4 * 60


def test_equal_parameters_are_within_one_percent(tmp_path: Path):
    runs = runs_with(tmp_path / "c", equal="parameters", amount=45_000)
    assert all(abs(run["n_parameters"] - 45_000) <= 450 for run in runs)
    assert len({run["sizes"]["hidden_size"] for run in runs}) == 3
    config = json.loads((tmp_path / "c/runs/character/seed-0/config.json").read_text())
    assert config["model"]["hidden_size"] == runs[1]["sizes"]["hidden_size"]


def test_equal_seconds_are_reached_and_not_much_passed(tmp_path: Path):
    for run in runs_with(tmp_path / "c", equal="seconds", amount=0.3):
        assert 0.3 <= run["training_seconds"] < 3


@pytest.mark.parametrize("batching", ["stream", "window", "sentence"])
@pytest.mark.parametrize("n_steps", [1, 7, 100])
def test_steps_end_with_the_update_asked_for(batching: str, n_steps: int):
    """Over several passes, with chunks of unequal length."""
    documents = list(open_corpus("human-numbers", limit=40))
    split = encode_split(train_character(documents), documents)
    config = TrainingConfig(
        batching=batching, batch_size=3, bptt=11, random_bptt=batching == "stream"
    )
    batches = make_batches(split, config, eos_id=1)
    passes, seen, steps, epoch = passes_of_steps(batches, n_steps), 0, 0, 0
    while seen / batches.n_tokens < passes:
        for chunk in batches.epoch(epoch):
            seen, steps = seen + chunk.n_tokens, steps + 1
            if seen / batches.n_tokens >= passes:
                break
        epoch += 1
    assert steps == n_steps


@settings(max_examples=25, deadline=None)
@given(
    n_vocab=st.integers(20, 3000),
    wanted=st.integers(400_000, 3_000_000),
    adjust=st.sampled_from(["hidden_size", "embedding_size"]),
    model=st.sampled_from(
        [
            ModelConfig(embedding_size=40, hidden_size=50, n_layers=2),
            ModelConfig(embedding_size=40, hidden_size=40, tied=True),
            ModelConfig(embedding_size=40, hidden_size=60, last_size=40, tied=True),
            ModelConfig(embedding_size=40, hidden_size=50, cell="gru"),
        ]
    ),
)
def test_the_size_found_is_the_nearest_of_all(n_vocab, wanted, adjust, model):
    fitted = fit_parameters(model, n_vocab, wanted, adjust=adjust)
    off = abs(size_of(fitted, n_vocab).n_parameters - wanted)
    assert off <= 0.01 * wanted
    for step in (-1, 1):
        other = getattr(fitted, adjust) + step
        changed = {adjust: other}
        if fitted.tied and fitted.last_size is None:
            changed = {"hidden_size": other, "embedding_size": other}
        elif fitted.tied and adjust == "embedding_size":
            changed["last_size"] = other
        assert off <= abs(size_of(replace(fitted, **changed), n_vocab).n_parameters - wanted)


def test_parameters_that_no_size_gives_are_refused():
    with pytest.raises(ToktoolsError, match=r"no hidden_size gives 5,000 parameters within 1%"):
        fit_parameters(ModelConfig(embedding_size=10, n_layers=1), 1000, 5000)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"equal": "flops"}, "equal flops needs an amount"),
        ({"equal": "step", "amount": 1}, "did you mean 'steps'"),
        ({"equal": "steps", "amount": -1}, "amount must be > 0"),
        ({"adjust": "embedding_size"}, "adjust is for equal parameters"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(budget: dict, message: str):
    with pytest.raises(ToktoolsError, match=message):
        Budget(**budget)


def test_half_a_step_is_refused():
    documents = ["one", "two"]
    split = encode_split(train_character(documents), documents)
    batches = make_batches(split, TrainingConfig(), eos_id=1)
    with pytest.raises(ToktoolsError, match="whole number"):
        passes_of_steps(batches, 2.5)


def test_two_budgets_are_refused():
    with pytest.raises(ToktoolsError, match="two budgets"):
        replace(
            SMALL,
            training=TrainingConfig(minutes=1),
            budget=Budget(equal="steps", amount=5),
        )


def test_operations_that_are_not_counted_are_no_budget():
    with pytest.raises(ToktoolsError, match="sampled_words do not go together"):
        replace(
            SMALL,
            training=TrainingConfig(sampled_words=100),
            budget=Budget(equal="flops", amount=1e9),
        )


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        (Budget(), "10 passes over the training text"),
        (Budget(amount=2e6), "2,000,000 bytes of training text"),
        (Budget(equal="steps", amount=300), "300 updates"),
        (Budget(equal="flops", amount=2.5e12), "2.5e+12 floating-point operations of training"),
        (Budget(equal="seconds", amount=90), "90 seconds of training"),
        (
            Budget(equal="parameters", amount=5e5),
            "500,000 parameters (within 1%, by hidden size) and 10 passes over the training text",
        ),
    ],
)
def test_what_is_held_equal_is_said(budget: Budget, sentence: str):
    assert budget.sentence(TrainingConfig()) == sentence
