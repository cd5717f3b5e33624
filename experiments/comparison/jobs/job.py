"""What a comparison has to do: train each tokenizer once, then a model for each seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experiments.comparison.plan import Plan, TokenizerSpec
from toktools.errors import lookup


@dataclass(frozen=True)
class Job:
    """One tokenizer to be trained, or one model on it.

    Attributes: spec: the tokenizer. seed: of the model; None if the tokenizer is to be trained.
    Example:
        >>> Job(TokenizerSpec("bpe:300"), 1).name, Job(TokenizerSpec("bpe:300")).title
        ('bpe-300/seed-1', 'BPE 300: tokenizer')
    """

    spec: TokenizerSpec
    seed: int | None = None

    @property
    def name(self) -> str:
        """A path below the folders of runs and of jobs."""
        last = "tokenizer" if self.seed is None else f"seed-{self.seed}"
        return f"{self.spec.slug}/{last}"

    @property
    def title(self) -> str:
        """What people read."""
        title = self.spec.title
        return f"{title}: tokenizer" if self.seed is None else f"{title}, seed {self.seed}"

    @property
    def needs(self) -> Job | None:
        """The job that must be done before."""
        return None if self.seed is None else Job(self.spec)


def jobs_of(plan: Plan) -> list[Job]:
    """Return all jobs: each tokenizer in front of its first run, the first seeds of all first.

    Example:
        >>> plan = Plan(corpus={}, tokenizers=(TokenizerSpec("byte"),), seeds=(0, 1))
        >>> [job.name for job in jobs_of(plan)]
        ['byte/tokenizer', 'byte/seed-0', 'byte/seed-1']
    """

    def each() -> Iterator[Job]:
        for seed in plan.seeds:
            for spec in plan.tokenizers:
                if seed == plan.seeds[0]:
                    yield Job(spec)
                yield Job(spec, seed)

    return list(each())


def job_named(plan: Plan, name: str) -> Job:
    """Return the job of that name; ToktoolsError lists all if there is none."""
    return lookup(name, {job.name: job for job in jobs_of(plan)}, what="job")


class Places:
    """Where everything is in the folder of a comparison. Nothing is read or written.

    Example:
        >>> Places(Path("runs/x")).run(Job(TokenizerSpec("bpe:300"), 1)).as_posix()
        'runs/x/runs/bpe-300/seed-1'
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.plan = self.folder / "plan.json"
        self.results = self.folder / "results.json"
        self.report = self.folder / "report.html"
        self.cross = self.folder / "cross.json"
        self.lock = self.folder / ".lock"
        self.running = self.folder / "jobs" / "running.json"
        self.earlier = self.folder / "earlier"

    def tokenizer(self, spec: TokenizerSpec) -> Path:
        """A trained tokenizer."""
        return self.folder / "tokenizers" / f"{spec.slug}.json"

    def tokenizer_key(self, spec: TokenizerSpec) -> Path:
        """What it was trained on and by; see `Key`."""
        return self.folder / "tokenizers" / f"{spec.slug}.key.json"

    def run(self, job: Job) -> Path:
        """The run directory of a model."""
        return self.folder / "runs" / job.name

    def trials(self, spec: TokenizerSpec) -> Path:
        """The trials of learning rates of a tokenizer."""
        return self.folder / "trials" / spec.slug

    def result(self, job: Job) -> Path:
        """The figures of a finished run; they are there once it is done."""
        return self.run(job) / "result.json"

    def log(self, job: Job) -> Path:
        """What the latest attempt at a job said."""
        return self.folder / "jobs" / job.name / "log.txt"

    def failure(self, job: Job) -> Path:
        """Why the latest attempt failed, if it did."""
        return self.folder / "jobs" / job.name / "failure.json"

    def is_done(self, job: Job) -> bool:
        """Whether what a job makes is there."""
        return (self.tokenizer(job.spec) if job.seed is None else self.result(job)).exists()
