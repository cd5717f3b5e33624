"""Running a comparison: every tokenizer with every seed, one run directory each, resumable.

The folder of a comparison holds

    plan.json                    what is compared, and the digest of the text
    tokenizers/SLUG.json         each tokenizer, trained once on the train split
    trials/SLUG/                 trials of learning rates, where they are swept
    runs/SLUG/seed-N/            the run directory of `lstm_lm`, and result.json when it is done
    results.json, report.html    made anew after every run
    cross.json                   what texts cost under other runs, so that it is computed once
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from experiments.comparison.cross_scores import cross_scores
from experiments.comparison.inference import statistics_of
from experiments.comparison.one_run import result_of
from experiments.comparison.plan import Plan, TokenizerSpec
from experiments.comparison.report import write_report
from experiments.comparison.setting_up import set_up
from lstm_lm.data.encoded import encode_split
from lstm_lm.files import read_json, write_json
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.run import train as train_model
from lstm_lm.training.trainer import OnProgress
from toktools import load as load_tokenizer
from toktools.corpus import Corpus, digest
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Json = dict[str, Any]
Announce = Callable[[str], object]


class Comparison:
    """A comparison in its folder; `run` does whatever of it is not done yet.

    Args:
        folder: is made if need be. If it holds an unfinished comparison, that one goes on; more
            tokenizers, seeds and prompts may be added to it, all else must be the same.
        say: gets a line at every step.
        on_progress: makes a callback for each run; see `lstm_lm.training.trainer.OnProgress`.
    Raises: ToktoolsError if the folder holds another comparison or the text has changed.
    """

    def __init__(
        self,
        folder: str | Path,
        plan: Plan,
        *,
        say: Announce = lambda line: None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.folder, self.plan = Path(folder), plan
        self._say, self._on_progress = say, on_progress
        self._corpus = plan.open()
        self._splits = splits_of(self._corpus)
        self._record = {
            "plan": plan.to_json(),
            "name": self._corpus.name,
            "digests": {name: digest(split) for name, split in self._splits.items()},
        }
        self._check_same()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / "plan.json", self._record)

    def run(self) -> Json:
        """Do every run that is not done, and write results and report after each.

        Returns: what `results.json` holds.
        Raises:  TrainingInterrupted when stopped; the same call goes on from there.
        """
        jobs = [(spec, seed) for seed in self.plan.seeds for spec in self.plan.tokenizers]
        for number, (spec, seed) in enumerate(jobs, 1):
            path = self._run_folder(spec, seed) / "result.json"
            if path.exists():
                continue
            self._say(f"[{number}/{len(jobs)}] {spec.title}, seed {seed}")
            try:
                result = self._run_one(spec, seed)
            except ToktoolsError as e:
                self._say(f"  failed: {e}")
                path.parent.mkdir(parents=True, exist_ok=True)
                write_json(path.with_name("failure.json"), {"error": str(e)})
                continue
            path.with_name("failure.json").unlink(missing_ok=True)
            write_json(path, result)
            self._say(
                f"  {result['test']['bits_per_byte']:.3f} bits per byte, "
                f"perplexity {result['test']['perplexity']:,.1f} per token, "
                f"{result['training_seconds']:.0f} s"
            )
            self.write()
        return self.write()

    def write(self) -> Json:
        """Gather the results there are, write `results.json` and `report.html`, return results."""
        runs = list(self._results())
        results = {
            **self._record,
            "budget": self.plan.held(),
            "runs": runs,
            "statistics": statistics_of(self.folder, runs),
        }
        results["cross"] = cross_scores(
            runs,
            lambda run: self._run_folder(TokenizerSpec(run["tokenizer"]), run["seed"]),
            held_out=self._splits["validation"],
            kept=self.folder / "cross.json",
        )
        write_json(self.folder / "results.json", results)
        write_report(results, self.folder / "report.html")
        return results

    def _results(self) -> Iterator[Json]:
        for spec in self.plan.tokenizers:
            for seed in self.plan.seeds:
                folder = self._run_folder(spec, seed)
                identity = {"tokenizer": spec.text, "title": spec.title, "seed": seed}
                if (folder / "result.json").exists():
                    yield identity | read_json(folder / "result.json")
                elif (folder / "failure.json").exists():
                    yield identity | read_json(folder / "failure.json")

    def _run_folder(self, spec: TokenizerSpec, seed: int) -> Path:
        return self.folder / "runs" / spec.slug / f"seed-{seed}"

    def _tokenizer(self, spec: TokenizerSpec) -> Tokenizer:
        """Return the tokenizer, from its file if it was trained before."""
        path = self.folder / "tokenizers" / f"{spec.slug}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            spec.make(self._splits["train"]).save(path)
        return load_tokenizer(path)

    def _run_one(self, spec: TokenizerSpec, seed: int) -> Json:
        tokenizer = self._tokenizer(spec)
        train_split = encode_split(tokenizer, self._splits["train"], name="the train split")
        folder = self._run_folder(spec, seed)
        begun = RunDirectory(folder).last.exists()
        setup = set_up(
            self.plan,
            self._corpus,
            tokenizer,
            train_split,
            seed=seed,
            trials=self.folder / "trials" / spec.slug,
            on_progress=self._on_progress,
        )
        run = train_model(
            folder,
            self._corpus,
            tokenizer,
            model=setup.model,
            training=setup.training,
            prompts=self.plan.prompts,
            resume=begun,
            overwrite=not begun,
            encoded={"train": train_split},
            on_progress=self._on_progress,
        )
        figures = result_of(run, self.plan, train_split=train_split, splits=self._splits)
        return {**figures, "trial": setup.trials} if setup.trials else figures

    def _check_same(self) -> None:
        """Raise ToktoolsError unless the folder is free or holds this same comparison."""
        path = self.folder / "plan.json"
        if not path.exists():
            if self.folder.exists() and any(self.folder.iterdir()):
                raise ToktoolsError(f"{self.folder}: is not empty and holds no comparison")
            return
        recorded = read_json(path)
        old = _settings(Plan.from_json(recorded["plan"]).to_json())
        new = _settings(self._record["plan"])
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


def _settings(plan: Json) -> Json:
    """Return, under one flat name each, what must stay the same when a comparison goes on."""
    fixed = {k: v for k, v in plan.items() if k not in ("tokenizers", "seeds", "prompts")}
    parts = {part: fixed.pop(part) for part in ("corpus", "model", "training")}
    return fixed | {f"{part}.{k}": v for part, values in parts.items() for k, v in values.items()}


def splits_of(corpus: Corpus) -> dict[str, Corpus]:
    """Return the splits; where there is no test split, validation stands in for it."""
    splits = {name: corpus.split(name) for name in ("train", "validation")}
    try:
        test = corpus.split("test")
        next(iter(test))
    except ToktoolsError:
        test = splits["validation"]
    return {**splits, "test": test}


def load_results(folder: str | Path) -> Json:
    """Read `results.json` of a comparison; ToktoolsError if there is none."""
    return read_json(Path(folder) / "results.json")
