"""The diagrams of the documentation: `python -m experiments.diagrams docs/images`.

A recurrent network as a loop and unrolled, and a stacked one; boxes and arrows, drawn in code so
that a diagram can be changed like the text around it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from experiments.charts import COLOURS, save_svg

Place = tuple[float, float]
INPUT, HIDDEN, OUTPUT = COLOURS[4], COLOURS[2], COLOURS[5]
WORDS = ("one", ".", "two", ".")
_HALF_WIDTH, _HALF_HEIGHT = 0.42, 0.22


def unrolled() -> Figure:
    """Draw one layer as a loop, and beside it the same layer at each of four words."""
    figure, axes = _empty(left=-0.55, right=7.5, top=2.4)
    _column(axes, 0, 1, "word", "next word")
    axes.annotate(
        "",
        xy=(_HALF_WIDTH, 0.9),
        xytext=(_HALF_WIDTH, 1.1),
        arrowprops={"arrowstyle": "->", "connectionstyle": "arc3,rad=-4", "color": "#333333"},
    )
    axes.text(1.0, 1, "=", ha="center", va="center", fontsize=18)
    _row_of_columns(axes, n_layers=1, left=2.7, arrows="W_hh")
    axes.text(4.4, -0.62, "the same weights W_ih, W_hh and head at every step", ha="center")
    return figure


def stacked() -> Figure:
    """Draw two layers, unrolled: the second reads what the first gives."""
    figure, axes = _empty(left=-2.1, right=4.8, top=3.4)
    _row_of_columns(axes, n_layers=2, left=0, arrows="")
    for layer in (1, 2):
        axes.text(-1.6, layer, f"layer {layer}", ha="center", va="center")
    axes.text(2.1, -0.62, "each layer has weights and a state of its own", ha="center")
    return figure


DIAGRAMS: dict[str, Callable[[], Figure]] = {"unrolled-rnn": unrolled, "stacked-rnn": stacked}


def _empty(left: float, right: float, top: float) -> tuple[Figure, Axes]:
    """Return a figure, and axes without lines in which a unit is as wide as it is high."""
    bottom = -0.85
    figure = Figure(figsize=(right - left, top - bottom))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(left, right), ylim=(bottom, top))
    axes.set_axis_off()
    return figure, axes


def _row_of_columns(axes: Axes, *, n_layers: int, left: float, arrows: str) -> None:
    """Draw a column for each word, and arrows from each state to the next."""
    xs = [left + 1.4 * i for i in range(len(WORDS))]
    for i, x in enumerate(xs):
        after = WORDS[i + 1] if i + 1 < len(WORDS) else "three"
        _column(axes, x, n_layers, f"“{WORDS[i]}”", f"“{after}”?")
    for layer in range(1, n_layers + 1):
        start = (left - 0.85, layer)
        axes.text(start[0], layer + 0.16, "h = 0", ha="center", fontsize=8, style="italic")
        _arrow(axes, (start[0] - 0.2, layer), (xs[0] - _HALF_WIDTH, layer))
        for before, after in pairwise(xs):
            _arrow(axes, (before + _HALF_WIDTH, layer), (after - _HALF_WIDTH, layer))
            middle = (before + after) / 2
            axes.text(middle, layer + 0.12, arrows, ha="center", fontsize=8, style="italic")


def _column(axes: Axes, x: float, n_layers: int, word: str, prediction: str) -> None:
    """Draw what happens at one step, from the word below to the prediction on top."""
    top = n_layers + 1
    _box(axes, (x, 0), word, INPUT)
    _box(axes, (x, top), prediction, OUTPUT)
    for layer in range(1, n_layers + 1):
        _box(axes, (x, layer), "h" if n_layers == 1 else f"h of {layer}", HIDDEN)
    for y in range(top):
        _arrow(axes, (x, y + _HALF_HEIGHT), (x, y + 1 - _HALF_HEIGHT))


def _box(axes: Axes, middle: Place, text: str, colour: str) -> None:
    corner = (middle[0] - _HALF_WIDTH, middle[1] - _HALF_HEIGHT)
    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(
        FancyBboxPatch(
            *(corner, 2 * _HALF_WIDTH, 2 * _HALF_HEIGHT),
            boxstyle=style,
            facecolor=colour,
            edgecolor="none",
            alpha=0.45,
        )
    )
    axes.text(*middle, text, ha="center", va="center", fontsize=9)


def _arrow(axes: Axes, start: Place, end: Place) -> None:
    axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "color": "#333333"})


def main() -> None:
    """Write every diagram into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DIAGRAMS.items():
        save_svg(draw(), folder / f"{name}.svg")


if __name__ == "__main__":
    main()
