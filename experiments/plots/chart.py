"""What a chart shows, whoever draws it: axes, and series of points.

`experiments.plots.interactive` makes Plotly's figure of it, `experiments.plots.still` an SVG. Both
take the looks of a series from here, so that a tokenizer has one colour on all of a page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.charts import COLOURS

Value = float | str


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis: its words, whether it is logarithmic, and its ends where they are not the data's.

    Attributes:
        categories: in reading order, where the values are names and not numbers.
        mark: a value at which a line crosses the whole chart.
    """

    title: str
    log: bool = False
    categories: Sequence[str] = ()
    ends: tuple[float, float] | None = None
    mark: float | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points that belong together.

    Attributes:
        title: in the legend, once for all series of the same title; "" stands in none.
        look: a number; the same number looks the same in every chart.
        hover: what is said of each point, in lines.
        joined: whether a line runs through the points.
        x_interval, y_interval: (low, high) about each point, if it is uncertain.
    """

    title: str
    look: int
    x: Sequence[Value]
    y: Sequence[Value]
    hover: Sequence[str] = ()
    joined: bool = True
    x_interval: Sequence[tuple[float, float]] = ()
    y_interval: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart: `name` is a word that no other chart of the page has, `caption` stands below."""

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    series: Sequence[Series]

    @property
    def legend(self) -> list[str]:
        """The titles in the legend, in the order in which they come up."""
        return list(dict.fromkeys(s.title for s in self.series if s.title))


def ticks_of(axis: Axis, values: Iterable[float]) -> list[float]:
    """Return where a logarithmic axis has numbers: 1, 2 and 5 times the powers of ten.

    If fewer than two of these lie among the values, the values themselves.

    Example:
        >>> ticks_of(Axis(title="tokens", log=True), [105, 1967])
        [200.0, 500.0, 1000.0]
    """
    low, high = min(values := list(values)), max(values)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside if len(inside) > 1 else sorted(set(values))


def colour_of(look: int) -> str | None:
    """Return the colour of a look; None stands for the colour of the text, on light and on dark.

    Example:
        >>> colour_of(0) == colour_of(8), colour_of(6)
        (True, None)
    """
    colour = COLOURS[look % len(COLOURS)]
    return None if colour == "#000000" else colour


def round_of(look: int, n_kinds: int) -> int:
    """Return which kind of mark or line a look has, when the colours have all been used.

    Example:
        >>> [round_of(look, 3) for look in (0, 7, 8, 16, 24)]
        [0, 0, 1, 2, 0]
    """
    return look // len(COLOURS) % n_kinds
