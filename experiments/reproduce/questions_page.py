"""The answers of the chapter's questionnaire in figures: tables as Markdown, and two charts."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.charts import COLOURS, save_svg
from lstm_lm.files import write_text

Json = dict[str, Any]
_NAMES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}


def table(results: Json, group: str) -> str:
    """Return one group's table as Markdown: mean over the seeds (lowest to highest)."""
    lines = [
        "| model | parameters | accuracy | loss, nats | training loss |",
        "|---|--:|--:|--:|--:|",
    ]
    for row in results["groups"][group]:
        figures = [
            _spread([run[name] for run in row["runs"]])
            for name in ("accuracy", "loss_nats", "train_loss_nats")
        ]
        lines.append(f"| {row['name']} | {row['n_parameters']:,} | {' | '.join(figures)} |")
    return "\n".join(lines)


def reach_table(results: Json) -> str:
    """Return the losses by how far gradients reach back, as Markdown."""
    rows = results["reach"]
    lengths = list(dict.fromkeys(row["characters"] for row in rows))
    heads = [f"{n} characters" for n in lengths]
    lines = [f"| gradients through | {' | '.join(heads)} |", "|---|" + "--:|" * len(lengths)]
    for cell in dict.fromkeys(row["cell"] for row in rows):
        losses = [_spread(row["loss_nats"]) for row in rows if row["cell"] == cell]
        lines.append(f"| {_NAMES[cell]} | {' | '.join(losses)} |")
    return "\n".join(lines)


def gradient_table(results: Json) -> str:
    """Return how large the last step's gradient still is further back, as Markdown."""
    back = (0, 1, 3, 7, 15, 31, 63)
    lines = [
        f"| steps back | {' | '.join(map(str, back))} |",
        "|---|" + "--:|" * len(back),
    ]
    for row in results["gradients"]:
        for when in ("first", "last"):
            steps = row[when][::-1]
            shown = [f"{steps[n]:.0e}" if n < len(steps) else "" for n in back]
            name = f"{_NAMES[row['cell']]}, {'at the start' if when == 'first' else 'trained'}"
            lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    """Return mean (lowest to highest); one value by itself."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def write_page(results: Json, folder: Path) -> None:
    """Write `questions.md`, tables, and the charts into `folder`."""
    parts = {group: table(results, group) for group in results["groups"]}
    if results["reach"]:
        parts["reach"] = reach_table(results)
    if results["gradients"]:
        parts["gradients"] = gradient_table(results)
    text = "\n".join(f"## {part}\n\n{figures}\n" for part, figures in parts.items())
    write_text(folder / "questions.md", text)
    write_charts(results, folder)


def write_charts(results: Json, folder: Path) -> None:
    """Write `gradients-by-step.svg` and `reach.svg`, where there is something to draw."""
    for part, name, draw in (
        ("gradients", "gradients-by-step", draw_gradients),
        ("reach", "reach", draw_reach),
    ):
        if results[part]:
            save_svg(draw(results), folder / f"{name}.svg")


def draw_gradients(results: Json) -> Figure:
    """Draw the gradient of the last step's loss by each earlier input, early and late."""
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    places = figure.subplots(1, 2, sharey=True)
    titles = ("At the start of training", "Trained")
    for axes, when, title in zip(places, ("first", "last"), titles, strict=True):
        for colour, row in zip(COLOURS, results["gradients"], strict=False):
            steps = row[when][::-1]
            axes.semilogy(range(len(steps)), steps, color=colour, label=_NAMES[row["cell"]])
        axes.set_title(title, loc="left", fontsize=11)
        axes.set_xlabel("steps back")
        _finish(axes)
    places[0].set_ylabel("norm of the gradient")
    places[1].legend(frameon=False)
    return figure


def draw_reach(results: Json) -> Figure:
    """Draw the validation loss by how many characters gradients go through; a dot for each seed."""
    figure = Figure(figsize=(6.5, 3.8), layout="constrained")
    axes = figure.subplots()
    cells = dict.fromkeys(row["cell"] for row in results["reach"])
    lengths = list(dict.fromkeys(row["characters"] for row in results["reach"]))
    for colour, cell in zip((COLOURS[0], COLOURS[2]), cells, strict=False):
        rows = [row for row in results["reach"] if row["cell"] == cell]
        means = [statistics.mean(row["loss_nats"]) for row in rows]
        axes.plot(lengths, means, color=colour, label=_NAMES[cell])
        for row in rows:
            n = len(row["loss_nats"])
            axes.plot([row["characters"]] * n, row["loss_nats"], "o", color=colour, markersize=4)
    axes.set_xscale("log", base=2)
    axes.set_xticks(lengths, [str(n) for n in lengths])
    axes.set_xlabel("characters that gradients go through")
    axes.set_ylabel("validation loss, nats per character")
    axes.legend(frameon=False)
    _finish(axes)
    return figure


def _finish(axes: Axes) -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
