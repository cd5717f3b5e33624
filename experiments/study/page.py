"""A study as tables in Markdown: study.md, which docs/study.md can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from experiments.comparison.tables import markdown_table
from experiments.study.titles import short_titles, shortened

Json = dict[str, Any]


def markdown(study: Json) -> str:
    """Return the tables of a study, the answers across texts first."""
    parts = ["## What holds on all texts", _table(_verdicts(study["claims"], "claim"))]
    heading = "## More of a measure goes with fewer bits"
    parts += [heading, _table(_verdicts(study["correlations"], "measure"))]
    if study["agreement"]:
        heading = "## How alike the orders of two texts are"
        parts += [heading, _table(_alike(study["agreement"]))]
    for budget in dict.fromkeys(one["budget"] for one in study["comparisons"]):
        of_budget = [one for one in study["comparisons"] if one["budget"] == budget]
        parts += [f"## Equal {budget}", *_budget_parts(of_budget)]
    failed = [f"- {_name(one)}: {line}" for one in study["comparisons"] for line in one["failures"]]
    if failed:
        parts += ["## Runs that failed", "\n".join(failed)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _budget_parts(comparisons: list[Json]) -> Iterator[str]:
    """Yield the tables of one budget, each over all of its texts."""
    yield "\n".join(map(_held_equal, comparisons))
    yield "### Bits per byte of the test text"
    yield _table(_bits(comparisons))
    yield "### How far behind the best of its text"
    yield _table(_behind(comparisons))
    for heading, kind, name in (
        ("Two at a time: by how many bits per byte the second needs more", "claims", "claim"),
        ("What spelling adds that `<ANY>` hides", "hidden", "title"),
        ("Spearman's correlation of a measure with bits per byte", "correlations", "measure"),
    ):
        yield f"### {heading}"
        yield _table(_intervals(comparisons, kind, name)) or "None."


def _held_equal(one: Json) -> str:
    """Return what was held equal on a text, and how sure its intervals can be."""
    seeds = {row["n_seeds"] for row in one["order"]}
    sure = "; one seed each: the intervals are over documents alone" if seeds == {1} else ""
    return f"- {one['text']}: {one['held_equal']}; {one['n_finished']} runs{sure}"


def _name(one: Json) -> str:
    return f"{one['text']}, equal {one['budget']}"


def _verdicts(found: Iterable[Json], name: str) -> list[Json]:
    """Return a row for each claim, with what it comes to under each budget."""
    by_claim: dict[str, Json] = {}
    for one in found:
        row = by_claim.setdefault(one[name], {name: shortened(one[name])})
        row[f"equal {one['budget']}"] = one["verdict"]
    return [*by_claim.values()]


def _alike(found: Iterable[Json]) -> list[Json]:
    """Return a row for each two texts, with Spearman's correlation under each budget."""
    by_texts: dict[str, Json] = {}
    for one in found:
        texts = f"{one['first']}, {one['second']}"
        row = by_texts.setdefault(texts, {"texts": texts})
        row[f"equal {one['budget']}"] = _interval(one["value"], one)
    return [*by_texts.values()]


def _bits(comparisons: list[Json]) -> list[Json]:
    return _by_text(
        comparisons,
        "order",
        "title",
        lambda row: (
            f"{row['bits_per_byte']:.3f}"
            + ("" if row["spread"] is None else f" ± {row['spread']:.3f}")
            + " *" * row["loses_text"]
        ),
        first="tokenizer",
    )


def _behind(comparisons: list[Json]) -> list[Json]:
    return _by_text(comparisons, "order", "title", _distance, first="tokenizer")


def _distance(row: Json) -> str:
    if row["difference"] is None:
        return "the best"
    return _interval(row["difference"], row)


def _intervals(comparisons: list[Json], kind: str, name: str) -> list[Json]:
    def cell(row: Json) -> str:
        return _interval(row["value"] if "value" in row else row["spearman"], row)

    first = "tokenizer" if name == "title" else name
    return _by_text(comparisons, kind, name, cell, first=first)


def _interval(value: float, row: Json) -> str:
    return f"{value:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def _by_text(
    comparisons: list[Json], kind: str, name: str, cell: Callable[[Json], str], *, first: str
) -> list[Json]:
    """Return a row for each name that occurs, a column for each text."""
    names = dict.fromkeys(row[name] for one in comparisons for row in one[kind])
    found = {(row[name], one["text"]): cell(row) for one in comparisons for row in one[kind]}
    texts = [one["text"] for one in comparisons]
    shown = short_titles([*names]) if first == "tokenizer" else map(shortened, names)
    return [
        {first: own} | {text: found.get((title, text), "") for text in texts}
        for title, own in zip(names, shown, strict=True)
    ]


def _table(rows: list[Json]) -> str:
    return markdown_table(rows) if rows else ""
