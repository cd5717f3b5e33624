"""One job, done in this process: a tokenizer trained, or a model trained and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.comparison.jobs.job import Job, Places
from experiments.comparison.jobs.key import source_of
from experiments.comparison.plan import Plan
from lstm_lm.files import read_json, write_json
from lstm_lm.runs.directory import RunDirectory
from toktools import load as load_tokenizer
from toktools.corpus import Corpus
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.training.trainer import OnProgress

Json = dict[str, Any]
READING = ("analogies", "one_run", "token_log", "pays", "quality", "flops")
"""Modules of `experiments.comparison` that say what is asked of a trained model."""


def splits_of(corpus: Corpus) -> dict[str, Corpus]:
    """Return the splits; where there is no test split, validation stands in for it."""
    splits = {name: corpus.split(name) for name in ("train", "validation")}
    try:
        test = corpus.split("test")
        next(iter(test))
    except ToktoolsError:
        test = splits["validation"]
    return {**splits, "test": test}


@dataclass(frozen=True)
class Worker:
    """Does the jobs of one comparison.

    Attributes:
        places, plan: of the comparison. corpus, splits: its text.
        accept_other_code: go on with a run that other code began.
        on_progress: see `lstm_lm.training.trainer.OnProgress`.
    """

    places: Places
    plan: Plan
    corpus: Corpus
    splits: Mapping[str, Corpus]
    accept_other_code: bool = False
    on_progress: OnProgress | None = None

    def do(self, job: Job, key: Json) -> None:
        """Do a job; go on where an earlier attempt was stopped.

        Args:   key: of the job, as `Key.as_dict` gives it; written beside what is made.
        Raises: ToktoolsError if it cannot be done; TrainingInterrupted when stopped, all saved.
        """
        if job.seed is None:
            self._train_tokenizer(job, key)
        else:
            write_json(self.places.result(job), self._train_model(job, job.seed, key))

    def _train_tokenizer(self, job: Job, key: Json) -> None:
        path = self.places.tokenizer(job.spec)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # or a key would stand beside the file of another
        write_json(self.places.tokenizer_key(job.spec), key)
        job.spec.make(self.splits["train"]).save(path)

    def _train_model(self, job: Job, seed: int, key: Json) -> Json:
        """Train a model, or take it up again, and return what `result.json` holds."""
        from experiments.comparison.one_run import result_of
        from experiments.comparison.setting_up import set_up
        from lstm_lm.data.encoded import encode_split
        from lstm_lm.runs.run import train

        tokenizer = load_tokenizer(self.places.tokenizer(job.spec))
        train_split = encode_split(tokenizer, self.splits["train"], name="the train split")
        directory = RunDirectory(self.places.run(job))
        directory.remove_leftovers()  # of a process that was killed before it wrote config.json
        begun = directory.last.exists()
        setup = set_up(
            self.plan,
            self.corpus,
            tokenizer,
            train_split,
            seed=seed,
            trials=self.places.trials(job.spec),
            on_progress=self.on_progress,
        )
        run = train(
            directory.path,
            self.corpus,
            tokenizer,
            model=setup.model,
            training=setup.training,
            prompts=self.plan.prompts,
            resume=begun,
            overwrite=not begun,
            accept_other_code=begun and self.accept_other_code,
            encoded={"train": train_split},
            record={"key": key},
            on_progress=self.on_progress,
        )
        figures = result_of(run, self.plan, train_split=train_split, splits=self.splits)
        trial = {"trial": setup.trials} if setup.trials else {}
        return {**figures, **trial, "key": run.config["key"], "read": reading(self.plan)}


@contextmanager
def on_threads(n: int) -> Iterator[None]:
    """Multiply matrices on `n` threads while the block runs: sums depend on it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def reading(plan: Plan) -> Json:
    """Return what is asked of a trained model, and by which code.

    A run that was asked otherwise is read again.
    """
    asked = {name: plan.to_json()[name] for name in ("prompts", "analogies", "sample_bytes")}
    return {**asked, "code": source_of(READING)}


def is_read(result: Json, plan: Plan, *, any_code: bool = False) -> bool:
    """Whether what `result.json` holds is what the plan asks for."""
    found, asked = dict(result.get("read", {})), reading(plan)
    if any_code:
        found.pop("code", None)
        asked.pop("code")
    return found == asked


def open_worker(folder: str, **options: Any) -> Worker:
    """Return the worker of the comparison that is recorded in `folder`."""
    places = Places(folder)
    plan = Plan.from_json(read_json(places.plan)["plan"])
    corpus = plan.open()
    return Worker(places, plan, corpus, splits_of(corpus), **options)
