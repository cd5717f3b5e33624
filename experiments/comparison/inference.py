"""How sure the results of a comparison are, from the logs of all its runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.comparison import token_log
from experiments.comparison.plan import TokenizerSpec
from experiments.comparison.statistics import (
    INTERVAL,
    correlation_interval,
    differences,
    kendall,
)
from experiments.comparison.token_log import TokenLog

Json = dict[str, Any]
MEASURES = {
    "vocabulary": "n_vocab",
    "bytes per token": "bytes_per_token",
    "fertility": "fertility",
    "Rényi efficiency": "renyi_efficiency",
    "Shannon efficiency": "shannon_efficiency",
    "entropy per token": "entropy_bits_per_token",
    "single-token retention": "single_token_retention",
}
"""What is set beside bits per byte, and where it stands in "intrinsic"."""
WITH = "bits per byte"


def log_path(folder: str | Path, run: Json) -> Path:
    """Return where the log of a run's tokens stands, in the folder of its comparison."""
    slug = TokenizerSpec(run["tokenizer"]).slug
    return Path(folder) / "runs" / slug / f"seed-{run['seed']}" / token_log.FILE


def statistics_of(folder: str | Path, runs: Iterable[Json]) -> Json:
    """Return "differences" and "correlations" of the finished runs, as `results.json` has them.

    Runs without a log, of older comparisons, have no part in the differences.
    """
    finished: dict[str, list[Json]] = {}
    for run in runs:
        if "error" not in run:
            finished.setdefault(run["title"], []).append(run)
    means = {title: _mean_bits(of_title) for title, of_title in finished.items()}
    order = sorted(finished, key=lambda title: means[title])
    return {
        "differences": _differences(Path(folder), {title: finished[title] for title in order}),
        "correlations": _correlations({title: finished[title][0] for title in order}, means),
    }


def _mean_bits(runs: list[Json]) -> float:
    return float(np.mean([run["test"]["bits_per_byte"] for run in runs]))


def _differences(folder: Path, finished: dict[str, list[Json]]) -> list[Json]:
    """Return the difference of each tokenizer to the best, which comes first in `finished`."""
    logs = {
        title: [TokenLog.load(log_path(folder, run)) for run in runs]
        for title, runs in finished.items()
        if all(log_path(folder, run).exists() for run in runs)
    }
    best, *_ = finished or [""]
    if best not in logs or len(logs) < 2:
        return []
    bits = {title: np.array([log.document_bits() for log in of]) for title, of in logs.items()}
    (_, first_SD), *others = bits.items()
    bytes_D = logs[best][0].document_bytes
    found = differences(first_SD, [rows_SD for _, rows_SD in others], bytes_D)
    return [
        {
            "first": best,
            "second": title,
            "difference": interval.value,
            "low": interval.low,
            "high": interval.high,
            "n_documents": len(bytes_D),
            "n_seeds": min(len(first_SD), len(rows_SD)),
            "interval": INTERVAL,
        }
        for (title, rows_SD), interval in zip(others, found, strict=True)
    ]


def _correlations(first_runs: dict[str, Json], means: dict[str, float]) -> list[Json]:
    """Return how each measure without a model goes with bits per byte, over tokenizers.

    Tokenizers that lose text are left out, for their bits are too low.
    """
    measured = {
        title: run["intrinsic"]
        for title, run in first_runs.items()
        if run.get("intrinsic") and not run["test"]["caveat"]
    }
    if len(measured) < 3:
        return []
    bits = [means[title] for title in measured]
    found: list[Json] = []
    for measure, name in MEASURES.items():
        values = [float(scores[name]) for scores in measured.values()]
        if len(set(values)) == 1 or len(set(bits)) == 1:
            continue
        interval = correlation_interval(values, bits)
        found.append(
            {
                "measure": measure,
                "with": WITH,
                "spearman": interval.value,
                "kendall": kendall(values, bits),
                "n": len(values),
                "low": interval.low,
                "high": interval.high,
            }
        )
    return found
