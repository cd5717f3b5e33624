"""From the runs of a comparison to one row for each tokenizer, and the answer in a sentence."""

from __future__ import annotations

import statistics
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A mean over seeds, with the sample standard deviation where there are two or more."""

    mean: float
    spread: float | None
    n: int

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        """Summarise one value a seed."""
        spread = statistics.stdev(values) if len(values) > 1 else None
        return cls(statistics.fmean(values), spread, len(values))

    def format(self, spec: str) -> str:
        """Return "mean ± spread", or the mean alone.

        Example:
            >>> Figure.of([1.0, 2.0]).format(".2f"), Figure.of([1.0]).format(".1f")
            ('1.50 ± 0.71', '1.0')
        """
        text = format(self.mean, spec)
        return text if self.spread is None else f"{text} ± {self.spread:{spec.lstrip(',')}}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One tokenizer: what does not depend on the seed, and figures over seeds on the test text."""

    title: str
    n_vocab: int
    train_tokens: int
    bytes_per_token: float
    oov_rate: float
    n_parameters: int
    perplexity: Figure
    bits_per_byte: Figure
    bits_per_byte_uncharged: Figure
    bits_per_character: Figure
    tokens_per_second: Figure
    training_seconds: Figure
    caveat: str


def rows(results: Json) -> list[Row]:
    """Return a row for each tokenizer with a finished run, fewest bits per byte first."""
    finished: dict[str, list[Json]] = {}
    for run in results["runs"]:
        if "error" not in run:
            finished.setdefault(run["tokenizer"], []).append(run)
    made = [_row(runs) for runs in finished.values()]
    return sorted(made, key=lambda row: row.bits_per_byte.mean)


def _row(runs: list[Json]) -> Row:
    first, test = runs[0], runs[0]["test"]

    def over_seeds(name: str) -> Figure:
        return Figure.of([run["test"].get(name, run.get(name)) for run in runs])

    return Row(
        title=first["title"],
        n_vocab=first["n_vocab"],
        train_tokens=first["train"]["n_tokens"],
        bytes_per_token=test["n_bytes"] / test["n_tokens"],
        oov_rate=test["oov_rate"],
        n_parameters=first["n_parameters"],
        perplexity=over_seeds("perplexity"),
        bits_per_byte=over_seeds("bits_per_byte"),
        bits_per_byte_uncharged=over_seeds("bits_per_byte_uncharged"),
        bits_per_character=over_seeds("bits_per_character"),
        tokens_per_second=over_seeds("tokens_per_second"),
        training_seconds=over_seeds("training_seconds"),
        caveat=test["caveat"],
    )


def failures(results: Json) -> list[str]:
    """Return a line for each run that failed."""
    return [
        f"{run['title']}, seed {run['seed']}: {run['error']}"
        for run in results["runs"]
        if "error" in run
    ]


def headline(results: Json) -> str:
    """Return the answer in a sentence or two, no surer than the runs allow."""
    table = rows(results)
    if not table:
        return "No run has finished yet."
    best = table[0]
    answer = (
        f"On {results['name']}, {best.title} predicts the text best: "
        f"{best.bits_per_byte.format('.3f')} bits per byte"
    )
    if len(table) == 1:
        return answer + "."
    second = table[1]
    answer += f", ahead of {second.title} with {second.bits_per_byte.format('.3f')}"
    measured = _difference(results, best, second)
    return answer + (_by_spread(best, second) if measured is None else _by_interval(measured))


def _difference(results: Json, first: Row, second: Row) -> Json | None:
    """Return the difference of the two with its interval; None in results without logs."""
    for found in results.get("statistics", {}).get("differences", ()):
        if (found["first"], found["second"]) == (first.title, second.title):
            return found
    return None


def _by_interval(found: Json) -> str:
    """Return how sure a lead is by its interval over documents and seeds."""
    seeds = f" and {found['n_seeds']} seeds" if found["n_seeds"] > 1 else ", of one seed each"
    interval = (
        f". The difference of {found['difference']:.3f} has a {found['interval']:.0%} interval "
        f"from {found['low']:.3f} to {found['high']:.3f}, over {found['n_documents']:,} documents"
        f"{seeds}"
    )
    if found["low"] <= 0:
        return f"{interval}: take it as a draw."
    if found["n_seeds"] == 1:
        return f"{interval}: another seed may give another order."
    return f"{interval}."


def _by_spread(best: Row, second: Row) -> str:
    """Return how sure a lead is by the spread over seeds alone."""
    gap = second.bits_per_byte.mean - best.bits_per_byte.mean
    spreads = [row.bits_per_byte.spread for row in (best, second)]
    if None in spreads:
        return ". One seed each: a small difference may be chance."
    largest = max(spread for spread in spreads if spread is not None)
    if gap < 2 * largest:
        return ". The difference is within the spread of the seeds: take it as a draw."
    n_seeds = best.bits_per_byte.n
    return f". The gap of {gap:.3f} is more than twice the spread over {n_seeds} seeds."


def terms(results: Json) -> str:
    """Return what was held equal, and what was fitted to each tokenizer for it, in words.

    Empty for results of before budgets were written down.
    """
    if "budget" not in results:
        return ""
    runs = [run for run in results["runs"] if "error" not in run]
    first_runs = {run["title"]: run for run in reversed(runs)}
    said = [f"Held equal: {results['budget']['sentence']}."]
    for name in ("hidden_size", "embedding_size"):
        sizes = {title: run["sizes"][name] for title, run in first_runs.items() if "sizes" in run}
        if len(set(sizes.values())) > 1:
            said.append(_by_title(name.replace("_", " ").capitalize(), sizes, first_runs))
    rates = {title: run["learning_rate"] for title, run in first_runs.items() if run.get("trial")}
    if rates:
        said.append(_by_title("Learning rate that validation chose", rates, first_runs))
    return " ".join(said)


def _by_title(what: str, values: Json, order: Json) -> str:
    parts = [f"{values[title]:g} for {title}" for title in reversed([*order]) if title in values]
    return f"{what}: {', '.join(parts)}."


COLUMNS = (
    "tokenizer",
    "bits per byte",
    "uncharged",
    "perplexity per token",
    "vocabulary",
    "bytes per token",
    "OOV words",
    "training tokens",
    "parameters",
    "tokens/s",
    "seconds",
)
"""The columns of a comparison's table, wherever it is shown."""


def cells(row: Row) -> dict[str, str]:
    """Return what stands in each column, by its name."""
    texts = (
        row.title + (" *" if row.caveat else ""),
        row.bits_per_byte.format(".3f"),
        row.bits_per_byte_uncharged.format(".3f"),
        row.perplexity.format(",.1f"),
        f"{row.n_vocab:,}",
        f"{row.bytes_per_token:.2f}",
        f"{row.oov_rate:.1%}",
        f"{row.train_tokens:,}",
        f"{row.n_parameters:,}",
        f"{row.tokens_per_second.mean:,.0f}",
        f"{row.training_seconds.mean:,.0f}",
    )
    return dict(zip(COLUMNS, texts, strict=True))


def markdown(results: Json, *, without: Collection[str] = ()) -> str:
    """Return the table in Markdown, but for the columns named in `without`."""
    shown = [name for name in COLUMNS if name not in without]
    lines = [f"| {' | '.join(shown)} |", "|---" + "|--:" * (len(shown) - 1) + "|"]
    lines += [f"| {' | '.join(cells(row)[name] for name in shown)} |" for row in rows(results)]
    return "\n".join(lines)
