"""What the comparison of cells found: a table, a picture, a page. All from `results.json`."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from experiments.charts import COLOURS
from experiments.reproduce import page
from experiments.reproduce.cells import PEERS

Json = dict[str, Any]
CLOSE = 1e-4
"""Losses closer than this count as the same, in nats per token."""
COLUMNS = (
    *("cell", "parameters", "outputs, float32", "outputs, float64", "gradients, float64"),
    *("losses the same for", "last loss", "steps/s", "times torch's time"),
)


def rows(results: Json) -> list[dict[str, str]]:
    """Return the table: one row for each of torch's cells and each of ours, by column."""
    return [_row(entry, _peer(results, entry)) for entry in results["cells"]]


def _row(entry: Json, peer: Json | None) -> dict[str, str]:
    rates = entry["steps_per_second"]
    row = dict.fromkeys(COLUMNS, "")
    row["cell"] = title(entry)
    row["parameters"] = f"{entry['n_parameters']:,}"
    row["last loss"] = f"{last_loss(entry):.3f}"
    row["steps/s"] = f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"
    if peer is not None:
        for name in ("float32", "float64"):
            row[f"outputs, {name}"] = f"{entry[f'output_difference_{name}']:.0e}".replace(
                "0e+00", "0"
            )
        row["gradients, float64"] = f"{entry['gradient_difference_float64']:.0e}"
        n_steps = len(entry["losses_nats"])
        same = n_same(entry, peer)
        row["losses the same for"] = f"all {n_steps}" if same == n_steps else f"{same} of {n_steps}"
        slower = statistics.median(peer["steps_per_second"]) / statistics.median(rates)
        row["times torch's time"] = f"{slower:.2f}"
    return row


def title(entry: Json) -> str:
    """Return what people read of an entry."""
    return f"torch {entry['cell']}" if entry["implementation"] == "torch" else entry["cell"]


def last_loss(entry: Json) -> float:
    """Return the mean loss of the last tenth of the steps, in nats per token."""
    losses = entry["losses_nats"]
    return statistics.mean(losses[-max(1, len(losses) // 10) :])


def n_same(entry: Json, peer: Json) -> int:
    """Return for how many steps from the first the losses are the same to `CLOSE`."""
    pairs = zip(entry["losses_nats"], peer["losses_nats"], strict=True)
    differing = [i for i, (a, b) in enumerate(pairs) if not abs(a - b) <= CLOSE]
    return differing[0] if differing else len(entry["losses_nats"])


def _peer(results: Json, entry: Json) -> Json | None:
    """Return torch's entry for one of our cells, or None."""
    if entry["implementation"] == "torch" or entry["cell"] not in PEERS:
        return None
    wanted = ("torch", PEERS[entry["cell"]])
    return next(e for e in results["cells"] if (e["implementation"], e["cell"]) == wanted)


def markdown(results: Json) -> str:
    """Return the table as Markdown, as it stands in the documentation."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "--:|" * (len(COLUMNS) - 1)]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows(results)]
    return "\n".join(lines)


def print_table(results: Json) -> None:
    """Print the table to standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    table = Table(title="recurrent cells: ours, and how far they are from torch's")
    for name in COLUMNS:
        heading = name.replace(", ", "\n").replace("the same for", "\nthe same for")
        heading = heading.replace("times torch's", "times\ntorch's")
        table.add_column(heading, justify="left" if name == "cell" else "right", no_wrap=True)
    for row in rows(results):
        table.add_row(*(row | {"steps/s": row["steps/s"].split(" (")[0]}).values())
    console.print(table)


def write_page(results: Json, folder: Path) -> None:
    """Write `cells.png`, and `cells.html` which shows it."""
    page.write_page(
        folder,
        "cells",
        draw(results),
        results=results,
        columns=COLUMNS,
        rows=rows(results),
        close=CLOSE,
    )


def draw(results: Json) -> Figure:
    """Draw the losses of both, how far they are apart, all our cells, and speed."""
    figure = Figure(figsize=(12, 8.4), dpi=110, layout="constrained")
    (both, apart), (ours, speed) = figure.subplots(2, 2)
    own = [entry for entry in results["cells"] if entry["implementation"] == "own"]
    for number, entry in enumerate(own):
        colour, peer = COLOURS[number % len(COLOURS)], _peer(results, entry)
        ours.plot(_smooth(entry["losses_nats"]), color=colour, linewidth=1.5, label=title(entry))
        if peer is not None:
            losses, torch_s = entry["losses_nats"], peer["losses_nats"]
            if peer["cell"] == entry["cell"]:
                both.plot(torch_s, color=colour, linewidth=5, alpha=0.3)
                both.plot(losses, color=colour, linewidth=1.1, label=title(entry))
            gaps = np.abs(np.subtract(losses, torch_s)).clip(1e-8)
            apart.plot(gaps, color=colour, linewidth=1.2, label=title(entry))
    both.set_title("Loss: torch's (broad, pale) under ours (thin)", loc="left", fontsize=11)
    apart.set_title("How far ours is from torch's (no difference: 1e-8)", loc="left", fontsize=11)
    apart.axhline(CLOSE, color="#5b5b5b", linewidth=1, linestyle=":")
    apart.set_yscale("log")
    apart.set_ylim(3e-9, 3)
    ours.set_title("All of ours, averaged over 10 steps", loc="left", fontsize=11)
    for axes in (both, apart, ours):
        axes.set_xlabel("updates")
        axes.legend(frameon=False, fontsize=9, ncols=3 if axes is apart else 1)
    for axes in (both, ours):
        axes.set_ylabel("nats per character")
    _draw_speed(speed, results["cells"])
    for axes in (both, apart, ours, speed):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_speed(axes: Axes, entries: Sequence[Json]) -> None:
    """Draw median and range of every cell's speed as bars, the first on top."""
    for place, entry in enumerate(entries):
        rates = entry["steps_per_second"]
        median = statistics.median(rates)
        colour = "#999999" if entry["implementation"] == "torch" else COLOURS[0]
        spread = [[median - min(rates)], [max(rates) - median]]
        axes.barh(place, median, xerr=spread, color=colour, height=0.7, capsize=3)
    axes.set_yticks(range(len(entries)), [title(entry) for entry in entries])
    axes.invert_yaxis()
    axes.set_title("Updates per processor second: median, lowest, highest", loc="left", fontsize=11)


def _smooth(losses: Sequence[float], n: int = 10) -> list[float]:
    """Return the running mean over the last `n` values."""
    return [statistics.mean(losses[max(0, i - n + 1) : i + 1]) for i in range(len(losses))]
