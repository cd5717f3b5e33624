"""How cost grows: seconds against bytes, a chart a job, a line a library."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.bench.jobs import JOBS
from experiments.bench.peers import PEERS
from experiments.bench.table import verdict
from experiments.charts import COLOURS
from toktools.errors import ToktoolsError

Json = dict[str, Any]
_COLUMNS = 3
_MARKERS = "os^vD*Pxph"


def plot(result: Json, path: Path) -> None:
    """Write a PNG of seconds against bytes on all threads, both axes logarithmic.

    The bars go from the fastest to the slowest round. Wrong answers are not drawn.

    Raises: ToktoolsError if the results hold only one size.
    """
    curves = _curves(result)
    if max((len(points) for job in curves.values() for points in job.values()), default=0) < 2:
        raise ToktoolsError("a plot needs two sizes or more; measure with --sizes 100kB,1MB,10MB")
    n_rows = -(-len(curves) // _COLUMNS)
    figure = Figure(figsize=(4.2 * _COLUMNS, 3.6 * n_rows + 0.6), layout="constrained", dpi=110)
    axes = list(figure.subplots(n_rows, _COLUMNS, squeeze=False).flat)
    for ax, (job, by_peer) in zip(axes, curves.items(), strict=False):
        _draw(ax, JOBS[job].title, by_peer)
    for ax in axes[len(curves) :]:
        ax.set_visible(False)
    labelled = {}
    for ax in axes[: len(curves)]:
        handles, labels = ax.get_legend_handles_labels()
        labelled |= dict(zip(labels, handles, strict=True))
    names = [name for name in PEERS if name in labelled]
    figure.legend(
        [labelled[name] for name in names],
        names,
        loc="outside lower center",
        ncols=min(len(names), 5),
        frameon=False,
    )
    figure.savefig(path, metadata={"Software": None})


def _curves(result: Json) -> dict[str, dict[str, list[tuple[int, list[float]]]]]:
    """Return by job and library the sizes and the seconds of all rounds, on all threads."""
    most = max((group["threads"] for group in result["groups"]), default=1)
    curves: dict[str, dict[str, list[tuple[int, list[float]]]]] = {}
    for group in sorted(result["groups"], key=lambda g: g["n_bytes"]):
        for peer, rounds in group["rounds"].items():
            if group["threads"] == most and rounds and verdict(group, peer) != "wrong":
                points = curves.setdefault(group["job"], {}).setdefault(peer, [])
                points.append((group["n_bytes"], [r["seconds"] for r in rounds]))
    return {job: curves[job] for job in JOBS if job in curves}


def _draw(ax: Axes, title: str, by_peer: dict[str, list[tuple[int, list[float]]]]) -> None:
    for peer, points in by_peer.items():
        place = list(PEERS).index(peer) if peer in PEERS else len(PEERS)
        middle = [median(seconds) for _, seconds in points]
        below = [m - min(s) for m, (_, s) in zip(middle, points, strict=True)]
        above = [max(s) - m for m, (_, s) in zip(middle, points, strict=True)]
        ax.errorbar(
            [size for size, _ in points],
            middle,
            yerr=[below, above],
            label=peer,
            color=COLOURS[place % len(COLOURS)],
            marker=_MARKERS[place % len(_MARKERS)],
            markersize=4,
            linestyle="-" if place < len(COLOURS) else "--",
            linewidth=2.2 if place == 0 else 1.2,
            elinewidth=0.8,
            capsize=2,
        )
    ax.set(title=title, xlabel="bytes of text", ylabel="seconds", xscale="log", yscale="log")
    ax.grid(alpha=0.25, which="major")
    ax.spines[["top", "right"]].set_visible(False)
