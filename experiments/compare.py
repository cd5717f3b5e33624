"""Running a comparison: every tokenizer with every seed, one run directory each, resumable.

The folder of a comparison holds

    plan.json                    what is compared, and the digest of the text
    tokenizers/SLUG.json         each tokenizer, trained once on the train split
    runs/SLUG/seed-N/            the run directory of `lstm_lm`, and result.json when it is done
    results.json, report.html    made anew after every run
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from experiments.plan import Plan, TokenizerSpec
from experiments.quality import quality_of
from experiments.report import write_report
from lstm_lm.data.encoded import EncodedSplit, encode_split
from lstm_lm.files import read_json, write_json
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.run import Run
from lstm_lm.runs.run import train as train_model
from lstm_lm.training.trainer import OnProgress
from toktools import load as load_tokenizer
from toktools.corpus import Corpus, digest
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Json = dict[str, Any]
Announce = Callable[[str], object]
STRATEGIES = ("argmax", "top-k")


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
        self._splits = _splits(self._corpus)
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
        results = {**self._record, "runs": list(self._results())}
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
        run = train_model(
            folder,
            self._corpus,
            tokenizer,
            model=self.plan.model,
            training=self.plan.training_for(train_split.total_bytes / train_split.n_tokens, seed),
            prompts=self.plan.prompts,
            resume=begun,
            overwrite=not begun,
            encoded={"train": train_split},
            on_progress=self._on_progress,
        )
        return self._result(run, train_split)

    def _result(self, run: Run, train_split: EncodedSplit) -> Json:
        """Read the test split, once, and gather every figure of a run."""
        test = run.evaluate(self._splits["test"], name="the test split")
        metrics = run.metrics
        last = metrics[-1]
        n_tokens = max(1, round(self.plan.sample_bytes * test.n_tokens / test.n_bytes))
        return {
            "n_vocab": run.tokenizer.n_vocab,
            "lossless": run.tokenizer.lossless,
            "n_parameters": run.model.n_parameters,
            "bptt": run.training.bptt,
            "train": train_split.summary(),
            "test": test.as_dict(),
            "validation": read_json(RunDirectory(run.path).evaluation)["validation"],
            "training_seconds": last["training_seconds"],
            "tokens_per_second": last["tokens_seen"] / last["training_seconds"],
            "curve": [
                {
                    "seconds": line["training_seconds"],
                    "bytes_seen": line["bytes_seen"],
                    "bits_per_byte": line["validation_bits_per_byte"],
                }
                for line in metrics
                if "validation_bits_per_byte" in line
            ],
            "cut": [_cut(run.tokenizer, prompt) for prompt in self.plan.prompts],
            "samples": self._samples(run, n_tokens),
            "quality": quality_of(
                run,
                training=self._splits["train"],
                held_out=self._splits["validation"],
                n_tokens=n_tokens,
            ),
            "environment": run.config["environment"],
        }

    def _samples(self, run: Run, n_tokens: int) -> dict[str, list[str]]:
        """Return every prompt continued by each strategy, by about the same amount of text."""
        return {
            strategy: list(run.generate(self.plan.prompts, strategy=strategy, n_tokens=n_tokens))
            for strategy in STRATEGIES
        }

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


def _splits(corpus: Corpus) -> dict[str, Corpus]:
    """Return the splits; where there is no test split, validation stands in for it."""
    splits = {name: corpus.split(name) for name in ("train", "validation")}
    try:
        test = corpus.split("test")
        next(iter(test))
    except ToktoolsError:
        test = splits["validation"]
    return {**splits, "test": test}


def _cut(tokenizer: Tokenizer, text: str) -> list[str]:
    """Return the pieces of `text`, each as the characters that its token stands for."""
    ids, spans = tokenizer.encode_with_offsets(text)
    return [
        str(tokenizer.vocabulary.special.any) if id == tokenizer.unk_id else text[start:end]
        for id, (start, end) in zip(ids, spans, strict=True)
    ]


def load_results(folder: str | Path) -> Json:
    """Read `results.json` of a comparison; ToktoolsError if there is none."""
    return read_json(Path(folder) / "results.json")
