"""What a study says, on results made by hand whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.comparison.inference import log_path
from experiments.comparison.token_log import TokenLog
from experiments.study.claims import claims_of, verdict
from experiments.study.findings import agreement, folder_of, study_of
from experiments.study.page import markdown
from lstm_lm.files import write_json
from tests.experiments.comparison.made_results import full_results

LIKELIHOOD = "wordpiece:4000,criterion=likelihood,min_frequency=5"
TOKENIZERS = ("word", "wordpiece:4000", LIKELIHOOD, "byte")
TITLE = "WordPiece 4,000, criterion=likelihood, min_frequency=5"
CLAIM = f"{TITLE} needs fewer bits than WordPiece 4,000"
N_DOCUMENTS, N_BYTES = 40, 10


def log_of(bits: float, *, spelled: float = 0.0, seed: int = 0) -> TokenLog:
    """A document of one token and ten bytes, forty times, each a little easier or harder."""
    noise = np.random.default_rng(seed).uniform(-0.01, 0.01, N_DOCUMENTS)
    return TokenLog(
        ids=np.zeros(N_DOCUMENTS, np.int32),
        nats=(bits + noise) * np.log(2),
        spelling_nats=np.full(N_DOCUMENTS, spelled * np.log(2)),
        document_starts=np.arange(N_DOCUMENTS + 1),
        document_bytes=np.full(N_DOCUMENTS, N_BYTES),
    )


def make(study: Path, text: str, budget: str, bits: dict[str, float]) -> None:
    """Put down a comparison in which a document costs so many bits."""
    folder, results = folder_of(study, text, budget), full_results(TOKENIZERS)
    for number, run in enumerate(results["runs"]):
        path = log_path(folder, run)
        path.parent.mkdir(parents=True)
        spelled = 5.0 if run["tokenizer"] == "word" else 0.0
        log_of(bits[run["tokenizer"]], spelled=spelled, seed=number).save(path)
    write_json(folder / "results.json", results)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> dict:
    """Likelihood is worse on ptb, better on german; japanese is a draw, under one budget alone."""
    folder = tmp_path_factory.mktemp("study")
    same = {"word": 20.0, "wordpiece:4000": 18.0, "byte": 22.0}
    make(folder, "ptb", "bytes", {**same, LIKELIHOOD: 19.0})
    make(folder, "german", "bytes", {**same, LIKELIHOOD: 16.0})
    make(folder, "japanese", "flops", {**same, LIKELIHOOD: 18.0})
    return study_of(folder)


def one(study: dict, text: str) -> dict:
    return next(found for found in study["comparisons"] if found["text"] == text)


@pytest.mark.parametrize(("text", "value"), [("ptb", -0.1), ("german", 0.2), ("japanese", 0.0)])
def test_a_claim_is_answered_by_the_bits_of_the_documents(study: dict, text: str, value: float):
    (claim,) = (c for c in one(study, text)["claims"] if c["claim"] == CLAIM)
    assert claim["value"] == pytest.approx(value, abs=1e-3)
    assert claim["low"] <= claim["value"] <= claim["high"]
    assert claim["high"] - claim["low"] < 0.02
    assert claim["answer"] == {-0.1: "no", 0.2: "yes", 0.0: "open"}[value]


def test_what_holds_on_one_text_and_not_on_another_is_said(study: dict):
    found = {c["budget"]: c for c in study["claims"] if c["claim"] == CLAIM}
    assert found["bytes"]["verdict"] == "does not hold on all: yes on german; no on ptb"
    assert found["flops"]["verdict"] == "open on the one text"


def test_the_price_of_any_is_what_spelling_takes(study: dict):
    (hidden,) = one(study, "ptb")["hidden"]
    assert hidden["title"] == "word"
    assert [hidden[name] for name in ("value", "low", "high")] == pytest.approx([0.5] * 3)


def test_a_measure_goes_with_fewer_bits_where_its_whole_interval_is_negative(study: dict):
    found = {(c["measure"], c["budget"]): c["verdict"] for c in study["correlations"]}
    assert found["bytes per token", "bytes"] == "holds on all 2 texts"
    assert found["Renyi efficiency", "bytes"] == "open on all 2 texts"


def test_two_texts_are_alike_as_far_as_their_orders_go():
    def comparison(text: str, bits: list[float]) -> dict:
        order = [{"title": f"t{n}", "bits_per_byte": b} for n, b in enumerate(bits)]
        return {"text": text, "budget": "bytes", "order": order}

    made = [comparison("a", [1, 2, 3, 4, 5]), comparison("b", [2, 4, 6, 8, 10])]
    made += [comparison("c", [5, 4, 3, 2, 1]), {**made[0], "budget": "flops"}]
    found = {(one["first"], one["second"]): one for one in agreement(made)}
    assert {pair: one["value"] for pair, one in found.items()} == pytest.approx(
        {("a", "b"): 1, ("a", "c"): -1, ("b", "c"): -1}
    )
    assert found["a", "b"]["low"] > 0 > found["a", "c"]["high"]


def test_the_page_has_every_comparison_and_the_runs_that_failed(study: dict):
    page = markdown(study)
    assert "| claim | equal bytes | equal flops |" in page
    assert "| tokenizer | german | ptb |" in page
    assert "| tokenizer | japanese |" in page
    assert "- german, equal bytes: byte, seed 1: the disk is full" in page
    assert "| WordPiece 4,000 by likelihood needs fewer bits than WordPiece 4,000 | 0.20" in page


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["yes", "no", "open"])))
def test_a_claim_holds_on_all_only_if_every_answer_is_yes(sides: dict[str, str]):
    found = verdict(sides)
    assert found.startswith("holds on") == (bool(sides) and set(sides.values()) == {"yes"})
    for text in sides:
        assert len(set(sides.values())) == 1 or text in found.partition(": ")[2]


def test_sizes_are_compared_with_the_same_size_only():
    claims = claims_of(["bpe:1000", "bpe:4000", "wordpiece:4000", "sentencepiece:4000"])
    assert {(claim.first, claim.second) for claim in claims} == {
        ("sentencepiece:4000", "bpe:4000"),
        ("bpe:4000", "wordpiece:4000"),
        ("bpe:1000", "bpe:4000"),
    }
