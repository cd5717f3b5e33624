"""After the last update: evaluation, curves and samples, made from the best weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_lm.data.encoded import EncodedSplit
from lstm_lm.files import write_json
from lstm_lm.runs.curves import save_curves
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.opened import OpenRun
from lstm_lm.sampling.samples import SHOWN, sample_all


def finish(run: OpenRun, validation: EncodedSplit, prompts: Sequence[str]) -> None:
    """Write evaluation.json, curves.png and the samples; without prompts, from nothing."""
    directory = RunDirectory(run.path)
    metrics = directory.read_metrics()
    write_json(
        directory.evaluation,
        {"validation": run.evaluate_split(validation).as_dict(), "best": best_of(metrics)},
    )
    save_curves(metrics, directory.curves, title=run.path.name)
    directory.write_samples(sample_all(run.model, run.tokenizer, prompts or [""], SHOWN))


def best_of(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return step, epoch and loss of the validation with the lowest loss; ties: the first.

    Example:
        >>> lines = [{"step": i, "epoch": i / 2, "validation_loss_nats": 3.0} for i in (4, 8)]
        >>> best_of([{"step": 2}, *lines])
        {'step': 4, 'epoch': 2.0, 'validation_loss_nats': 3.0}
    """
    best = min(
        (line for line in metrics if "validation_loss_nats" in line),
        key=lambda line: line["validation_loss_nats"],
    )
    return {name: best[name] for name in ("step", "epoch", "validation_loss_nats")}
