"""What the networks that learn to count came to: table, picture, page. From `results.json`."""

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
from experiments.reproduce.counting import LENGTHS, LONGER

Json = dict[str, Any]
CLOSE = 0.1
"""A validation loss this close to the lowest counts as learned, in nats per token."""
COLUMNS = (
    *("language", "network", "epochs", "CPU seconds", "validation loss", "epochs to learn"),
    *("seconds to learn", "right, n 1 to 11", "right, n 12 to 50"),
)


def rows(results: Json) -> list[dict[str, str]]:
    """Return the table: one row for each language and network, the median over its seeds."""
    return [_row(results, runs) for runs in groups(results["runs"]).values()]


def groups(runs: Sequence[Json]) -> dict[tuple[str, str], list[Json]]:
    """Return the trainings that differ in their seed alone, by language and network."""
    found: dict[tuple[str, str], list[Json]] = {}
    for run in runs:
        found.setdefault((run["language"], run["title"]), []).append(run)
    return found


def _row(results: Json, runs: list[Json]) -> dict[str, str]:
    last, row = [run["curve"][-1] for run in runs], dict.fromkeys(COLUMNS, "")
    row["language"], row["network"] = runs[0]["language"], runs[0]["title"]
    row["epochs"] = str(runs[0]["n_epochs"])
    row["CPU seconds"] = spread([point["seconds"] for point in last], ".0f")
    row["validation loss"] = spread([point["validation_nats"] for point in last], ".3f")
    if row["language"] == "anbn":
        points = [learned(results, run) for run in runs]
        row["epochs to learn"] = spread([p["epoch"] if p else None for p in points], "d")
        row["seconds to learn"] = spread([p["seconds"] if p else None for p in points], ".1f")
    for column, lengths in (("right, n 1 to 11", LENGTHS), ("right, n 12 to 50", LONGER)):
        row[column] = spread([percent_right(run, lengths) for run in runs], ".0f") + " %"
    return row


def learned(results: Json, run: Json) -> Json | None:
    """Return the first point of the curve that is `CLOSE` to the lowest loss, or None."""
    bound = results["lowest_loss_nats"]["validation"] + CLOSE
    return next((point for point in run["curve"] if point["validation_nats"] <= bound), None)


def percent_right(run: Json, lengths: Sequence[int]) -> float:
    """Return the mean over these n of the share of words that are right, in percent."""
    return 100 * statistics.mean(run["share_right"][str(n)] for n in lengths)


def spread(values: Sequence[float | None], form: str) -> str:
    """Return median, lowest and highest; None is "never", and greater than all numbers.

    Example:
        >>> spread([3.0, None, 1.0], ".0f"), spread([2.0, 2.0], ".1f")
        ('3 (1 to never)', '2.0')
    """
    ordered = sorted(float("inf") if value is None else value for value in values)
    texts = [
        "never" if value == float("inf") else format(value, form)
        for value in (statistics.median_low(ordered), ordered[0], ordered[-1])
    ]
    return texts[0] if len(set(texts)) == 1 else f"{texts[0]} ({texts[1]} to {texts[2]})"


def markdown(results: Json) -> str:
    """Return the table as Markdown, as it stands in the documentation."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|" + "--:|" * (len(COLUMNS) - 2)]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows(results)]
    return "\n".join(lines)


def print_table(results: Json) -> None:
    """Print the table to standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    table = Table(title="learning to count: median of the seeds (lowest to highest)")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in COLUMNS[:2] else "right")
    for row in rows(results):
        table.add_row(*row.values())
    console.print(table)


def write_page(results: Json, folder: Path) -> None:
    """Write `anbn.png`, and `anbn.html` which shows it."""
    page.write_page(
        folder,
        "anbn",
        draw(results),
        results=results,
        columns=COLUMNS,
        rows=rows(results),
        close=CLOSE,
    )


def draw(results: Json) -> Figure:
    """Draw the losses on a^n b^n by epochs and by seconds, and what is right by n."""
    figure = Figure(figsize=(12, 8.6), dpi=110, layout="constrained")
    (by_epoch, by_second), (counting, harder) = figure.subplots(2, 2)
    of_anbn = [run for run in results["runs"] if run["language"] == "anbn"]
    others = [run for run in results["runs"] if run["language"] != "anbn"]
    _draw_losses(by_epoch, results, of_anbn, "epoch", "epochs")
    _draw_losses(by_second, results, of_anbn, "seconds", "seconds of processor time")
    by_epoch.set_title("a^n b^n: loss on validation (full), training (dotted)", loc="left")
    by_second.set_title("The same against time", loc="left")
    _draw_right(counting, of_anbn, "a^n b^n: words right, by n")
    _draw_right(harder, others, "a^n b^n c^n and Dyck: words right, by n")
    for axes in (by_epoch, by_second, counting, harder):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_legend_handles_labels()[0]:  # one network alone may have no harder languages
            axes.legend(frameon=False, fontsize=9)
    return figure


def _draw_losses(axes: Axes, results: Json, runs: list[Json], key: str, label: str) -> None:
    """Draw the curve of every seed, and the lowest loss of whoever knows the source."""
    titles = list(dict.fromkeys(run["title"] for run in runs))
    for run in runs:
        colour, points = COLOURS[titles.index(run["title"])], run["curve"][1:]
        x = [point[key] for point in points]
        name = run["title"] if run["seed"] == 0 else None
        for split, style in (("train", ":"), ("validation", "-")):
            y = [point[f"{split}_nats"] for point in points]
            shown = name if split == "validation" else None
            axes.plot(x, y, style, color=colour, linewidth=1.2, alpha=0.8, label=shown)
    lowest = results["lowest_loss_nats"]
    axes.axhline(
        lowest["validation"], color="black", linewidth=1.2, label="lowest possible, validation"
    )
    axes.axhline(
        lowest["train"],
        color="black",
        linewidth=1.2,
        linestyle=":",
        label="lowest possible, training",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_yticks([0.2, 0.3, 0.5, 1.0], ["0.2", "0.3", "0.5", "1"])
    axes.set_yticks([], minor=True)
    axes.set_xlabel(label)
    axes.set_ylabel("nats per token")


def _draw_right(axes: Axes, runs: list[Json], title: str) -> None:
    """Draw the share of words that match, the mean over the seeds, by n."""
    for number, ((language, name), seeds) in enumerate(groups(runs).items()):
        lengths = [*LENGTHS, *LONGER]
        means = [statistics.mean(run["share_right"][str(n)] for run in seeds) for n in lengths]
        label = name if language == "anbn" else f"{language}, {name}"
        style = {"color": COLOURS[number], "marker": ".", "linewidth": 1.2, "label": label}
        axes.plot(lengths, [100 * mean for mean in means], **style)
    axes.axvspan(LENGTHS[0], LENGTHS[-1], color="#999999", alpha=0.15)
    axes.set_title(title, loc="left")
    axes.set_xlabel("n (grey: as in training)")
    axes.set_ylabel("percent, mean over seeds")
    axes.set_ylim(-4, 104)
