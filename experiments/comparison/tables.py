"""The tables of a report, as rows of texts by column; HTML and Markdown are made of the same.

A table for which `results.json` holds nothing has no rows, and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

from experiments.comparison.analogies import analogy_rows
from experiments.comparison.cross_scores import cross_rows
from experiments.comparison.quality import quality_rows
from experiments.comparison.summary import Figure, cells, rows
from experiments.comparison.tokenizer_runs import tokenizer_runs

Json = dict[str, Any]
TextRow = dict[str, str]
MEASURES = {
    "bytes_per_token": "bytes per token",
    "fertility": "fertility",
    "continued_words": "continued words",
    "single_token_retention": "single-token retention",
    "entropy_bits_per_token": "bits of entropy per token",
    "shannon_efficiency": "Shannon efficiency",
    "renyi_efficiency": "Rényi efficiency",
    "vocabulary_use": "vocabulary in use",
}
"""The scores of `toktools.metrics` that the report shows; `results.csv` has them all."""


def figure_rows(results: Json) -> list[TextRow]:
    """Return the figures on the test text, fewest bits per byte first."""
    return [cells(row) for row in rows(results)]


def difference_rows(results: Json) -> list[TextRow]:
    """Return the paired differences from the best, with their intervals."""
    return [
        {
            "compared with " + each["first"]: each["second"],
            "bits per byte more": f"{each['difference']:+.4f}",
            f"{each['interval']:.0%} interval": f"{each['low']:+.4f} to {each['high']:+.4f}",
            "documents": f"{each['n_documents']:,}",
            "seeds": f"{each['n_seeds']}",
        }
        for each in results.get("statistics", {}).get("differences", [])
    ]


def correlation_rows(results: Json) -> list[TextRow]:
    """Return the rank correlations of measures without a model with what the models reached."""
    return [
        {
            "measure": each["measure"],
            "with": each["with"],
            "Spearman": _number(each.get("spearman"), "+.2f"),
            "interval": f"{_number(each['low'], '+.2f')} to {_number(each['high'], '+.2f')}"
            if each.get("low") is not None
            else "",
            "Kendall": _number(each.get("kendall"), "+.2f"),
            "tokenizers": f"{each['n']}",
        }
        for each in results.get("statistics", {}).get("correlations", [])
    ]


def intrinsic_rows(results: Json) -> list[TextRow]:
    """Return what each vocabulary is worth without a model, in the order of the plan."""
    each = [runs for runs in tokenizer_runs(results) if runs.runs[0].get("intrinsic")]
    scores = [runs.runs[0]["intrinsic"] for runs in each]
    names = [name for name in MEASURES if any(_number(of.get(name), "g") for of in scores)]
    return [
        {"tokenizer": runs.title}
        | {MEASURES[name]: _number(of.get(name), ",.4g") for name in names}
        for runs, of in zip(each, scores, strict=True)
    ]


def size_rows(results: Json) -> list[TextRow]:
    """Return the sizes of each tokenizer's network, where these were fitted to a budget."""
    each = [runs for runs in tokenizer_runs(results) if runs.runs[0].get("sizes")]
    if len({tuple(runs.runs[0]["sizes"].items()) for runs in each}) < 2:
        return []
    return [
        {"tokenizer": runs.title}
        | {
            name.replace("_", " "): _number(size, "g")
            for name, size in runs.runs[0]["sizes"].items()
        }
        | {"parameters": _number(runs.runs[0]["n_parameters"], "g")}
        for runs in each
    ]


def learning_rate_rows(results: Json) -> list[TextRow]:
    """Return the learning rates that were tried for each tokenizer: validation bits per byte."""
    made = []
    for runs in tokenizer_runs(results):
        tried: dict[float, list[float | None]] = {}
        for trial in chain(*runs.trials):
            bits = trial["validation_bits_per_byte"]
            tried.setdefault(trial["learning_rate"], []).append(bits)
        if tried:
            texts = {f"{rate:g}": _mean_bits(tried[rate]) for rate in sorted(tried)}
            chosen = _number(runs.runs[0].get("learning_rate"), "g")
            made.append({"tokenizer": runs.title} | texts | {"chosen": chosen})
    return made


def _mean_bits(bits: list[float | None]) -> str:
    """Return the mean over trials of one learning rate, or that training diverged at it."""
    finished = [value for value in bits if value is not None]
    return Figure.of(finished).format(".3f") if len(finished) == len(bits) else "diverged"


def _number(value: Any, spec: str) -> str:
    """Return a number as text, a whole one in full; nothing for none."""
    if isinstance(value, int):
        return f"{value:,}"
    known = isinstance(value, float) and not math.isnan(value)
    return format(value, spec) if known else ""


def tables_of(results: Json) -> dict[str, list[TextRow]]:
    """Return every table that has rows, under its heading."""
    made = {
        "Figures on the test text": figure_rows(results),
        "Sizes that make parameters equal": size_rows(results),
        "Paired differences": difference_rows(results),
        "Learning rates tried": learning_rate_rows(results),
        "Measures without a model": intrinsic_rows(results),
        "Rank correlations": correlation_rows(results),
        "What texts from nothing are like": quality_rows(results),
        "What these texts cost under the other models": cross_rows(results),
        "Analogies": analogy_rows(results),
    }
    return {heading: table for heading, table in made.items() if table}


def markdown_table(table: Sequence[TextRow]) -> str:
    """Return rows as a table in Markdown, the first column to the left.

    Example:
        >>> print(markdown_table([{"tokenizer": "a|b", "bits": "1.0"}]))
        | tokenizer | bits |
        |---|--:|
        | a\\|b | 1.0 |
    """
    names = list(dict.fromkeys(name for row in table for name in row))
    lines = [_line(names), "|---" + "|--:" * (len(names) - 1) + "|"]
    lines += [_line([row.get(name, "") for name in names]) for row in table]
    return "\n".join(lines)


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"
