"""A study as one chart: how far each tokenizer is behind the best, a panel for each budget."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.charts import COLOURS
from experiments.study.titles import short_titles

Json = dict[str, Any]
SYMBOLS = ("o", "s", "D", "^", "v")


def figure_of(study: Json) -> Figure:
    """Return the chart; the tokenizers stand in the order of their mean distance."""
    budgets = list(dict.fromkeys(one["budget"] for one in study["comparisons"]))
    texts = list(dict.fromkeys(one["text"] for one in study["comparisons"]))
    distances = _distances(study)
    order = sorted(distances, key=lambda title: fmean(distances[title]), reverse=True)
    figure = Figure(figsize=(9, 5), layout="constrained")
    panels = figure.subplots(1, len(budgets), sharey=True, squeeze=False)[0]
    for axes, budget in zip(panels, budgets, strict=True):
        axes.set_title(f"equal {budget}", fontsize=10)
        axes.set_xlabel("bits per byte more than the best of its text")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        for one in study["comparisons"]:
            if one["budget"] == budget:
                _draw(axes, one, order=order, look=texts.index(one["text"]))
    panels[0].set_yticks(range(len(order)), short_titles(order), fontsize=9)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(texts), frameon=False)
    return figure


def _distances(study: Json) -> dict[str, list[float]]:
    """Return for each tokenizer how far it is behind, in every comparison."""
    found: dict[str, list[float]] = {}
    for one in study["comparisons"]:
        for row in one["order"]:
            found.setdefault(row["title"], []).append(row["difference"] or 0.0)
    return found


def _draw(axes: Axes, compared: Json, *, order: list[str], look: int) -> None:
    """Draw one comparison, each point with its interval."""
    rows = compared["order"]
    x = [row["difference"] or 0.0 for row in rows]
    low, high = ([row[end] or 0.0 for row in rows] for end in ("low", "high"))
    axes.errorbar(
        x,
        [order.index(row["title"]) + 0.12 * (look - 2) for row in rows],
        xerr=[
            [max(0.0, at - a) for at, a in zip(x, low, strict=True)],
            [max(0.0, b - at) for at, b in zip(x, high, strict=True)],
        ],
        fmt=SYMBOLS[look % len(SYMBOLS)],
        color=COLOURS[look % len(COLOURS)],
        markersize=4,
        linewidth=1,
        label=compared["text"],
    )
