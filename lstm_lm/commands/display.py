"""What the command line shows: a bar while training, and a table of an evaluation."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from lstm_lm.evaluation.scoring import Evaluation
    from lstm_lm.runs.run import Run
    from lstm_lm.training.trainer import OnProgress


@contextmanager
def training_bar(*, lines: bool = True) -> Iterator[OnProgress]:
    """Show loss, tokens a second and time left while the block runs, and a line per validation.

    Goes to standard error; without a terminal there is no bar, only the lines, if `lines`.
    """
    console = Console(stderr=True, highlight=False)
    progress = Progress(
        TextColumn("training"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task("training", total=1.0, figures="")

        def on_progress(fraction: float, record: Mapping[str, Any] | None) -> None:
            progress.update(task, completed=fraction)
            if record is not None:
                progress.update(task, figures=_figures(record))
                if lines and record["event"] == "validation":
                    progress.console.print(validation_line(record), soft_wrap=True)
                if lines and "sample" in record:
                    progress.console.print(sample_line(record), soft_wrap=True, markup=False)

        yield on_progress


def _figures(record: Mapping[str, Any]) -> str:
    return f"loss {record['train_loss_nats']:.3f}, {record['tokens_per_second']:,.0f} tokens/s"


def validation_line(record: Mapping[str, Any]) -> str:
    """Return a validation event of metrics.jsonl as one line for people."""
    loss_nats = record["validation_loss_nats"]
    return (
        f"{record['progress']:4.0%}  epoch {record['epoch']:.2f}  "
        f"train loss {record['train_loss_nats']:.3f}  validation {loss_nats:.3f} nats, "
        f"perplexity {_perplexity(loss_nats)}, {record['validation_bits_per_byte']:.3f} bits/byte  "
        f"{record['tokens_per_second']:,.0f} tokens/s"
    )


def sample_line(record: Mapping[str, Any]) -> str:
    """Return a sample of metrics.jsonl for people."""
    probability = record["mean_target_probability"]
    return f"step {record['step']}, mean target probability {probability:.3f}: {record['sample']}"


def _perplexity(loss_nats: float) -> str:
    return f"{math.exp(loss_nats):,.4g}" if loss_nats < 700 else "inf"


def print_evaluation(evaluation: Evaluation, *, title: str, n_vocab: int) -> None:
    """Print the figures of an evaluation as a table on standard output; how, if not plainly."""
    e = evaluation
    table = Table(
        title=title, title_justify="left", title_style="bold", show_header=False, box=None
    )
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim")
    charged = "with the spelling of <ANY>" if e.n_any else ""
    rows = [
        ("bits per byte", f"{e.bits_per_byte:.4f}", charged or "compare tokenizers by this"),
        ("  uncharged", f"{e.bits_per_byte_uncharged:.4f}", "<ANY> spells nothing"),
        ("bits per character", f"{e.bits_per_character:.4f}", charged),
        ("  uncharged", f"{e.bits_per_character_uncharged:.4f}", "<ANY> spells nothing"),
        ("loss", f"{e.loss_nats:.4f}", "nats per token"),
        ("perplexity", f"{_perplexity(e.loss_nats)}", f"per token, of {n_vocab:,}"),
        ("OOV rate", f"{e.oov_rate:.2%}", f"{e.n_words_hidden:,} of {e.n_words:,} words"),
        ("tokens", f"{e.n_tokens:,}", f"{e.n_any:,} of them <ANY>" if e.n_any else ""),
        ("bytes", f"{e.n_bytes:,}", "of source text, document ends included"),
        ("characters", f"{e.n_characters:,}", ""),
        ("documents", f"{e.n_documents:,}", ""),
    ]
    for name, figure, note in rows:
        if e.n_any or "uncharged" not in name:
            table.add_row(name, figure, note)
    console = Console(highlight=False)
    console.print(table)
    if e.way:
        console.print(f"Scored with {e.way}.", style="yellow", soft_wrap=True)
    if e.caveat:
        console.print(f"Note: {e.caveat}.", style="yellow", soft_wrap=True)


def print_run(run: Run) -> None:
    """Print what came of a training, and where everything is."""
    from lstm_lm.evaluation.scoring import Evaluation
    from lstm_lm.files import read_json

    recorded, last = read_json(run.path / "evaluation.json"), run.metrics[-1]
    print_evaluation(
        Evaluation.from_dict(recorded["validation"]),
        title=f"{run.path.name}: validation split",
        n_vocab=run.tokenizer.n_vocab,
    )
    print(
        f"\n{run.model.n_parameters:,} parameters, {last['step']:,} updates, "
        f"{last['tokens_seen']:,} tokens in {last['training_seconds']:,.0f} s of training"
    )
    stopped = "; stopped early" if last.get("stopped_early") else ""
    print(f"best     epoch {recorded['best']['epoch']:.2f} of {last['epoch']:.2f}{stopped}")
    for what, name in (("model", "model.safetensors"), ("curves", "curves.png")):
        print(f"{what:9}{run.path / name}")
    print(f"samples  {run.path / 'samples.txt'}")


def print_seeds(summary: Mapping[str, Any], *, title: str) -> None:
    """Print the figures of each seed, and their mean and spread, as a table."""
    names = list(summary["summary"])
    table = Table(title=f"{title}: validation split", title_justify="left", title_style="bold")
    table.add_column("seed")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for run in summary["runs"]:
        table.add_row(str(run["seed"]), *(f"{run[name]:.4g}" for name in names))
    table.add_section()
    for statistic in ("mean", "standard_deviation"):
        values = [summary["summary"][name][statistic] for name in names]
        cells = ["-" if value is None else f"{value:.4g}" for value in values]
        table.add_row(statistic.replace("_", " "), *cells)
    Console(highlight=False).print(table)
