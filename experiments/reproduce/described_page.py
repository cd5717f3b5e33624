"""What described trainings came to: table, picture, page. From `results.json`."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from experiments.charts import COLOURS
from experiments.reproduce import page
from experiments.reproduce.anbn_page import spread

Json = dict[str, Any]
COLUMNS = (
    *("training", "weights", "epochs", "training loss", "validation loss", "best epoch"),
    *("validation perplexity", "test perplexity", "test bits per byte", "published"),
)


def groups(runs: Sequence[Json]) -> dict[str, list[Json]]:
    """Return the runs that differ in their seed alone, by title."""
    found: dict[str, list[Json]] = {}
    for run in runs:
        found.setdefault(run["title"], []).append(run)
    return found


def rows(results: Json) -> list[dict[str, str]]:
    """Return the table: one row for each training, the median over its seeds."""
    return [_row(title, runs) for title, runs in groups(results["runs"]).items()]


def _row(title: str, runs: list[Json]) -> dict[str, str]:
    def of(part: str, name: str, form: str) -> str:
        return spread([run[part][name] for run in runs], form)

    return {
        "training": title,
        "weights": f"{runs[0]['n_parameters']:,}",
        "epochs": f"{runs[0]['curve'][-1]['epoch']:g}",
        "training loss": spread([run["curve"][-1]["train_loss_nats"] for run in runs], ".3f"),
        "validation loss": of("validation", "loss_nats", ".3f"),
        "best epoch": spread([run["best_epoch"] for run in runs], ".3g"),
        "validation perplexity": of("validation", "perplexity", ".4g"),
        "test perplexity": of("test", "perplexity", ".4g"),
        "test bits per byte": of("test", "bits_per_byte", ".3f"),
        "published": published(runs[0]),
    }


def published(run: Json) -> str:
    """Return what the source states, in one line.

    Example:
        >>> published({"configuration": {"published": {"test_perplexity": 114.5}}})
        'test perplexity 114.5'
    """
    stated = run["configuration"]["published"]
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in stated.items())


def markdown(results: Json) -> str:
    """Return the table as Markdown, as it stands in the documentation."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "--:|" * (len(COLUMNS) - 2) + "---|"]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows(results)]
    return "\n".join(lines)


def print_table(results: Json) -> None:
    """Print the table to standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table(title=f"{results['name']}: median of the seeds (lowest to highest)")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("training", "published") else "right")
    for row in rows(results):
        table.add_row(*row.values())
    console.print(table)


def write_page(results: Json, folder: Path) -> None:
    """Write `described.png`, and `described.html` which shows it."""
    page.write_page(
        folder,
        "described",
        draw(results),
        results=results,
        columns=COLUMNS,
        rows=rows(results),
        first_runs=[runs[0] for runs in groups(results["runs"]).values()],
    )


def draw(results: Json) -> Figure:
    """Draw the losses by epochs, and by processor time where it was measured."""
    timed = all(run["cpu_seconds"] for run in results["runs"])
    figure = Figure(figsize=(11, 4.8), dpi=110, layout="constrained")
    by_epoch, *by_second = figure.subplots(1, 2 if timed else 1, sharey=True, squeeze=False)[0]
    _draw(by_epoch, results, "epoch", "epochs")
    for axes in by_second:
        _draw(axes, results, "cpu_seconds", "seconds of the processor, validation included")
    by_epoch.set_ylabel("nats per token")
    by_epoch.set_title("Loss on validation (full), in training (dotted)", loc="left")
    by_epoch.legend(frameon=False, fontsize=9)
    return figure


def _draw(axes: Axes, results: Json, key: str, label: str) -> None:
    """Draw the curves of every run."""
    titles = list(groups(results["runs"]))
    first = [run["curve"][0]["validation_loss_nats"] for run in results["runs"]]
    for run in results["runs"]:
        points = run["curve"]
        x = run[key] if key == "cpu_seconds" else [point[key] for point in points]
        colour = COLOURS[titles.index(run["title"]) % len(COLOURS)]
        name = run["title"] if run is groups(results["runs"])[run["title"]][0] else None
        for split, style in (("train", ":"), ("validation", "-")):
            y = [point[f"{split}_loss_nats"] for point in points]
            shown = name if split == "validation" else None
            axes.plot(x, y, style, color=colour, linewidth=1.3, alpha=0.8, label=shown)
    axes.set_ylim(top=1.05 * max(first))
    axes.set_xlabel(label)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def lowest(runs: Sequence[Json]) -> float:
    """Return the median over the seeds of the lowest validation loss."""
    return statistics.median(
        min(point["validation_loss_nats"] for point in run["curve"]) for run in runs
    )
