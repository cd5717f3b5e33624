"""After the last update: evaluation, curves and samples, made from the best weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from lstm_lm.data.encoded import EncodedSplit
from lstm_lm.evaluation.scoring import Evaluation
from lstm_lm.files import write_json, write_text
from lstm_lm.runs.curves import save_curves
from lstm_lm.runs.directory import RunDirectory


class Trained(Protocol):
    """What both backends' runs can do."""

    @property
    def path(self) -> Path:
        """The run directory."""
        ...

    def evaluate_split(self, split: EncodedSplit) -> Evaluation:
        """Score text that is encoded already."""
        ...

    def generate(self, prompts: str | Sequence[str], **settings: Any) -> str | list[str]:
        """Continue prompts."""
        ...


def finish(run: Trained, validation: EncodedSplit, prompts: Sequence[str]) -> None:
    """Write `evaluation.json`, `curves.png` and `samples.txt`; without prompts, from nothing."""
    directory = RunDirectory(run.path)
    metrics = directory.read_metrics()
    write_json(
        directory.evaluation,
        {"validation": run.evaluate_split(validation).as_dict(), "best": best_of(metrics)},
    )
    save_curves(metrics, directory.curves, title=run.path.name)
    write_text(directory.samples, samples_text(run, prompts or [""]))


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


def samples_text(run: Trained, prompts: Sequence[str]) -> str:
    """Return each prompt's argmax and top-k continuation, under headings."""
    parts: list[str] = []
    for strategy, heading in (("argmax", "argmax"), ("top-k", "top-k, k = 5, seed 0")):
        for prompt, text in zip(prompts, run.generate(prompts, strategy=strategy), strict=True):
            parts.append(f"== {heading}: {prompt or '(no prompt)'}\n{text}\n")
    return "\n".join(parts)
