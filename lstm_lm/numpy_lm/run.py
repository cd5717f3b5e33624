"""From text to a trained model in NumPy in a run directory, and back: `train` and `load`.

The directory holds the same files as a run of torch's; `config.json` names the backend.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_lm.data.encoded import EncodedSplit, encode_split
from lstm_lm.data.splits import Splits, encode_splits, first_bytes
from lstm_lm.evaluation.scoring import Evaluation, evaluation_of, score_by
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.files import read_arrays, write_json, write_text
from lstm_lm.numpy_lm.batching import make_batches
from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig, from_json
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.sampling import generate
from lstm_lm.numpy_lm.training import OnProgress, Trainer
from lstm_lm.runs.curves import save_curves
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.environment import numpy_environment
from lstm_lm.training.signals import stopping
from toktools.corpus import Corpus
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

BACKEND = "numpy"


@dataclass(frozen=True, kw_only=True)
class NumpyRun:
    """A trained model in NumPy with all that belongs to it; used like `lstm_lm.Run`.

    Attributes:
        path: the run directory. config: its `config.json`. model: the weights with the lowest
        validation loss. tokenizer; spelling: the price of what `<ANY>` hides.
    """

    path: Path
    config: dict[str, Any]
    model: NumpyLanguageModel
    tokenizer: Tokenizer
    spelling: SpellingModel

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`."""
        return RunDirectory(self.path).read_metrics()

    def evaluate(self, documents: Iterable[str], *, name: str = "text") -> Evaluation:
        """Score any text by the rule of fair comparison.

        A model trained on sentences scores every document by itself, one trained on a stream scores
        shards of documents (see `lstm_lm.evaluation.scoring.score_by`).

        Args:   documents: a corpus or its split, or any iterable of str. name: for errors.
        Raises: ToktoolsError if there are no documents.
        """
        return self.evaluate_split(encode_split(self.tokenizer, documents, name=name, check=True))

    def evaluate_split(self, split: EncodedSplit) -> Evaluation:
        """Score text that is encoded already; otherwise like `evaluate`."""
        alone = self.config["training"]["batching"] == "sentence"
        return _evaluate(self.model, self.tokenizer, split, self.spelling, alone=alone)

    def generate(self, prompts: str | Sequence[str], **settings: Any) -> str | list[str]:
        """Continue one prompt, or several; the settings are those of `lstm_lm.generate`."""
        if isinstance(prompts, str):
            return generate(self.model, self.tokenizer, [prompts], **settings)[0]
        return generate(self.model, self.tokenizer, prompts, **settings)


def load(path: str | Path) -> NumpyRun:
    """Open the directory of a run in NumPy.

    Raises: ToktoolsError if it is not one, is damaged, or holds no weights yet.
    """
    from toktools import load as load_tokenizer

    run = RunDirectory(path)
    config = run.read_config()
    if config.get("backend") != BACKEND:
        raise ToktoolsError(f"{path}: not a run of the numpy backend; open it with lstm_lm.load")
    tokenizer = load_tokenizer(run.tokenizer)
    model = NumpyLanguageModel(tokenizer.n_vocab, from_json(NumpyModelConfig, config["model"]))
    if not run.best.exists():
        raise ToktoolsError(
            f"{path}: has no model.safetensors: training stopped before its first validation; "
            "continue it with lstm_lm train --resume"
        )
    model.set_parameters(read_arrays(run.best)[0], source=str(run.best))
    spelling = SpellingModel.load(run.spelling)
    return NumpyRun(
        path=run.path, config=config, model=model, tokenizer=tokenizer, spelling=spelling
    )


def train(
    run_directory: str | Path,
    corpus: Splits,
    tokenizer: Tokenizer,
    *,
    model: NumpyModelConfig | None = None,
    training: NumpyTrainingConfig | None = None,
    prompts: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    device: str = "cpu",
    encoded: Mapping[str, EncodedSplit] | None = None,
    record: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
    stop: Callable[[], bool] | None = None,
) -> NumpyRun:
    """Train a language model in NumPy on the train split and evaluate it on the validation split.

    Arguments and errors are those of `lstm_lm.train`; the only device is "cpu". `encoded` may give
    splits that were encoded with this tokenizer already.

    Returns: the run, with the weights of lowest validation loss.
    """
    model, training = model or NumpyModelConfig(), training or NumpyTrainingConfig()
    run = RunDirectory(run_directory)
    if device != "cpu":
        raise ToktoolsError(f"the numpy backend computes on the cpu only, got device {device!r}")
    if not resume:
        run.check_free(overwrite=overwrite)
    splits = encode_splits(tokenizer, corpus, encoded or {})
    given = _record(model, training, tokenizer, corpus, splits)
    given |= {"prompts": list(prompts), **(record or {})}
    if resume:
        _check_same(run.read_config(), given)
    else:
        run.create(overwrite=overwrite)
        run.write_config(given)
        tokenizer.save(run.tokenizer)
        SpellingModel.fit(splits["train"].hidden).save(run.spelling)
    limited = first_bytes(tokenizer, corpus, splits, training.validation_bytes)
    with stopping(stop) as asked_to_stop:
        network = NumpyLanguageModel(tokenizer.n_vocab, model, seed=training.seed)
        trainer = _trainer(
            run,
            network,
            tokenizer,
            training,
            {**splits, "limited": limited},
            on_progress,
            asked_to_stop,
        )
        if resume and run.last.exists():
            trainer.load()
        trainer.train()
    finished = load(run.path)
    _finish(finished, splits["validation"], prompts or [""])
    return finished


