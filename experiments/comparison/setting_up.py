"""From the plan and a tokenizer to the model and the training of one run.

The network is the plan's, but for what the budget adjusts; the training the plan's, as long as the
budget says, with the learning rate that the trials found where rates are swept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.comparison.flops import size_of
from experiments.comparison.plan import Plan
from experiments.comparison.sweep import best_rate, trial_folder
from lstm_lm.config import ModelConfig, TrainingConfig, to_json
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import EncodedSplit
from lstm_lm.files import read_json, write_json
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.run import train
from lstm_lm.runs.source import source_digest
from lstm_lm.training.outcomes import TrainingDivergedError
from lstm_lm.training.trainer import OnProgress
from toktools.corpus import Corpus, digest
from toktools.tokenizer import Tokenizer

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How one run is made. Attributes: trials: as `result.json` has them; empty without a sweep."""

    model: ModelConfig
    training: TrainingConfig
    trials: list[Json]


def set_up(
    plan: Plan,
    corpus: Corpus,
    tokenizer: Tokenizer,
    train_split: EncodedSplit,
    *,
    seed: int,
    trials: Path,
    on_progress: OnProgress | None = None,
) -> Setup:
    """Fit model and training to the budget, and find the learning rate if the plan sweeps it.

    Args:
        corpus: with its splits. train_split: as the tokenizer cuts it.
        trials: the folder for this tokenizer's trials; what is done there already stays.
    Raises: ToktoolsError if the budget cannot be met, or training diverged in every trial;
            TrainingInterrupted when stopped in a trial, with all of it saved.
    """
    model, training = fitted(plan, tokenizer, train_split, seed=seed)
    if plan.sweep is None:
        return Setup(model=model, training=training, trials=[])
    trial = _Trial(trials, model, corpus, tokenizer, train_split, on_progress)
    with _one_at_a_time(trials):
        made = [trial.make(shorter) for shorter in plan.sweep.trainings(training)]
    rated = replace(training, learning_rate=best_rate(made))
    return Setup(model=model, training=rated, trials=made)


def fitted(
    plan: Plan, tokenizer: Tokenizer, train_split: EncodedSplit, *, seed: int
) -> tuple[ModelConfig, TrainingConfig]:
    """Return model and training as the budget has them, with the plan's learning rate."""
    model = plan.budget.fit_model(plan.model, tokenizer.n_vocab)
    training = plan.training_for(train_split.total_bytes / train_split.n_tokens, seed)
    return model, plan.budget.fit_training(
        training,
        make_batches(train_split, training, eos_id=tokenizer.require_eos()),
        n_bytes=train_split.total_bytes,
        flops_per_token=size_of(model, tokenizer.n_vocab).flops_per_token,
    )


@dataclass(frozen=True)
class _Trial:
    """Makes trials of one tokenizer."""

    folder: Path
    model: ModelConfig
    corpus: Corpus
    tokenizer: Tokenizer
    train_split: EncodedSplit
    on_progress: OnProgress | None

    def make(self, training: TrainingConfig) -> Json:
        """Train once, unless that is done, and return the rate and its validation bits per byte.

        None stands for the bits where training diverged.
        """
        directory = RunDirectory(trial_folder(self.folder, training, self._given()))
        done = directory.path / "trial.json"
        if not done.exists():
            write_json(done, self._trained(directory, training))
        return read_json(done)

    def _given(self) -> Json:
        """Return what a trial depends on besides its training."""
        return {
            "model": to_json(self.model),
            "train": self.train_split.digest(),
            "validation": digest(self.corpus.split("validation")),
            "code": source_digest(),
        }

    def _trained(self, directory: RunDirectory, training: TrainingConfig) -> Json:
        directory.remove_leftovers()
        begun = directory.last.exists()
        bits: float | None = None
        try:
            train(
                directory.path,
                self.corpus,
                self.tokenizer,
                model=self.model,
                training=training,
                resume=begun,
                overwrite=not begun,
                encoded={"train": self.train_split},
                on_progress=self.on_progress,
            )
            bits = read_json(directory.evaluation)["validation"]["bits_per_byte"]
        except TrainingDivergedError:
            directory.path.mkdir(parents=True, exist_ok=True)
        return {"learning_rate": training.learning_rate, "validation_bits_per_byte": bits}


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait while another process is at the same trials: it makes them for all seeds."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
