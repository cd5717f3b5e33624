"""The picture of a run: loss and perplexity, in training and in validation."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lm.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Metrics = Sequence[Mapping[str, Any]]
_TRAIN, _VALIDATION = "#7f9cc4", "#c2410c"


def save_curves(metrics: Metrics, path: Path, *, title: str = "") -> None:
    """Draw training and validation loss, in nats per token, and their perplexities.

    Args: metrics: the lines of `metrics.jsonl`; path: a PNG; title: stands on top.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    figure = Figure(figsize=(10, 4), dpi=130, layout="constrained")
    loss, perplexity = figure.subplots(1, 2)
    _draw(loss, metrics, lambda nats: nats)
    loss.set_title("Loss, nats per token", loc="left", fontsize=11)
    loss.legend(frameon=False, loc="upper right")
    perplexity.set_yscale("log")
    _draw(perplexity, metrics, lambda nats: math.exp(min(nats, 700)))
    perplexity.set_title("Perplexity per token, log scale", loc="left", fontsize=11)
    perplexity.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    perplexity.yaxis.set_minor_locator(NullLocator())
    perplexity.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.4g}"))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_bytes(path, buffer.getvalue())


def _draw(axes: Axes, metrics: Metrics, scale: Any) -> None:
    """Draw both lines, scaled, and mark the lowest validation loss."""
    points = [(r["epoch"], scale(r["train_loss_nats"])) for r in metrics]
    if points:
        axes.plot(*zip(*points, strict=True), label="train", color=_TRAIN, linewidth=1.4)
    key = "validation_loss_nats"
    points = [(r["epoch"], scale(r[key])) for r in metrics if key in r]
    if points:
        axes.plot(
            *zip(*points, strict=True),
            label="validation",
            color=_VALIDATION,
            linewidth=1.4,
            marker="o",
            markersize=3.5,
        )
        epoch, best = min(points, key=lambda point: point[1])
        axes.plot(
            [epoch], [best], marker="o", markersize=8, markerfacecolor="none", color=_VALIDATION
        )
        axes.annotate(
            f"best {best:,.4g}",
            (epoch, best),
            xytext=(0, 9),
            textcoords="offset points",
            ha="right",
            color=_VALIDATION,
            fontsize=9,
        )
    axes.set_xlabel("epochs")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
