"""Trainings that others have described, done as their presets say, beside the figures they state.

An experiment is a list of trials: a preset, and what is changed of its training. Every trial is a
run directory; a finished one is kept and an interrupted one goes on, so that the same command ends
what it began. Source: that of each preset, `lstm_lm.presets`.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lstm_lm.config import SamplingConfig
from lstm_lm.files import read_json, write_json
from lstm_lm.presets import PRESETS, Preset, preset
from lstm_lm.runs.backends import load, trainer
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.seeds import check_seeds
from toktools.corpus import Corpus, open_corpus
from toktools.errors import ToktoolsError
from toktools.registry import trainer as tokenizer_trainer
from toktools.tokenizer import Tokenizer

Json = dict[str, Any]
PROCESSOR = "processor.json"
PASSAGE = 250
"""Tokens of the passage that is drawn from every model, whatever ends in between."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training of an experiment.

    Attributes:
        title: its name in tables. name: its preset's. changes: fields of the preset's training
        that are other here.
    """

    title: str
    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    def preset(self, *, seed: int, epochs: float | None) -> Preset:
        """Return the preset with the changes, a seed and, unless None, a number of epochs."""
        chosen = preset(self.name)
        changes = {**self.changes, "seed": seed} | ({} if epochs is None else {"epochs": epochs})
        training = dataclasses.replace(chosen.training, **changes)
        return dataclasses.replace(chosen, training=training)


def _alone(name: str) -> tuple[Trial, ...]:
    return (Trial(title=name, name=name),)


def _plays(title: str, optimizer: str, rate: float) -> Trial:
    changes = {"optimizer": optimizer, "learning_rate": rate}
    return Trial(title=title, name="shakespeare-numpy", changes=changes)


EXPERIMENTS: dict[str, tuple[Trial, ...]] = {
    "headlines": _alone("headlines-std-small") + _alone("headlines-tbptt-small"),
    "shakespeare": (
        _plays("NumPy, Adam 0.003", "adam", 3e-3),
        _plays("NumPy, Adam 0.03", "adam", 3e-2),
        _plays("NumPy, Adagrad 0.003", "adagrad", 3e-3),
        _plays("NumPy, Adagrad 0.1", "adagrad", 0.1),
        _plays("NumPy, SGD 0.1", "sgd", 0.1),
        _plays("NumPy, SGD 2", "sgd", 2.0),
        Trial(title="PyTorch, Adam 0.003", name="shakespeare-torch"),
    ),
    "ptb": _alone("ptb-small"),
    **{name: _alone(name) for name in PRESETS},
}
"""What `python -m experiments reproduce` can do by presets: by topic, or one preset alone."""


def measure(
    name: str,
    source: str,
    folder: Path,
    *,
    seeds: Sequence[int],
    epochs: float | None,
    limit: int | None,
    say: Callable[[str], object],
) -> Json:
    """Run every trial of an experiment with every seed; what `folder` has already is not run again.

    Args:    source: the text, read as the presets say; limit: only so many documents of it.
             epochs: in the place of the presets'. say: gets a line as each run begins.
    Returns: {"name", "corpus", "runs"}: of each run preset, curve, figures and samples.
    Raises:  ToktoolsError at bad seeds, or where the folder holds other runs.
    """
    check_seeds(seeds)
    if epochs is not None and not epochs > 0:
        raise ToktoolsError(f"--epochs must be > 0, got {epochs}")
    runs: list[Json] = []
    corpora = set[str]()
    for trial in EXPERIMENTS[name]:
        for seed in seeds:
            chosen = trial.preset(seed=seed, epochs=epochs)
            corpus = open_corpus(source, **chosen.reading, limit=limit)
            corpora.add(corpus.name)
            path = folder / trial.title.replace(", ", "-").replace(" ", "-") / f"seed-{seed}"
            say(f"{trial.title}, seed {seed}: {path}")
            run_trial(path, chosen, corpus)
            about = {"title": trial.title, "preset": trial.name, "seed": seed}
            runs.append(about | figures(path, chosen, corpus))
    return {"name": name, "corpus": {"name": ", ".join(corpora), "limit": limit}, "runs": runs}


def run_trial(path: Path, chosen: Preset, corpus: Corpus) -> None:
    """Train, or go on, or leave a finished run as it is.

    A run done in one go leaves `processor.json` beside its other files: the processor's seconds of
    this process at every validation, all since the start of training.
    """
    directory = RunDirectory(path)
    begun = directory.config.exists()
    if directory.evaluation.exists():
        recorded = directory.read_config()["training"]
        if type(chosen.training)(**recorded) != chosen.training:
            raise ToktoolsError(f"{path}: holds a run with other options; choose another --output")
        return
    tokenizer = _tokenizer(chosen, corpus)
    seconds: list[float] = []
    start = time.process_time()

    def note(progress: float, record: Mapping[str, Any] | None) -> None:
        if record is not None and record["event"] == "validation":
            seconds.append(round(time.process_time() - start, 3))

    trainer(chosen.backend)(
        *(path, corpus, tokenizer),
        model=chosen.model,
        training=chosen.training,
        prompts=chosen.prompts,
        resume=begun,
        on_progress=note,
    )
    if not begun:
        write_json(path / PROCESSOR, {"seconds": seconds})


def _tokenizer(chosen: Preset, corpus: Corpus) -> Tokenizer:
    """Train the preset's tokenizer on the training split."""
    train = tokenizer_trainer(chosen.tokenizer)
    return train(corpus.split("train"), **chosen.tokenizer_options)


