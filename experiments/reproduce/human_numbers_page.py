"""What the seven models reached beside the chapter: a table, a picture, a page."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from experiments.charts import COLOURS
from experiments.reproduce import page
from experiments.reproduce.human_numbers import spread

Json = dict[str, Any]
COLUMNS = (
    *("model", "adds", "parameters", "accuracy, chapter", "accuracy, ours", "seeds at or above"),
    *("loss, chapter", "loss, ours", "training loss, ours"),
)
_PUBLISHED = "#5b5b5b"


def rows(results: Json) -> list[dict[str, str]]:
    """Return the table: the baseline and one row for each model, by column."""
    baseline = results["baseline"]
    first = dict.fromkeys(COLUMNS, "") | {
        "model": "none",
        "adds": f"always “{baseline['token']}”",
        "accuracy, chapter": "0.152",
        "accuracy, ours": f"{baseline['accuracy']:.3f}",
    }
    return [first, *map(_row, results["models"])]


def _row(entry: Json) -> dict[str, str]:
    published = entry["published"]
    return {
        "model": entry["name"],
        "adds": entry["adds"],
        "parameters": f"{entry['n_parameters']:,}",
        "accuracy, chapter": f"{published['accuracy']:.3f}",
        "accuracy, ours": _with_range(entry, "accuracy"),
        "seeds at or above": _at_or_above(entry),
        "loss, chapter": f"{published['loss_nats']:.3f}",
        "loss, ours": _with_range(entry, "loss_nats"),
        "training loss, ours": f"{spread(entry, 'train_loss_nats')[0]:.3f}",
    }


def _with_range(entry: Json, figure: str) -> str:
    mean, lowest, highest = spread(entry, figure)
    return f"{mean:.3f} ({lowest:.3f} to {highest:.3f})"


def _at_or_above(entry: Json) -> str:
    """Return how many seeds reach the chapter's accuracy."""
    reached = [r["curve"][-1]["accuracy"] >= entry["published"]["accuracy"] for r in entry["runs"]]
    return f"{sum(reached)} of {len(reached)}"


def markdown(results: Json) -> str:
    """Return the table as Markdown, as it stands in the documentation."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|" + "--:|" * (len(COLUMNS) - 2)]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows(results)]
    return "\n".join(lines)


def outside(results: Json) -> list[str]:
    """Return a line for each model whose published accuracy no seed of ours comes around."""
    lines: list[str] = []
    for entry in results["models"]:
        mean, lowest, highest = spread(entry, "accuracy")
        published = entry["published"]["accuracy"]
        if not lowest <= published <= highest:
            lines.append(
                f"{entry['name']}: the chapter has {published:.3f}, ours {lowest:.3f} to "
                f"{highest:.3f}; the mean is {abs(mean - published):.3f} "
                f"{'higher' if mean > published else 'lower'}"
            )
    return lines


def print_table(results: Json) -> None:
    """Print the table, and what lies elsewhere than in the chapter, to standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=130)
    n_seeds = len(results["settings"]["seeds"])
    title = f"validation text after the last epoch; mean of {n_seeds} (lowest to highest)"
    table = Table(title=title)
    for name in COLUMNS:
        left = name in COLUMNS[:2]
        table.add_column(name.replace(", ", "\n"), justify="left" if left else "right")
    for row in rows(results):
        table.add_row(*row.values())
    console.print(table)
    for line in outside(results):
        console.print(line, highlight=False)


def write_page(results: Json, folder: Path) -> None:
    """Write `human-numbers.png`, and `human-numbers.html` which shows it."""
    page.write_page(
        folder,
        "human-numbers",
        draw(results),
        results=results,
        columns=COLUMNS,
        rows=rows(results),
        outside=outside(results),
    )


def draw(results: Json) -> Figure:
    """Draw accuracy per model beside the chapter's, and how accuracy and loss came about."""
    figure = Figure(figsize=(12, 8.6), dpi=110, layout="constrained")
    places = figure.subplot_mosaic([["bars", "bars"], ["accuracy", "loss"]])
    _draw_accuracies(places["bars"], results)
    for figure_name, label in (("accuracy", "accuracy"), ("loss_nats", "nats per word")):
        axes = places[figure_name.removesuffix("_nats")]
        _draw_curves(axes, results, figure_name)
        axes.set_ylabel(label)
    places["accuracy"].set_title("Validation accuracy, mean of the seeds", loc="left", fontsize=11)
    places["loss"].set_title("Validation loss, mean of the seeds", loc="left", fontsize=11)
    places["accuracy"].legend(frameon=False, fontsize=9)
    for axes in places.values():
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_accuracies(axes: Axes, results: Json) -> None:
    """Draw a bar for each model's mean, a dot for each seed, a mark for the chapter's figure."""
    for place, entry in enumerate(results["models"]):
        values = [run["curve"][-1]["accuracy"] for run in entry["runs"]]
        axes.bar(place, statistics.mean(values), color=COLOURS[place], alpha=0.45, width=0.6)
        axes.plot([place] * len(values), values, "o", color=COLOURS[place], markersize=5)
        published = entry["published"]["accuracy"]
        label = "the chapter" if place == 0 else None
        axes.plot([place - 0.38, place + 0.38], [published] * 2, color=_PUBLISHED, label=label)
    share = results["baseline"]["accuracy"]
    axes.axhline(share, color=_PUBLISHED, linestyle=":", label="always the commonest word")
    names = [f"{entry['name']}\n{entry['adds']}" for entry in results["models"]]
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(0, 1)
    axes.set_title("Accuracy: bar: mean; dots: seeds", loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=9, loc="upper left")


def _draw_curves(axes: Axes, results: Json, figure: str) -> None:
    """Draw a figure of each epoch, averaged over the seeds, of every model."""
    for place, entry in enumerate(results["models"]):
        curves = zip(*(run["curve"] for run in entry["runs"]), strict=True)
        means = [statistics.mean(point[figure] for point in points) for points in curves]
        epochs = range(1, len(means) + 1)
        style: Json = {"color": COLOURS[place], "linewidth": 1.6, "marker": "o", "markersize": 3}
        axes.plot(epochs, means, label=entry["name"], **style)
    axes.set_xlabel("epochs")
