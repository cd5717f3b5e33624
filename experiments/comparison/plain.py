"""A comparison without a browser: a report in Markdown, and every figure of every run in CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from experiments.comparison.summary import failures, headline, rows
from experiments.comparison.tables import markdown_table, tables_of

Json = dict[str, Any]


def markdown_report(results: Json, *, held_equal: str, command: str) -> str:
    """Return the answer, the tables and the command that runs it again, in Markdown."""
    parts = [f"# Tokenizers compared on {results['name']}", headline(results)]
    parts.append(f"Held equal: {held_equal}.")
    for heading, table in tables_of(results).items():
        parts += [f"## {heading}", markdown_table(table)]
    notes = [f"- \\* {row.title}: {row.caveat}." for row in rows(results) if row.caveat]
    notes += [f"- Failed: {line}" for line in failures(results)]
    if notes:
        parts += ["## What to know", "\n".join(notes)]
    parts += ["## To run it again", f"```sh\n{command}\n```"]
    return "\n\n".join(parts) + "\n"


def csv_of(results: Json) -> str:
    """Return a line for each run, failed ones too, with every figure unrounded.

    The columns are those that any run has: what identifies it, its own numbers, then those of its
    test text under `test.`, and so on.
    """
    lines = [dict(_flat(run)) for run in results["runs"]]
    names = list(dict.fromkeys(name for line in lines for name in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


_PARTS = ("train", "validation", "test", "intrinsic")


def _flat(run: Json) -> list[tuple[str, Any]]:
    """Return the single values of a run by name."""
    own = [(name, value) for name, value in run.items() if _is_single(value)]
    return own + [
        (f"{part}.{name}", value)
        for part in _PARTS
        for name, value in run.get(part, {}).items()
        if _is_single(value)
    ]


def _is_single(value: Any) -> bool:
    return isinstance(value, str | int | float)
