"""A chart as the figure that Plotly draws, and Plotly itself, packed to stand inside a page.

Colours of the page are not known here: `$text` and `$line` stand for them, and the page's script
puts in what its style says, light or dark.
"""

from __future__ import annotations

import base64
import gzip
import html
from functools import cache
from typing import Any

from experiments.plots.chart import Axis, Chart, Series, Value, colour_of, round_of, ticks_of

Json = dict[str, Any]
TEXT, LINE = "$text", "$line"
_DASHES = ("solid", "dash", "dot")
_SYMBOLS = ("circle", "square", "diamond")


def figure_of(chart: Chart) -> Json:
    """Return `data` and `layout` of Plotly's figure."""
    data = [_trace(series) for series in chart.series]
    layout: Json = {
        "xaxis": _axis(chart.x, [value for series in chart.series for value in series.x]),
        "yaxis": _axis(chart.y, [value for series in chart.series for value in series.y]),
        "showlegend": False,  # the page has one for charts that stand together
        "margin": {"l": 56, "r": 12, "t": 28, "b": 48},
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
        "font": {"color": TEXT, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "shapes": [_mark(axis, along) for axis, along in _marked(chart)],
    }
    return {"data": data, "layout": layout}


def _trace(series: Series) -> Json:
    """Return one series as a trace."""
    colour = colour_of(series.look) or TEXT
    trace: Json = {
        "type": "scatter",
        "mode": "lines+markers" if series.joined else "markers",
        "name": series.title,
        "x": [_shown(value) for value in series.x],
        "y": [_shown(value) for value in series.y],
        "marker": {"color": colour, "size": 8, "symbol": _one_of(_SYMBOLS, series)},
        "line": {"color": colour, "width": 1.8, "dash": _one_of(_DASHES, series)},
        "hovertext": [_escaped(text).replace("\n", "<br>") for text in series.hover],
        "hoverinfo": "text" if series.hover else "all",
    }
    for name, values, interval in (
        ("error_x", series.x, series.x_interval),
        ("error_y", series.y, series.y_interval),
    ):
        if interval:
            trace[name] = _error(values, interval) | {"color": colour}
    return trace


def _one_of(kinds: tuple[str, ...], series: Series) -> str:
    return kinds[round_of(series.look, len(kinds))]


def _error(values: Any, interval: Any) -> Json:
    """Return the lengths of the bars on either side of each value."""
    pairs = list(zip(values, interval, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, (_, high) in pairs],
        "arrayminus": [value - low for value, (low, _) in pairs],
        "thickness": 1.5,
        "width": 4,
    }


def _axis(axis: Axis, values: list[Any]) -> Json:
    made: Json = {
        "title": {"text": _escaped(axis.title), "standoff": 8},
        "gridcolor": LINE,
        "linecolor": LINE,
        "zeroline": False,
        "automargin": True,
        "exponentformat": "power",
    }
    if axis.categories:  # Plotly counts upwards, people read downwards
        order = [_shown(name) for name in reversed(axis.categories)]
        return made | {"type": "category", "categoryorder": "array", "categoryarray": order}
    if axis.log:
        ticks = ticks_of(axis, values)
        made |= {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}
    if axis.ends:
        made["range"] = list(axis.ends)
    return made


def _marked(chart: Chart) -> list[tuple[Axis, str]]:
    return [(a, along) for a, along in ((chart.x, "x"), (chart.y, "y")) if a.mark is not None]


def _mark(axis: Axis, along: str) -> Json:
    """Return the line through the chart at a value of one axis."""
    across = "y" if along == "x" else "x"
    ends = {f"{along}0": axis.mark, f"{along}1": axis.mark, f"{across}0": 0, f"{across}1": 1}
    line = {"color": TEXT, "width": 1, "dash": "dot"}
    return {"type": "line", f"{across}ref": "paper", "line": line, **ends}


def _shown(value: Value) -> Value:
    """Return a number as it is; a name in lines short enough for an axis."""
    return _escaped(value).replace(", ", ",<br>") if isinstance(value, str) else value


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


@cache
def packed_library() -> str:
    """Return the installed Plotly's JavaScript, gzipped, in base64: two fifths as long."""
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode("ascii")
