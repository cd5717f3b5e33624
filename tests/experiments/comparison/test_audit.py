"""Every figure of a comparison comes out again from what is stored, and a wrong one is found."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.comparison.audit import audit
from experiments.comparison.inference import log_path
from experiments.comparison.plan import Plan, TokenizerSpec
from experiments.comparison.running import Comparison
from experiments.comparison.token_log import TokenLog
from lstm_lm.config import ModelConfig, TrainingConfig
from toktools.errors import ToktoolsError

WORDS = ("caveat", "way")  # what an evaluation says that is no figure


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Three tokenizers, two of them with `<ANY>`, and two seeds."""
    folder = tmp_path_factory.mktemp("audit") / "comparison"
    specs = ("word:min_count=150", "character", "bpe:300")
    plan = Plan(
        corpus={"source": "human-numbers", "limit": 300},
        tokenizers=tuple(map(TokenizerSpec, specs)),
        model=ModelConfig(embedding_size=6, hidden_size=8, n_layers=1),
        training=TrainingConfig(epochs=0.3, n_validations=1, batch_size=4),
        context_bytes=32,
        seeds=(0, 1),
        prompts=("two",),
    )
    Comparison(folder, plan).run()
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def read(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def test_every_figure_of_every_run_comes_out_again(finished: Path):
    found = audit(finished, rescore=True)
    assert (found.wrong, found.unchecked) == ([], [])
    checked = {check.figure for check in found.checks}
    for run in read(finished)["runs"]:
        expected = {f"test.{name}" for name in run["test"] if name not in WORDS}
        assert expected <= checked
    assert {"statistics.differences[0].low", "budget.sentence", "sizes.hidden_size"} <= checked
    assert "pays.word frequency[0].bits" in checked


def test_differences_are_to_the_best_and_hold_the_difference_of_the_means(finished: Path):
    results = read(finished)
    bits: dict[str, list[float]] = {}
    for run in results["runs"]:
        bits.setdefault(run["title"], []).append(run["test"]["bits_per_byte"])
    means = {title: sum(values) / len(values) for title, values in bits.items()}
    found = results["statistics"]["differences"]
    assert [d["second"] for d in found] == sorted(means, key=lambda title: means[title])[1:]
    for d in found:
        assert d["difference"] == pytest.approx(means[d["second"]] - means[d["first"]])
        assert d["low"] < d["difference"] < d["high"]


def test_the_curve_says_what_training_took(finished: Path):
    for run in read(finished)["runs"]:
        last = run["curve"][-1]
        assert last["flops"] == last["tokens_seen"] * run["flops_per_token"] > 0


@pytest.mark.parametrize(
    ("place", "figure"),
    [
        (("test", "bits_per_byte"), "test.bits_per_byte"),
        (("test", "perplexity_per_word"), "test.perplexity_per_word"),
        (("flops_per_token",), "flops_per_token"),
        (("pays", "character class", 0, "bits"), "pays.character class[0].bits"),
        (("intrinsic", "fertility"), "intrinsic.fertility"),
    ],
)
def test_a_figure_that_was_changed_is_found(copy: Path, place: tuple, figure: str):
    results = read(copy)
    value = results["runs"][0]
    for key in place[:-1]:
        value = value[key]
    value[place[-1]] *= 1.001
    (copy / "results.json").write_text(json.dumps(results))
    wrong = {(check.run, check.figure) for check in audit(copy).wrong}
    assert ("word, min_count=150, seed 0", figure) in wrong
    done = CliRunner().invoke(main, ["audit", str(copy)])
    assert done.exit_code == 1
    assert f"  {figure}: stored" in done.output


def test_prices_that_no_model_gave_are_found_when_it_scores_again(copy: Path):
    path = log_path(copy, read(copy)["runs"][0])
    with np.load(path) as file:
        arrays = dict(file)
    arrays["nats"][:2] += (0.5, -0.5)  # the sum, and so bits per byte, stays
    np.savez(path, **arrays)
    assert not {c.figure for c in audit(copy).wrong if c.figure.startswith("test.")}
    assert "test.npz.nats" in {c.figure for c in audit(copy, rescore=True).wrong}


def test_a_log_of_other_tokens_is_found(copy: Path):
    path = log_path(copy, read(copy)["runs"][2])
    log = TokenLog.load(path)
    log.ids[0] ^= 1
    log.save(path)
    with pytest.raises(ToktoolsError, match="not cut as in the log"):
        audit(copy)


def test_without_the_text_what_needs_none_is_checked_and_the_rest_is_said(copy: Path):
    results = read(copy)
    results["digests"]["test"] = "2:0"
    (copy / "results.json").write_text(json.dumps(results))
    found = audit(copy)
    assert found.unchecked == ["what needs the source text: it has changed since"]
    assert not found.wrong
    assert "test.bits_per_byte" in {check.figure for check in found.checks}
    assert "test.n_words" not in {check.figure for check in found.checks}


def test_a_run_without_a_log_is_said_to_be_unchecked(copy: Path):
    log_path(copy, read(copy)["runs"][1]).unlink()
    assert any("has no log" in line for line in audit(copy).unchecked)


def test_perplexity_per_word_is_that_of_all_bits_over_words_and_ends(finished: Path):
    for run in read(finished)["runs"]:
        test = run["test"]
        n = test["n_words"] + test["n_documents"]
        assert math.log2(test["perplexity_per_word"]) == pytest.approx(
            test["bits_per_byte"] * test["n_bytes"] / n
        )
