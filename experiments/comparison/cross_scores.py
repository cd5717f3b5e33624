"""What the texts of each run cost under the models of the others, in bits per byte.

A text that other models expect is ordinary; one that only its own model expects shows that model's
habits. Held-out text under the same models is the mark. Texts meet the models of their own seed.
What was priced once is kept, by digest, so that results can be gathered after every run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from experiments.comparison.quality import HELD_OUT, N_TEXTS
from experiments.comparison.summary import Figure
from lstm_lm.files import read_json, write_json
from lstm_lm.runs.backends import load
from lstm_lm.runs.directory import RunDirectory
from toktools.errors import ToktoolsError

Json = dict[str, Any]


def cross_scores(
    runs: Iterable[Json], folder_of: Callable[[Json], Path], *, held_out: Iterable[str], kept: Path
) -> list[Json]:
    """Return what the texts of each tokenizer, and held-out text, cost under each model.

    Args:    runs: those of `results.json`; the failed ones, and those whose texts could not be
             measured, are left out. folder_of: the run directory of one. held_out: documents.
             kept: a file for what was priced.
    Returns: a record for each pair: "texts_of" and "under", which are titles, "bits_per_byte", the
             mean over seeds, and "by_seed".
    """
    able = [run for run in runs if run.get("quality", {}).get("texts")]
    people = [text for text in islice(held_out, N_TEXTS) if text.split()] if able else []
    before = read_json(kept) if kept.exists() else {}
    prices: dict[str, float | None] = {}
    found: dict[tuple[str, str], list[float]] = {}
    for model in able:
        own_seed = [run for run in able if run["seed"] == model["seed"]]
        texts = {run["title"]: run["quality"]["texts"] for run in own_seed} | {HELD_OUT: people}
        for title, price in _under(folder_of(model), texts, before, prices).items():
            found.setdefault((title, model["title"]), []).append(price)
    if prices != before:
        write_json(kept, prices)
    return [
        {
            "texts_of": of,
            "under": under,
            "bits_per_byte": Figure.of(each).mean,
            "by_seed": each,
        }
        for (of, under), each in found.items()
    ]


def _under(
    folder: Path,
    texts: Mapping[str, list[str]],
    before: Mapping[str, float | None],
    prices: dict[str, float | None],
) -> dict[str, float]:
    """Return what texts cost under a model, by title; `prices` gets what it can keep of that."""
    model_digest = _digest_of_model(folder)
    keys = {title: _digest(model_digest, json.dumps(each)) for title, each in texts.items()}
    prices.update({key: before[key] for key in keys.values() if key in before})
    missing = {key: texts[title] for title, key in keys.items() if key not in prices}
    if missing:
        run = load(folder)
        for key, each in missing.items():
            try:
                prices[key] = run.evaluate(each, name="the texts made").bits_per_byte
            except ToktoolsError:  # as with damaged weights: the pair is left out
                prices[key] = None
    return {title: price for title, key in keys.items() if (price := prices[key]) is not None}


def _digest_of_model(folder: Path) -> str:
    """Return a digest of all that a run prices text by."""
    files = RunDirectory(folder)
    return _digest(
        *(
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (files.best, files.tokenizer, files.spelling)
        )
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def cross_rows(results: Json) -> list[dict[str, str]]:
    """Return a row for the texts of each tokenizer, with a column for each model.

    Held-out text stands at the end. Empty if nothing was priced.
    """
    cross = results.get("cross", [])
    figures = {
        (pair["texts_of"], pair["under"]): Figure.of(pair["by_seed"]).format(".3f")
        for pair in cross
    }
    models = list(dict.fromkeys(pair["under"] for pair in cross))
    titles = dict.fromkeys([*models, *(pair["texts_of"] for pair in cross)])
    return [
        {"texts of": of, **{f"under {model}": figures.get((of, model), "-") for model in models}}
        for of in sorted(titles, key=lambda title: title == HELD_OUT)
    ]
