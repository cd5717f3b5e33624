"""A training step of ours beside the plain loop: `python -m experiments.bench.training_step`.

What is timed: forward, backward, clipping and SGD on a batch in memory, ours as the trainer makes
it, the plain loop of `plain_loop.py`, and ours in bfloat16, in turn, on tokens drawn at random.
Each has a process of its own, for what ours asks of the process (that malloc keeps freed memory)
would serve the plain loop too. Both begin with the same weights, and the first losses must agree.
Not timed: imports, the first steps, one step before each round, validation, files. Beside the
seconds stand the operations of the step's matrix products by the second, and what torch, oneDNN,
and what `lstm_lm.products` chooses multiply alone on the same machine. On a GPU a round is
many steps; ours looks at its loss once a round, as the trainer does, and is timed without
recordings too. Memory is the peak of a process that makes one step, less that before the step.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import click

from toktools.command_line import Group, say
from toktools.errors import ToktoolsError


class Size(NamedTuple):
    """What a step is made of: V, units of the embedding and of each layer, layers, B, T."""

    n_vocab: int
    n_units: int
    n_layers: int
    batch_size: int
    bptt: int

    @property
    def n_operations(self) -> int:
        """Multiplications and additions of the matrix products, forward and backward."""
        recurrent = self.n_layers * 4 * self.n_units * 2 * self.n_units
        head = self.n_units * self.n_vocab
        return 6 * (recurrent + head) * self.batch_size * self.bptt


SIZES = {
    "2x200": Size(10_000, 200, 2, 20, 35),
    "2x650": Size(10_000, 650, 2, 64, 70),
    "50,000 words": Size(50_000, 650, 2, 64, 70),
}
LEARNING_RATE, CLIP_NORM = 1.0, 0.25
N_SAME = 5  # steps whose losses are compared
STEPS_ON_GPU = 100  # of a round
Step = Callable[[], Any]
"""Makes a step and returns its loss, as a float or a tensor."""

WAYS = ("plain loop", "ours", "ours, bfloat16")
GPU_WAYS = (*WAYS, "ours, not recorded", "ours, bfloat16, not recorded")


def make_step(size: Size, way: str, device: str = "cpu") -> Step:
    """Return one of the `WAYS` to make a step, with weights of its own that begin the same."""
    import torch

    from experiments.bench.plain_loop import PlainModel, PlainTraining

    torch.manual_seed(0)
    x_TB, y_TB = torch.randint(0, size.n_vocab, (2, size.bptt, size.batch_size))
    plain = PlainModel(size.n_vocab, size.n_units, size.n_layers).to(device)
    if way == "plain loop":
        training = PlainTraining(plain, LEARNING_RATE, CLIP_NORM)
        return lambda: training.step(x_TB.to(device), y_TB.to(device))
    return _ours(size, way, plain.state_dict(), x_TB, y_TB)


def _ours(size: Size, way: str, weights: dict[str, Any], x_TB: Any, y_TB: Any) -> Step:
    from lstm_lm.config import ModelConfig, TrainingConfig
    from lstm_lm.data.batching import Chunk
    from lstm_lm.model import LanguageModel
    from lstm_lm.training.learner import Learner
    from lstm_lm.training.losses import CrossEntropy

    n, n_layers = size.n_units, size.n_layers
    shape = ModelConfig(embedding_size=n, hidden_size=n, n_layers=n_layers, dropout=0.0)
    model = LanguageModel(size.n_vocab, shape).to(weights["head.bias"].device)
    model.load_state_dict(weights)
    config = TrainingConfig(
        optimizer="sgd",
        clip_norm=CLIP_NORM,
        precision="bfloat16" if "16" in way else "float32",
        cuda_graphs="not recorded" not in way,
    )
    learner, chunk = (
        Learner(model, config, CrossEntropy()),
        Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=x_TB.numel(), fresh=False),
    )
    learner.carried.state = model.init_state(size.batch_size)
    return lambda: learner.update(chunk, LEARNING_RATE).nats


class _Worker:
    """One way in a process of its own, which makes a round when it is asked to.

    Attributes: losses: of the first steps.
    """

    def __init__(self, size: Size, way: str, n_threads: int, device: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._way, (self._pipe, its) = way, context.Pipe()
        given = its, size, way, n_threads, device
        self._process = context.Process(target=_make_rounds, args=given, daemon=True)
        self._process.start()
        its.close()
        self.losses: list[float] = self._answer()

    def seconds(self) -> float:
        """Make a round; return how long a step took."""
        self._pipe.send("a round")
        return self._answer()

    def _answer(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError:
            raise ToktoolsError(f"the process of {self._way!r} ended; it says why above") from None

    def stop(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()


def _make_rounds(pipe: Connection, size: Size, way: str, n_threads: int, device: str) -> None:
    """Send the first losses, and then, whenever asked, the seconds of a step."""
    import torch

    torch.set_num_threads(n_threads)
    n_steps = STEPS_ON_GPU if device.startswith("cuda") else 1
    step = make_step(size, way, device)
    pipe.send([float(step()) for _ in range(N_SAME)])
    with suppress(EOFError):
        while pipe.recv():
            float(step())  # the others have had the caches since
            start = time.perf_counter()
            made = [step() for _ in range(n_steps)]
            float(made[-1])  # waits for a GPU
            pipe.send((time.perf_counter() - start) / n_steps)


def measure(size: Size, n_rounds: int, n_threads: int, device: str = "cpu") -> dict[str, Any]:
    """Time the ways in turn, each in its process; return all rounds, losses, rates of products.

    Raises: ToktoolsError if one of the processes ends.
    """
    import torch

    torch.set_num_threads(n_threads)
    on_gpu = device.startswith("cuda")
    workers = {way: _Worker(size, way, n_threads, device) for way in (GPU_WAYS if on_gpu else WAYS)}
    losses = {way: worker.losses for way, worker in workers.items()}
    seconds: dict[str, list[float]] = {way: [] for way in workers}
    products: dict[str, list[float]] = defaultdict(list)
    for _ in range(n_rounds):
        for way, worker in workers.items():
            seconds[way].append(worker.seconds())
        for name, rate in _product_rates(device).items():
            products[name].append(rate)
    for worker in workers.values():
        worker.stop()
    return {
        "size": size._asdict(),
        "n_operations": size.n_operations,
        "device": torch.cuda.get_device_name(device) if on_gpu else f"{n_threads} threads",
        "losses": losses,
        "same_losses": _same(losses["plain loop"], losses["ours"]),
        "seconds": seconds,
        "product_rates": products,
    }


def _product_rates(device: str) -> dict[str, float]:
    """Return operations a second of products of two matrices."""
    import torch

    from lstm_lm.products import has_onednn, product, product_by_onednn

    n = 8192 if device.startswith("cuda") else 2048
    a, b = torch.randn(2, n, n, device=device)
    ways: dict[str, Callable[[], torch.Tensor]] = {
        "torch": lambda: a @ b.t(),
        "as chosen": lambda: product(a, b),
    }
    if device == "cpu" and has_onednn():
        ways["oneDNN"] = lambda: product_by_onednn(a, b)
    rates: dict[str, float] = {}
    for name, multiply in ways.items():
        float(multiply()[0, 0])
        start = time.perf_counter()
        float(multiply()[0, 0])
        rates[name] = 2 * n**3 / (time.perf_counter() - start)
    return rates


def _same(a: list[float], b: list[float]) -> bool:
    return all(abs(x - y) < 1e-4 * x for x, y in zip(a, b, strict=True))


def lines(result: dict[str, Any]) -> list[str]:
    """Return the result as lines of text, medians with the lowest and the highest."""
    size, medians = Size(**result["size"]), {}
    text = [
        f"{size.n_layers} layers of {size.n_units}, batch {size.batch_size}, {size.bptt} steps, "
        f"{size.n_vocab:,} words, {result['device']}, "
        f"{result['n_operations'] / 1e9:.0f} G operations",
        "first losses: " + ("the same" if result["same_losses"] else "DIFFERENT"),
    ]
    for name, seconds in result["seconds"].items():
        medians[name] = statistics.median(seconds)
        text.append(
            f"{name:29}{1e3 * medians[name]:8.1f} ms "
            f"({1e3 * min(seconds):.1f} to {1e3 * max(seconds):.1f}), "
            f"{size.batch_size * size.bptt / medians[name]:8,.0f} tokens/s, "
            f"{result['n_operations'] / medians[name] / 1e9:5.0f} G operations/s, "
            f"{medians['plain loop'] / medians[name]:.2f}x the plain loop"
        )
    for name, rates in result["product_rates"].items():
        text.append(f"products alone, {name}: {statistics.median(rates) / 1e9:.0f} G operations/s")
    return text


def peak_of_a_step(size: Size, way: str) -> int:
    """Make one step in this process; return by how many bytes it raised the peak of its memory."""
    from experiments.bench.memory import peak_bytes

    step = make_step(size, way)
    before = peak_bytes()
    step()
    return peak_bytes() - before


@click.group(cls=Group)
def main() -> None:
    """Time a training step beside a plain loop, and measure its memory."""


@main.command()
@click.option("--size", "names", multiple=True, type=click.Choice([*SIZES]), help="Default: two.")
@click.option("--rounds", default=7, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cuda: a GPU.")
@click.option("--json", "as_json", is_flag=True, help="Print all rounds as JSON.")
def speed(names: tuple[str, ...], rounds: int, threads: int, device: str, as_json: bool) -> None:
    """Seconds of a step: the plain loop's, ours, ours in bfloat16."""
    for name in names or ("2x200", "2x650"):
        result = measure(SIZES[name], rounds, threads, device)
        click.echo(json.dumps(result) if as_json else "\n".join(lines(result)) + "\n")


@main.command()
@click.option("--size", "name", default="50,000 words", type=click.Choice([*SIZES]))
def memory(name: str) -> None:
    """Memory that one step takes: the plain loop's, which holds all logits, and ours."""
    peaks: dict[str, int] = {}
    for way in WAYS:
        code = (
            "from experiments.bench.training_step import SIZES, peak_of_a_step;"
            f"print(peak_of_a_step(SIZES[{name!r}], {way!r}))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        peaks[way] = int(done.stdout)
        share = peaks[way] / peaks["plain loop"]
        click.echo(f"{way:16}{peaks[way] / 1e6:8,.0f} MB, {share:.3f} of the plain loop's")
    say("memory of the step alone: weights and what is imported are not in it")


if __name__ == "__main__":
    main(prog_name="python -m experiments.bench.training_step")