def figures(path: Path, chosen: Preset, corpus: Corpus) -> Json:
    """Return what a finished run came to: curve, validation, test, samples.

    The passage is drawn with seed 0, so the same weights give it again.
    """
    run, directory = load(path), RunDirectory(path)
    evaluated = read_json(directory.evaluation)
    return {
        "configuration": chosen.to_json(),
        "n_vocab": run.tokenizer.n_vocab,
        "n_parameters": run.model.n_parameters,
        "data": run.config["data"],
        "environment": run.config["environment"],
        "curve": curve(run.metrics),
        "validation": evaluated["validation"],
        "best_epoch": evaluated["best"]["epoch"],
        "test": run.evaluate(corpus.split("test"), name="the test split").as_dict(),
        "samples": directory.samples.read_text("utf-8"),
        "generations": generations(directory),
        "passage": run.generate(chosen.prompts[0], strategy="sample", stop_on=str(PASSAGE)),
        "cpu_seconds": cpu_seconds(path),
    }


def generations(directory: RunDirectory) -> list[Json]:
    """Return the texts of a finished run: prompt, strategy, the text, what ended it."""
    lines = directory.sample_records.read_text("utf-8").splitlines()
    return [
        {
            "prompt": record["prompt"],
            "strategy": SamplingConfig(**record["settings"]).title,
            "text": record["text"],
            "stopped": record["stopped"],
        }
        for record in map(json.loads, lines)
    ]


def cpu_seconds(path: Path) -> list[float] | None:
    """Return the processor's seconds at every validation; None if the run was interrupted."""
    return read_json(path / PROCESSOR)["seconds"] if (path / PROCESSOR).exists() else None


def curve(metrics: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return a point for each validation, with the mean training loss since the one before.

    Example:
        >>> lines = [{"event": "log", "tokens_seen": 10, "train_loss_nats": 4.0}]
        >>> lines += [{"event": "validation", "tokens_seen": 20, "train_loss_nats": 2.0,
        ...            "epoch": 1.0, "training_seconds": 3.0, "validation_loss_nats": 2.5,
        ...            "validation_bits_per_byte": 1.0, "learning_rate": 0.1}]
        >>> curve(lines)[0]["train_loss_nats"]
        3.0
    """
    points, nats, before, since = list[Json](), 0.0, 0, 0
    for line in metrics:
        nats += line["train_loss_nats"] * (line["tokens_seen"] - before)
        before = line["tokens_seen"]
        if line["event"] != "validation":
            continue
        kept = (
            "epoch",
            "training_seconds",
            "learning_rate",
            "validation_loss_nats",
            "validation_bits_per_byte",
        )
        points.append({**{k: line[k] for k in kept}, "train_loss_nats": nats / (before - since)})
        nats, since = 0.0, before
    return points
