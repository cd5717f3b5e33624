"""Running a comparison: every tokenizer with every seed, one run directory each, resumable.

The folder of a comparison holds

    plan.json                    what is compared, and the digest of the text
    tokenizers/SLUG.json         each tokenizer, trained once on the train split, and its key
    trials/SLUG/                 trials of learning rates, where they are swept
    runs/SLUG/seed-N/            the run directory of `lstm_lm`, and result.json when it is done
    jobs/SLUG/seed-N/            what the job said, and why it failed if it did
    earlier/                     runs of another version of the code
    results.json, report.html    made anew after a run, if they have not been just before
    cross.json                   what texts cost under other runs, so that it is computed once
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.comparison.cross_scores import cross_scores
from experiments.comparison.inference import statistics_of
from experiments.comparison.jobs.doing import one_by_one, side_by_side
from experiments.comparison.jobs.failure import told
from experiments.comparison.jobs.finished import Settler
from experiments.comparison.jobs.job import Job, Places, jobs_of
from experiments.comparison.jobs.key import Key, run_key, text_digest, tokenizer_key
from experiments.comparison.jobs.lock import locked
from experiments.comparison.jobs.pool import Pool
from experiments.comparison.jobs.status import Overview, overview
from experiments.comparison.jobs.work import Worker, is_read, on_threads, splits_of
from experiments.comparison.plan import Plan, TokenizerSpec
from experiments.comparison.report import write_report
from lstm_lm.files import read_json, write_json
from lstm_lm.training.outcomes import TrainingInterrupted
from toktools.corpus import digest
from toktools.errors import ToktoolsError
from toktools.kernels.threads import n_threads

if TYPE_CHECKING:
    from lstm_lm.training.trainer import OnProgress

Json = dict[str, Any]
Announce = Callable[[str], object]
MAY_CHANGE = ("tokenizers", "seeds", "prompts", "analogies")
"""Parts of a plan that may be more, or others, when a comparison goes on."""


class Comparison:
    """A comparison in its folder; `run` does whatever of it is not done yet.

    Args:
        folder: is made if need be. If it holds an unfinished comparison, that one goes on; more
            tokenizers, seeds, prompts and analogies may be added to it, all else must be the same.
        threads: on how many each run computes, for sums depend on it: 1, or what the folder says.
        say: gets a line at every step.
        on_progress: makes a callback for each run; see `lstm_lm.training.trainer.OnProgress`.
    Raises: ToktoolsError if the folder holds another comparison or the text has changed.
    """

    def __init__(
        self,
        folder: str | Path,
        plan: Plan,
        *,
        threads: int | None = None,
        say: Announce = lambda line: None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.folder, self.plan = Path(folder), plan
        self._places = Places(folder)
        self._say, self._on_progress = say, on_progress
        self._corpus = plan.open()
        self._splits = splits_of(self._corpus)
        self._failures: dict[Job, Json] = {}
        self._next_write, self._is_behind = 0.0, False  # when to gather results, and what is left
        recorded = read_json(self._places.plan) if self._places.plan.exists() else {}
        self.threads = threads or recorded.get("threads", 1)
        self._record = {
            "plan": plan.to_json(),
            "name": self._corpus.name,
            "digests": {name: digest(split) for name, split in self._splits.items()},
            "threads": self.threads,
        }
        self._check_same()

    def run(
        self,
        *,
        at_once: int | None = None,
        stores: Sequence[Path] = (),
        accept_other_code: bool = False,
        on_look: Callable[[Overview], object] | None = None,
    ) -> Json:
        """Do every run that is not done, and write results and report now and then, and at the end.

        Args:
            at_once: do so many jobs at a time, each in a process of its own; by default one by one
                in this process. Figures do not depend on it, only times do.
            stores: folders with comparisons whose finished runs are taken over where all that they
                depend on is the same: see `experiments.comparison.jobs.key`.
            accept_other_code: take runs that other versions of the code finished or began, too.
            on_look: called a few times a second with how far all jobs are, if they run at once.
        Returns: what `results.json` holds.
        Raises:  TrainingInterrupted when stopped; the same call goes on from there. ToktoolsError
            if another process is at work in the folder.
        """
        with locked(self._places.lock) as lock:
            self._check_same()
            write_json(self._places.plan, self._record)
            keys = self._keys()
            self._settle(keys, tuple(stores), accept_other_code)
            todo = self._todo(accept_other_code)
            for job in todo:
                self._places.failure(job).unlink(missing_ok=True)
            order = {job: keys[job].as_dict() for job in todo}
            try:
                if at_once is None:
                    self._do_here(todo, order, accept_other_code)
                else:
                    self._warn(at_once)
                    with Pool(self._places, at_once, threads=self.threads, lock=lock) as pool:
                        self._do_in(pool, todo, order, accept_other_code, on_look)
            except TrainingInterrupted:
                if self._is_behind:
                    self._next_write = 0.0
                    self._write_so_far()
                raise
            return self.write()

    def write(self) -> Json:
        """Gather the results there are, write `results.json` and `report.html`, return results."""
        runs = list(self._results())
        with on_threads(self.threads):  # as the runs themselves score
            cross = cross_scores(
                runs,
                lambda run: self._places.run(Job(TokenizerSpec(run["tokenizer"]), run["seed"])),
                held_out=self._splits["validation"],
                kept=self._places.cross,
            )
        results = {
            **self._record,
            "budget": self.plan.held(),
            "runs": runs,
            "statistics": statistics_of(self.folder, runs),
            "cross": cross,
        }
        write_json(self._places.results, results)
        write_report(results, self._places.report)
        return results

    def _results(self) -> Iterator[Json]:
        for spec in self.plan.tokenizers:
            for seed in self.plan.seeds:
                job = Job(spec, seed)
                identity = {"tokenizer": spec.text, "title": spec.title, "seed": seed}
                if self._places.is_done(job):
                    result = read_json(self._places.result(job))
                    yield identity | result | {"key": result.get("key", {}).get("digest")}
                elif job in self._failures:
                    yield identity | self._failures[job]
                elif self._places.failure(job).exists():
                    yield identity | read_json(self._places.failure(job))

    # What is to be done

    def _keys(self) -> dict[Job, Key]:
        """Return the key of every job."""
        texts = {name: text_digest(split) for name, split in self._splits.items()}
        keys: dict[Job, Key] = {}
        for job in jobs_of(self.plan):
            key = run_key(self.plan, job, texts, threads=self.threads)
            keys[job] = tokenizer_key(key.as_dict()) if job.seed is None else key
        return keys

    def _settle(self, keys: dict[Job, Key], stores: tuple[Path, ...], any_code: bool) -> None:
        """Take over what is done, and say what was found."""
        runs = {job: key for job, key in keys.items() if job.seed is not None}
        found = Settler(self._places, stores, any_code).settle(runs)
        for job, source in found.taken.items():
            self._say(f"{job.title}: taken over from {source}")
        if found.other_code:
            n = len(found.other_code)
            runs_are = "finished run is" if n == 1 else "finished runs are"
            self._say(
                f"{n} {runs_are} of another version of the code, and trained anew; "
                "--accept-other-code takes what is there"
            )

    def _todo(self, any_code: bool) -> list[Job]:
        """Return the runs that are not done, and in front of them the tokenizers that they need."""
        runs = [job for job in jobs_of(self.plan) if job.seed is not None]
        open_runs = [job for job in runs if self._is_open(job, any_code)]
        needed = {job.needs for job in open_runs}
        return [
            job
            for job in jobs_of(self.plan)
            if job in open_runs or (job in needed and not self._places.is_done(job))
        ]

    def _is_open(self, job: Job, any_code: bool) -> bool:
        """Whether a run is to be done, or to be read again, for other prompts or by other code."""
        path = self._places.result(job)
        return not (path.exists() and is_read(read_json(path), self.plan, any_code=any_code))

    # Doing it

    def _do_here(self, todo: list[Job], order: dict[Job, Json], accept_other_code: bool) -> None:
        worker = Worker(
            self._places,
            self.plan,
            self._corpus,
            self._splits,
            accept_other_code=accept_other_code,
            on_progress=self._on_progress,
        )
        with on_threads(self.threads):
            one_by_one(todo, worker, order, self._announcing(todo), self._note)

    def _do_in(
        self,
        pool: Pool,
        todo: list[Job],
        order: dict[Job, Json],
        accept_other_code: bool,
        on_look: Callable[[Overview], object] | None,
    ) -> None:
        announce = self._announcing(todo)

        def start(job: Job) -> None:
            announce(job)
            pool.start(job, order[job], accept_other_code=accept_other_code)

        def look() -> None:
            if on_look is not None:
                on_look(overview(self.folder))

        side_by_side(todo, pool, start, self._note, on_look=look)

    def _warn(self, at_once: int) -> None:
        """Say where jobs side by side are not fair to each other, or slow."""
        if at_once > 1 and self.plan.held()["equal"] == "seconds":
            self._say(
                f"warning: the budget is time, and {at_once} runs at once share the machine: what "
                "each gets done in it depends on the others; give --jobs 1"
            )
        if at_once * self.threads > n_threads():
            self._say(
                f"warning: {at_once} runs at once on {self.threads} threads each are more than the "
                f"{n_threads()} cores; all will be slower"
            )

    def _announcing(self, todo: list[Job]) -> Callable[[Job], None]:
        """Return what says that a job begins."""

        numbers = count(1)

        def announce(job: Job) -> None:
            self._say(f"[{next(numbers)}/{len(todo)}] {job.title}")

        return announce

    def _note(self, job: Job, failure: Json | None) -> None:
        """Take note of how a job ended, and write the results there are now."""
        if failure is not None:
            self._say(f"  failed: {job.title}: {failure['error']}")
            self._failures[job] = failure
            with suppress(OSError, ToktoolsError):  # a full disk: the report has it all the same
                self._places.failure(job).parent.mkdir(parents=True, exist_ok=True)
                write_json(self._places.failure(job), failure)
        elif job.seed is not None:
            result = read_json(self._places.result(job))
            self._say(
                f"  {job.title}: {result['test']['bits_per_byte']:.3f} bits per byte, "
                f"perplexity {result['test']['perplexity']:,.1f} per token, "
                f"{result['training_seconds']:.0f} s"
            )
            self._write_so_far()

    def _write_so_far(self) -> None:
        """Write the results there are, unless that would take over a tenth of the time.

        Where the disk is full, the other runs still go on.
        """
        began = time.monotonic()
        self._is_behind = began < self._next_write
        if self._is_behind:
            return
        try:
            self.write()
        except (OSError, ToktoolsError) as e:
            self._say(f"  {self._places.results}: cannot be written now: {told(e)}")
        ended = time.monotonic()
        self._next_write = ended + 9 * (ended - began)

    def _check_same(self) -> None:
        """Raise ToktoolsError unless the folder is free or holds this same comparison."""
        path = self._places.plan
        if not path.exists():
            held = self.folder.iterdir() if self.folder.exists() else ()
            if any(entry != self._places.lock for entry in held):
                raise ToktoolsError(f"{self.folder}: is not empty and holds no comparison")
            return
        recorded = read_json(path)
        old = _settings(
            Plan.from_json(recorded["plan"]).to_json(), recorded.get("threads", self.threads)
        )
        new = _settings(self._record["plan"], self.threads)
        for name in new:
            if old.get(name) != new[name]:
                raise ToktoolsError(
                    f"{self.folder}: holds a comparison whose {name} is {old.get(name)!r}, got "
                    f"{new[name]!r}; choose another folder"
                )
        if recorded["digests"] != self._record["digests"]:
            raise ToktoolsError(
                f"{self.folder}: the text has changed since this comparison began; "
                "choose another folder"
            )


def _settings(plan: Json, threads: int) -> Json:
    """Return, under one flat name each, what must stay the same when a comparison goes on."""
    fixed = {name: value for name, value in plan.items() if name not in MAY_CHANGE}
    parts = {part: fixed.pop(part) for part in ("corpus", "model", "training")}
    flat = {f"{part}.{k}": v for part, values in parts.items() for k, v in values.items()}
    return fixed | flat | {"threads": threads}


def load_results(folder: str | Path) -> Json:
    """Read `results.json` of a comparison; ToktoolsError if there is none."""
    return read_json(Path(folder) / "results.json")
