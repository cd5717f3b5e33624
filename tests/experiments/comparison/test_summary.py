"""The answer in a sentence is no surer than the runs allow."""

from __future__ import annotations

import copy
from typing import Any

from experiments.comparison.summary import Figure, headline, markdown, rows, terms


def run(title: str, seed: int, bits: float) -> dict:
    return {
        "tokenizer": title,
        "title": title,
        "seed": seed,
        "n_vocab": 10,
        "n_parameters": 100,
        "train": {"n_tokens": 1000},
        "tokens_per_second": 5.0,
        "training_seconds": 2.0,
        "test": {
            "n_bytes": 400,
            "n_tokens": 100,
            "oov_rate": 0.0,
            "perplexity": 8.0,
            "bits_per_byte": bits,
            "bits_per_byte_uncharged": bits,
            "bits_per_character": bits,
            "caveat": "",
        },
    }


def results(**bits: list[float]) -> dict:
    runs = [run(title, seed, b) for title, seeds in bits.items() for seed, b in enumerate(seeds)]
    return {"name": "a text", "runs": runs}


def test_a_figure_is_the_mean_and_the_sample_deviation():
    figure = Figure.of([1.0, 2.0, 3.0])
    assert (figure.mean, figure.spread, figure.n) == (2.0, 1.0, 3)


def test_rows_come_with_the_fewest_bits_first():
    assert [row.title for row in rows(results(a=[2.0], b=[1.0], c=[3.0]))] == ["b", "a", "c"]


def test_a_clear_lead_is_called_one():
    text = headline(results(a=[1.00, 1.01], b=[1.50, 1.51]))
    assert text.startswith("On a text, a predicts the text best: 1.005 ± 0.007 bits per byte")
    assert "The gap of 0.500 is more than twice the spread over 2 seeds" in text


def test_a_lead_within_the_spread_is_a_draw():
    assert "take it as a draw" in headline(results(a=[1.0, 1.2], b=[1.1, 1.3]))


def test_one_seed_claims_no_lead():
    assert "may be chance" in headline(results(a=[1.0], b=[1.5]))


def measured(low: float, bits: dict[str, list[float]], *, n_seeds: int = 2) -> dict:
    found: dict[str, Any] = {
        "first": "a",
        "second": "b",
        "difference": 0.1,
        "low": low,
        "high": 0.3,
    }
    found |= {"n_documents": 1200, "n_seeds": n_seeds, "interval": 0.95}
    return results(**bits) | {"statistics": {"differences": [found], "correlations": []}}


def test_a_measured_difference_decides_instead_of_the_spread():
    bits = {"a": [1.0, 1.4], "b": [1.1, 1.5]}
    assert headline(measured(0.02, bits)).endswith(
        "The difference of 0.100 has a 95% interval from 0.020 to 0.300, over 1,200 documents and "
        "2 seeds."
    )
    assert headline(measured(-0.02, bits)).endswith("2 seeds: take it as a draw.")


def test_an_interval_over_one_seed_says_so():
    text = headline(measured(0.02, {"a": [1.0], "b": [1.1]}, n_seeds=1))
    assert text.endswith("documents, of one seed each: another seed may give another order.")


def test_what_was_fitted_to_each_tokenizer_is_said():
    found: dict[str, Any] = results(a=[1.0, 1.1], b=[1.2, 1.3]) | {
        "budget": {"sentence": "9 updates"}
    }
    assert terms(found) == "Held equal: 9 updates."
    for run in found["runs"]:
        size = 20 if run["title"] == "a" else 30
        run |= {"sizes": {"hidden_size": size, "embedding_size": 5}, "learning_rate": size / 1000}
    assert terms(found) == "Held equal: 9 updates. Hidden size: 20 for a, 30 for b."
    for run in found["runs"]:
        run["trial"] = [{}]
    assert terms(found).endswith("Learning rate that validation chose: 0.02 for a, 0.03 for b.")
    assert terms(results(a=[1.0])) == ""


def test_failed_runs_do_not_count():
    some = results(a=[1.0], b=[1.5])
    failed = copy.deepcopy(some)
    failed["runs"].append({"tokenizer": "c", "title": "c", "seed": 0, "error": "no"})
    assert headline(failed) == headline(some)


def test_no_finished_run_is_said():
    assert headline({"name": "a text", "runs": []}) == "No run has finished yet."


def test_the_markdown_table_has_a_line_for_each_tokenizer():
    lines = markdown(results(a=[1.0, 2.0], b=[1.1])).splitlines()
    assert lines[2].startswith(
        "| b | 1.100 | 1.100 | 8.0 | 10 | 4.00 | 0.0% | 1,000 | 100 | 5 | 2 |"
    )
    assert lines[3].startswith("| a | 1.500 ± 0.707 |")
