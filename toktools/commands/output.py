"""Rows of figures as a table, as JSON or as CSV, on standard output."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

Row = Mapping[str, Any]

form_option = click.option(
    *("--as", "form"),
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="What to write.",
)


def write_rows(
    rows: Sequence[Row], form: str, about: Mapping[str, Any], *, upright: bool = False
) -> None:
    """Write `rows`, all with the same names in the same order, to standard output.

    Args:    form: "table", "json" (an object: what is in `about`, and "rows") or "csv".
             upright: give the table a column for each row, for rows of many figures.
    """
    if form == "json":
        click.echo(json.dumps({**about, "rows": rows}, ensure_ascii=False, indent=2))
    elif form == "csv":
        click.echo(_csv(rows), nl=False)
    else:
        _print_table(rows, upright)


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _print_table(rows: Sequence[Row], upright: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = [list(rows[0]), *([_shown(value) for value in row.values()] for row in rows)]
    lines[0] = [name.replace("_", " ") for name in lines[0]]
    if upright:
        lines = [list(line) for line in zip(*lines, strict=True)]
    table = Table(box=box.SIMPLE_HEAD)
    for i, name in enumerate(lines[0]):
        justify = "left" if i == 0 or not _is_figure(lines[1][i]) else "right"
        table.add_column(Text(name), justify=justify, overflow="fold")
    for line in lines[1:]:
        table.add_row(*map(Text, line))
    console = Console()
    if not console.is_terminal:  # no edge to wrap at
        widths = (max(map(len, column)) + 3 for column in zip(*lines, strict=True))
        console = Console(width=sum(widths) + 1)
    console.print(table)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_figure(shown: str) -> bool:
    return shown.replace(",", "").replace(".", "").isdigit()
