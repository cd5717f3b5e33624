"""The charts of a comparison, as SVG that stands inside a page and needs nothing from outside."""

from __future__ import annotations

import io
import re
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.charts import COLOURS

Json = dict[str, Any]


def learning_curves(results: Json) -> str:
    """Return validation bits per byte against training time and against text seen, as SVG."""
    runs = [run for run in results["runs"] if "error" not in run]
    titles = list(dict.fromkeys(run["title"] for run in runs))
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    by_time, by_text = figure.subplots(1, 2, sharey=True)
    for run in runs:
        colour = COLOURS[titles.index(run["title"]) % len(COLOURS)]
        first = run is next(r for r in runs if r["title"] == run["title"])
        label = run["title"] if first else None
        bits = [point["bits_per_byte"] for point in run["curve"]]
        style: Json = {"color": colour, "linewidth": 1.6, "marker": "o", "markersize": 3}
        by_time.plot([p["seconds"] for p in run["curve"]], bits, label=label, **style)
        by_text.plot([p["bytes_seen"] / 1e6 for p in run["curve"]], bits, **style)
    _finish(by_time, "training time, seconds")
    _finish(by_text, "training text read, MB")
    by_time.set_ylabel("validation bits per byte")
    columns = min(len(titles), 3)
    figure.legend(loc="outside lower center", ncols=max(columns, 1), frameon=False, fontsize=9)
    lowest = min((p["bits_per_byte"] for run in runs for p in run["curve"]), default=0.0)
    finals = [run["curve"][0]["bits_per_byte"] for run in runs if run["curve"]]
    if finals:  # the first points may lie far above all that matters
        by_time.set_ylim(lowest * 0.97, min(max(finals) * 1.03, lowest * 2))
    return _svg(figure, "Validation bits per byte against training time and against text read")


def _finish(axes: Axes, label: str) -> None:
    axes.set_xlabel(label)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _svg(figure: Figure, description: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return svg.replace("<svg", f'<svg role="img" aria-label="{description}"', 1)
