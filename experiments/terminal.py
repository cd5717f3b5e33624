"""The table of a comparison, for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from experiments.summary import failures, headline, rows


def print_results(results: dict[str, Any]) -> None:
    """Print the table, the answer and what failed to standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    table = Table(title=f"{results['name']}: test text, fewest bits per byte first")
    table.add_column("tokenizer", no_wrap=True)
    for name in (
        "bits/byte",
        "bits/byte\nuncharged",
        "perplexity\nper token",
        "vocabulary",
        "bytes/token",
        "OOV",
        "parameters",
        "tokens/s",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows(results):
        table.add_row(
            row.title + (" *" if row.caveat else ""),
            row.bits_per_byte.format(".3f"),
            row.bits_per_byte_uncharged.format(".3f"),
            f"{row.perplexity.mean:,.1f}",
            f"{row.n_vocab:,}",
            f"{row.bytes_per_token:.2f}",
            f"{row.oov_rate:.1%}",
            f"{row.n_parameters:,}",
            f"{row.tokens_per_second.mean:,.0f}",
        )
    console.print(table)
    console.print(headline(results), highlight=False)
    for row in rows(results):
        if row.caveat:
            console.print(f"* {row.title}: {row.caveat}.", highlight=False)
    for line in failures(results):
        console.print(f"failed: {line}", highlight=False, style="red")
