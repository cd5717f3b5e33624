"""A chart as SVG that stands inside a page: what is printed, and what is there without a script.

Its words and lines have the colour of the text around it, so that it is read on light and dark.
"""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plots.chart import Axis, Chart, Series, Value, colour_of, round_of, ticks_of

LONG_TITLE = 24
"""Letters of a title of which no more than two stand side by side in a legend."""
_TEXT = "#010203"  # stands for the colour of the text, until the picture is written
_DASHES = ("-", "--", ":")
_SYMBOLS = ("o", "s", "D")
_STYLE: dict[Any, Any] = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), _TEXT),
    **dict.fromkeys(("xtick.color", "ytick.color", "grid.color"), _TEXT),
    "svg.fonttype": "none",
}


def svg_of(chart: Chart) -> Markup:
    """Return the chart as an `<svg>` element; the same chart gives the same bytes."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": chart.name}):
        figure = Figure(figsize=(7, 4.4), layout="constrained")
        axes = figure.add_subplot()
        _set(axes, chart)
        named: set[str] = set()
        for series in chart.series:
            _draw(axes, chart, series, label=None if series.title in named else series.title)
            named.add(series.title)
        if len(chart.legend) > 1:
            wide = max(map(len, chart.legend)) > LONG_TITLE
            ncols, size = (2, 7.5) if wide else (3, 9)
            figure.legend(loc="outside lower center", ncols=ncols, frameon=False, fontsize=size)
        buffer = io.StringIO()
        figure.savefig(
            buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    return _inline(buffer.getvalue(), chart)


def _set(axes: Axes, chart: Chart) -> None:
    """Prepare the axes: words, scales, ends, marks."""
    axes.set_xlabel(chart.x.title)
    axes.set_ylabel(chart.y.title)
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    for axis, scale, limits, mark in (
        (chart.x, axes.set_xscale, axes.set_xlim, axes.axvline),
        (chart.y, axes.set_yscale, axes.set_ylim, axes.axhline),
    ):
        if axis.log:
            scale("log")
        if axis.ends:
            limits(*axis.ends)
        if axis.mark is not None:
            mark(axis.mark, color=_TEXT, linewidth=1, linestyle=":")
    for axis, along, ticks in (
        (chart.x, "x", axes.set_xticks),
        (chart.y, "y", axes.set_yticks),
    ):
        if axis.categories:
            names = [name.replace(", ", ",\n").replace("$", r"\$") for name in axis.categories]
            ticks(range(0, -len(names), -1), names)
        if axis.log:
            values = [value for series in chart.series for value in getattr(series, along)]
            places = ticks_of(axis, values)
            ticks(places, [f"{place:,g}" for place in places])
            ticks([], minor=True)


def _draw(axes: Axes, chart: Chart, series: Series, *, label: str | None) -> None:
    """Draw one series."""
    x, y = _numbers(chart.x, series.x), _numbers(chart.y, series.y)
    axes.errorbar(
        x,
        y,
        xerr=_lengths(x, series.x_interval),
        yerr=_lengths(y, series.y_interval),
        color=colour_of(series.look) or _TEXT,
        linestyle=_DASHES[round_of(series.look, 3)] if series.joined else "none",
        linewidth=1.6,
        marker=_SYMBOLS[round_of(series.look, 3)],
        markersize=4,
        capsize=3,
        label=label.replace("$", r"\$") if label else None,
    )


def _numbers(axis: Axis, values: Any) -> list[float]:
    """Return the values; names as their places, counted downwards."""
    if not axis.categories:
        return list(values)
    places: dict[Value, float] = {name: -place for place, name in enumerate(axis.categories)}
    return [places[value] for value in values]


def _lengths(values: list[float], interval: Any) -> list[list[float]] | None:
    """Return how far the interval reaches below and above each value."""
    if not interval:
        return None
    pairs = list(zip(values, interval, strict=True))
    return [[v - low for v, (low, _) in pairs], [high - v for v, (_, high) in pairs]]


def _inline(svg: str, chart: Chart) -> Markup:
    """Return the `<svg>` element alone, as wide as its place, its ids the page's only ones."""
    svg = svg[svg.index("<svg") :].replace(_TEXT, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.S)
    svg = re.sub(r' (?:width|height)="[^"]*"', "", svg[: svg.index(">")]) + svg[svg.index(">") :]
    svg = re.sub(r'id="(?=[\w.]+_\d+")', f'id="{chart.name}-', svg)
    label = f'<svg role="img" stroke-linejoin="round" aria-label="{escape(chart.title)}"'
    return Markup(svg.replace("<svg", label, 1))