def _record(
    model: NumpyModelConfig,
    training: NumpyTrainingConfig,
    tokenizer: Tokenizer,
    corpus: Splits,
    splits: Mapping[str, EncodedSplit],
) -> dict[str, Any]:
    """Return what `config.json` says of a run."""
    return {
        "backend": BACKEND,
        "model": dataclasses.asdict(model),
        "training": dataclasses.asdict(training),
        "tokenizer": {
            "kind": tokenizer.kind,
            "n_vocab": tokenizer.n_vocab,
            "training": tokenizer.training,
        },
        "corpus": corpus.describe() if isinstance(corpus, Corpus) else {},
        "data": {name: split.summary() for name, split in splits.items()},
        "environment": numpy_environment(),
    }


def _check_same(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ToktoolsError where a run to be resumed differs from what is recorded of it."""
    before = recorded.get("backend", "torch")
    if before != BACKEND:
        raise ToktoolsError(f"a resumed run goes on as it was: backend is {before!r}, got 'numpy'")
    for part in ("model", "training"):
        for name, value in given[part].items():
            if recorded[part].get(name) != value:
                raise ToktoolsError(
                    f"a resumed run goes on as it was: {name} is {recorded[part].get(name)!r}, "
                    f"got {value!r}; leave it out, or start another run"
                )
    for split in ("train", "validation"):
        if recorded["data"][split]["digest"] != given["data"][split]["digest"]:
            raise ToktoolsError(
                f"a resumed run goes on as it was: the {split} text or the tokenizer has changed "
                "since it began; start another run"
            )


def _trainer(
    run: RunDirectory,
    model: NumpyLanguageModel,
    tokenizer: Tokenizer,
    config: NumpyTrainingConfig,
    splits: Mapping[str, EncodedSplit],
    on_progress: OnProgress | None,
    stop: Callable[[], bool],
) -> Trainer:
    """Put a trainer together."""
    train_split, spelling = splits["train"], SpellingModel.fit(splits["train"].hidden)
    alone = config.batching == "sentence"
    return Trainer(
        run,
        model,
        make_batches(train_split, config, eos_id=tokenizer.require_eos()),
        config,
        n_bytes=train_split.total_bytes,
        validate=lambda: _evaluate(model, tokenizer, splits["limited"], spelling, alone=alone),
        sample=lambda seed: generate(model, tokenizer, [""], strategy="sample", seed=seed)[0],
        on_progress=on_progress,
        stop=stop,
    )


def _evaluate(
    model: NumpyLanguageModel,
    tokenizer: Tokenizer,
    split: EncodedSplit,
    spelling: SpellingModel,
    *,
    alone: bool,
) -> Evaluation:
    """Set the bits of a text against the bytes of its source; `alone`: each document by itself."""
    log_p = score_by(model.log_probabilities, split, eos_id=tokenizer.require_eos(), alone=alone)
    return evaluation_of(log_p, split, spelling)


def _finish(run: NumpyRun, validation: EncodedSplit, prompts: Sequence[str]) -> None:
    """Write what is made from the trained model: evaluation, curves and samples."""
    directory = RunDirectory(run.path)
    metrics = directory.read_metrics()
    validations = [line for line in metrics if "validation_loss_nats" in line]
    best = min(validations, key=lambda line: line["validation_loss_nats"])
    evaluation = {
        "validation": run.evaluate_split(validation).as_dict(),
        "best": {name: best[name] for name in ("step", "epoch", "validation_loss_nats")},
    }
    write_json(directory.evaluation, evaluation)
    save_curves(metrics, directory.curves, title=run.path.name)
    parts: list[str] = []
    for strategy, heading in (("argmax", "argmax"), ("top-k", "top-k, k = 5, seed 0")):
        for prompt, text in zip(prompts, run.generate(prompts, strategy=strategy), strict=True):
            parts.append(f"== {heading}: {prompt or '(no prompt)'}\n{text}\n")
    write_text(directory.samples, "\n".join(parts))
