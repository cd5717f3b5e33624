"""What the texts of each run are worth, for the report of a comparison.

The texts begin from nothing, are drawn from the whole distribution, and are about equally long for
every tokenizer. They are measured beside held-out text: see docs/quality.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from experiments.comparison.summary import Figure
from lstm_lm.quality.report import COPIED, compare
from lstm_lm.runs.opened import OpenRun
from toktools.errors import ToktoolsError

Json = dict[str, Any]
N_TEXTS = 20
HELD_OUT = "held-out text"


def quality_of(
    run: OpenRun, *, training: Iterable[str], held_out: Iterable[str], n_tokens: int
) -> Json:
    """Return a run's texts, the measures of them ("made") and of held-out text ("held_out").

    Where they cannot be measured, as with fewer documents than texts, {"error": why}.
    """
    try:
        texts = list(run.generate([""] * N_TEXTS, strategy="sample", n_tokens=n_tokens, seed=0))
        made, people = compare(texts, training=training, held_out=held_out)
    except ToktoolsError as e:
        return {"error": str(e)}
    texts = [text for text in texts if text.split()]  # what was measured
    return {"made": made.as_dict(), "held_out": people.as_dict(), "texts": texts}


def quality_rows(results: Json) -> list[dict[str, str]]:
    """Return what stands in each column for each tokenizer, and for held-out text at the end.

    Empty if no run has been measured.
    """
    measured: dict[str, list[Json]] = {}
    people: list[Json] = []
    for run in results["runs"]:
        quality = run.get("quality", {})
        if "made" in quality:
            measured.setdefault(run["title"], []).append(quality["made"])
            people = [quality["held_out"]]
    if people:
        measured[HELD_OUT] = people
    return [_row(title, each) for title, each in measured.items()]


def _row(title: str, measured: list[Json]) -> dict[str, str]:
    """Return the cells of one row: means over seeds."""

    def over_seeds(values: Iterable[float], spec: str) -> str:
        return Figure.of(list(values)).format(spec)

    return {
        "texts of": title,
        "distinct-2": over_seeds((_by_number(m["distinct"], 2) for m in measured), ".3f"),
        "self-BLEU": over_seeds((m["self_bleu"] for m in measured), ".1f"),
        "BLEU, held-out": over_seeds((m["bleu"] for m in measured), ".1f"),
        f"copied {COPIED}-grams, %": over_seeds((100 * m["copy_rate"] for m in measured), ".1f"),
        "longest copy, words": over_seeds(
            (len(m["longest_copy"].split()) for m in measured), ".1f"
        ),
        "words that exist, %": over_seeds((100 * m["known_words"] for m in measured), ".1f"),
        "words a text": over_seeds((m["lengths"]["mean"] for m in measured), ".1f"),
        "words a text, 10 % and 90 %": " and ".join(
            over_seeds((m["lengths"][name] for m in measured), ".1f") for name in ("10 %", "90 %")
        ),
    }


def _by_number(values: Json, n: int) -> float:
    """Return a value by its number, which JSON has made a string of."""
    return {int(key): value for key, value in values.items()}[n]
