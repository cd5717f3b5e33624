"""The table of a comparison, for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from experiments.comparison.summary import COLUMNS, cells, failures, headline, rows, terms

_LEFT_OUT = ("training tokens", "seconds")  # a terminal is narrow; the report has them
_WITH_SPREAD = ("tokenizer", "bits per byte")


def print_results(results: dict[str, Any]) -> None:
    """Print the table, the answer and what failed to standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    table = Table(title=f"{results['name']}: test text, fewest bits per byte first")
    shown = [name for name in COLUMNS if name not in _LEFT_OUT]
    for name in shown:
        heading = name.replace(" per ", "/") if name.startswith("b") else name.replace(" ", "\n", 1)
        table.add_column(heading, justify="left" if name == "tokenizer" else "right", no_wrap=True)
    for row in rows(results):
        texts = cells(row)
        table.add_row(
            *(
                text if name in _WITH_SPREAD else text.split(" ±")[0]
                for name, text in texts.items()
                if name in shown
            )
        )
    console.print(table)
    console.print(headline(results), highlight=False)
    if terms(results):
        console.print(terms(results), highlight=False)
    for row in rows(results):
        if row.caveat:
            console.print(f"* {row.title}: {row.caveat}.", highlight=False)
    for line in failures(results):
        console.print(f"failed: {line}", highlight=False, style="red")
