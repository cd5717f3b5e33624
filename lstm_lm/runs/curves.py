"""The picture of a run: loss and perplexity, in training and in validation; norms, if logged."""

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

    A run with `norms` gets a second row: gradients and activations layer by layer, and how far back
    in time gradients reach.

    Args: metrics: the lines of `metrics.jsonl`; path: a PNG; title: stands on top.
    """
    from matplotlib.figure import Figure

    lines = [line for line in metrics if "gradient_norms" in line]
    n_rows = 2 if lines else 1
    figure = Figure(figsize=(10, 4 * n_rows), dpi=130, layout="constrained")
    upper, *lower = figure.subfigures(n_rows, 1, squeeze=False).flat
    loss, perplexity = upper.subplots(1, 2)
    _draw(loss, metrics, lambda nats: nats)
    loss.set_title("Loss, nats per token", loc="left", fontsize=11)
    loss.legend(frameon=False, loc="upper right")
    _draw_perplexity(perplexity, metrics)
    for subfigure in lower:
        by_layer, activations, by_step = subfigure.subplots(1, 3)
        _draw_named(by_layer, lines, "gradient_norms", "Gradient norm")
        _draw_named(activations, lines, "activation_rms", "Activation, root mean square")
        _draw_steps(by_step, lines)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_bytes(path, buffer.getvalue())


def _draw_named(axes: Axes, lines: Metrics, key: str, title: str) -> None:
    """Draw one line over the epochs for each name under `key`; biases would only crowd it."""
    epochs = [line["epoch"] for line in lines]
    for name in (name for name in lines[0][key] if "bias" not in name):
        axes.plot(epochs, [line[key][name] for line in lines], label=name, linewidth=1.1)
    axes.set_yscale("log")
    axes.set_xlabel("epochs")
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=6)
    _tidy(axes)


def _draw_steps(axes: Axes, lines: Metrics) -> None:
    """Draw the gradient of the last step's loss at each step before it: first, middle, last."""
    chosen = {i: lines[i] for i in (0, len(lines) // 2, len(lines) - 1)}
    for shade, line in zip(("0.75", "0.5", "0"), chosen.values(), strict=False):
        norms = line["gradient_by_step"]
        label = f"epoch {line['epoch']:.1f}"
        axes.plot(range(1 - len(norms), 1), norms, label=label, color=shade, linewidth=1.2)
    axes.set_yscale("log")
    axes.set_xlabel("steps before the loss")
    axes.set_title("Gradient by step", loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=8)
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_perplexity(perplexity: Axes, metrics: Metrics) -> None:
    """Draw both perplexities on a logarithmic scale, its ticks written as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    perplexity.set_yscale("log")
    _draw(perplexity, metrics, lambda nats: math.exp(min(nats, 700)))
    perplexity.set_title("Perplexity per token, log scale", loc="left", fontsize=11)
    perplexity.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    perplexity.yaxis.set_minor_locator(NullLocator())
    perplexity.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.4g}"))


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
            f"best {best:,.4g}, epoch {epoch:.1f}",
            (epoch, best),
            xytext=(0, 9),
            textcoords="offset points",
            ha="right",
            color=_VALIDATION,
            fontsize=9,
        )
    axes.set_xlabel("epochs")
    _tidy(axes)
