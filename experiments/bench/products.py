"""Matrix products of a training step: `python -m experiments.bench.products`.

Ours (`lstm_lm.matrices`), oneDNN's and those that torch makes by itself, in turn, in one process,
with the same threads, in the shapes of an update of two LSTM layers of 650 (64 rows, 70 steps) or
200 (20 rows, 35 steps) under 10,000 words. Before anything is timed all must agree with float64.
Each is made once before each round, so that its operands are where the caches leave them; in a
training they mostly come from farther away.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from toktools.command_line import fail
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    import torch


class Shape(NamedTuple):
    """x w^T of an (M, K) and an (N, K) matrix; w may lie turned in memory."""

    what: str
    m: int
    k: int
    n: int
    is_turned: bool

    @property
    def n_operations(self) -> int:
        """Multiplications and additions."""
        return 2 * self.m * self.k * self.n


SHAPES = (
    Shape("square", 2048, 2048, 2048, False),
    Shape("2x650: logits", 640, 650, 10_000, False),
    Shape("2x650: back from the logits", 640, 10_000, 650, True),
    Shape("2x650: gradient of the head", 650, 640, 10_000, True),
    Shape("2x650: inputs of a layer", 640, 650, 2600, False),
    Shape("2x650: back to the inputs", 640, 2600, 650, True),
    Shape("2x650: gradient of a layer", 650, 640, 2600, True),
    Shape("2x200: logits", 352, 200, 10_000, False),
    Shape("2x200: back from the logits", 352, 10_000, 200, True),
    Shape("2x200: gradient of the head", 200, 352, 10_000, True),
    Shape("2x200: inputs of a layer", 640, 200, 800, False),
)
KINDS = ("float32", "bfloat16")


def measure(shape: Shape, kind: str, n_rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round, by way.

    Raises: ToktoolsError if a way's products are not those of float64.
    """
    import torch

    torch.manual_seed(0)
    x, w = torch.randn(shape.m, shape.k), torch.randn(shape.n, shape.k)
    x, w = x.to(getattr(torch, kind)), w.to(getattr(torch, kind))
    w = w.t().contiguous().t() if shape.is_turned else w
    ways = _ways(x, w)
    expected = x.double() @ w.double().t()
    for name, multiply in ways.items():
        worst = float((multiply().double() - expected).abs().max() / expected.abs().max())
        if not worst < (1e-5 if kind == "float32" else 1e-2):
            raise ToktoolsError(f"{name}: {shape.what} in {kind} is wrong by {worst:.1e}")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(n_rounds):
        for name, multiply in ways.items():
            multiply()
            start = time.perf_counter()
            multiply()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def _ways(x: torch.Tensor, w: torch.Tensor) -> dict[str, Callable[[], torch.Tensor]]:
    from lstm_lm.matrices.multiply import multiply
    from lstm_lm.products import has_onednn, product_by_onednn, takes_ours

    ways: dict[str, Callable[[], torch.Tensor]] = {"torch": lambda: x @ w.t()}
    if has_onednn():
        ways["oneDNN"] = lambda: product_by_onednn(x, w)
    if takes_ours(x):
        ways["ours"] = lambda: multiply(x, w)
    return ways


def line(shape: Shape, seconds: dict[str, list[float]]) -> str:
    """Return one line: G operations a second, the median and in brackets lowest and highest."""
    parts = [f"{shape.what:28} {shape.m:5,} x {shape.k:6,} x {shape.n:6,}"]
    for name, rounds in seconds.items():
        median, most, least = (
            shape.n_operations / s / 1e9
            for s in (statistics.median(rounds), min(rounds), max(rounds))
        )
        parts.append(f"{name} {median:5.0f} ({least:.0f} to {most:.0f})")
    return "  ".join(parts)


@click.command()
@click.option("--rounds", type=click.IntRange(min=5), default=9, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Default: both.")
@click.option("--json", "as_json", is_flag=True, help="Print all rounds as JSON.")
def main(rounds: int, threads: int, kinds: tuple[str, ...], as_json: bool) -> None:
    """G operations a second of matrix products: ours, oneDNN's, torch's."""
    import torch

    torch.set_num_threads(threads)
    found: list[dict[str, Any]] = []
    try:
        for kind in kinds or KINDS:
            if not as_json:
                click.echo(f"{kind}, {threads} threads, G operations a second")
            for shape in SHAPES:
                seconds = measure(shape, kind, rounds)
                found.append({**shape._asdict(), "kind": kind, "seconds": seconds})
                if not as_json:
                    click.echo(f"  {line(shape, seconds)}")
    except ToktoolsError as e:
        fail(str(e))
    if as_json:
        click.echo(json.dumps({"threads": threads, "products": found}))


if __name__ == "__main__":
    main(prog_name="python -m experiments.bench.products")
