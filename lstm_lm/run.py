"""From text to a trained model in a run directory, and back: `train` and `load`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lstm_lm.batching import make_batches
from lstm_lm.checkpoint import RunDirectory
from lstm_lm.config import ModelConfig, TrainingConfig, from_json, to_json
from lstm_lm.curves import save_curves
from lstm_lm.data import EncodedSplit, encode_split
from lstm_lm.environment import check_device, environment
from lstm_lm.evaluation import Evaluation, evaluate
from lstm_lm.files import write_json, write_text
from lstm_lm.model import LanguageModel
from lstm_lm.sampling import generate
from lstm_lm.spelling import SpellingModel
from lstm_lm.training import OnProgress, Trainer
from toktools.corpus import Corpus
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Splits = Corpus | Mapping[str, Iterable[str]]
"""A corpus that has splits, or the documents of "train" and "validation" by name."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trained model with all that belongs to it.

    Attributes:
        path: the run directory. config: its `config.json`. model: the weights with the lowest
        validation loss. tokenizer; spelling: the price of what `<ANY>` hides.
    """

    path: Path
    config: dict[str, Any]
    model: LanguageModel
    tokenizer: Tokenizer
    spelling: SpellingModel

    @property
    def training(self) -> TrainingConfig:
        """How it was trained."""
        return from_json(TrainingConfig, self.config["training"])

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`."""
        return RunDirectory(self.path).read_metrics()

    def evaluate(self, documents: Iterable[str], *, name: str = "text") -> Evaluation:
        """Score any text by the rule of fair comparison.

        A model trained on sentences scores every document by itself, one trained on a stream scores
        shards of documents (see `lstm_lm.evaluation.score`).

        Args:   documents: a corpus or its split, or any iterable of str. name: for errors.
        Raises: ToktoolsError if there are no documents.
        """
        split = encode_split(self.tokenizer, documents, name=name, check=True)
        return self.evaluate_split(split)

    def evaluate_split(self, split: EncodedSplit) -> Evaluation:
        """Score text that is encoded already; otherwise like `evaluate`."""
        return evaluate(
            self.model,
            split,
            self.spelling,
            eos_id=self.tokenizer.require_eos(),
            alone=self.training.batching == "sentence",
        )

    def generate(self, prompts: str | Sequence[str], **settings: Any) -> str | list[str]:
        """Continue one prompt, or several; the settings are those of `lstm_lm.generate`."""
        if isinstance(prompts, str):
            return generate(self.model, self.tokenizer, [prompts], **settings)[0]
        return generate(self.model, self.tokenizer, prompts, **settings)


def load(path: str | Path) -> Run:
    """Open a run directory.

    Raises: ToktoolsError if it is not one, is damaged, or holds no weights yet.
    """
    from toktools import load as load_tokenizer

    directory = RunDirectory(path)
    config = directory.read_config()
    tokenizer = load_tokenizer(directory.tokenizer)
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, then overwritten
        model = LanguageModel(tokenizer.n_vocab, from_json(ModelConfig, config["model"]))
    directory.load_best(model)
    model.eval()
    spelling = SpellingModel.load(directory.spelling)
    return Run(
        path=directory.path, config=config, model=model, tokenizer=tokenizer, spelling=spelling
    )


def train(
    run_directory: str | Path,
    corpus: Splits,
    tokenizer: Tokenizer,
    *,
    model: ModelConfig | None = None,
    training: TrainingConfig | None = None,
    prompts: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    device: str = "cpu",
    record: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Run:
    """Train a language model on the train split and evaluate it on the validation split.

    Args:
        run_directory: is made; what is written there is listed in `lstm_lm.checkpoint`.
        corpus: the text; the tokenizer should have seen its train split only.
        tokenizer: any tokenizer with an end-of-document token.
        model, training: the configuration; by default that of `ModelConfig`, `TrainingConfig`.
        prompts: are continued for `samples.txt`; by default one text is begun from nothing.
        resume: go on where the run stopped; corpus, tokenizer and configuration must be the same.
        overwrite: replace a run that is there.
        device: "cpu" or a torch device; only on a CPU do equal seeds give equal bits.
        record: further keys of `config.json`.
        on_progress: called after every update. stop: asked after every update whether to stop; by
            default Ctrl-C and SIGTERM stop it, if this is the main thread.
    Returns: the run, with the weights of lowest validation loss.
    Raises:  ToktoolsError at bad input; TrainingInterrupted when stopped, with all saved.
    """
    model_config, config = model or ModelConfig(), training or TrainingConfig()
    directory = RunDirectory(run_directory)
    check_device(device)
    if not resume:
        directory.check_free(overwrite=overwrite)
    eos_id = tokenizer.require_eos()
    train_split, validation = _encode(tokenizer, corpus)
    limited = _first_bytes(tokenizer, corpus, validation, config.validation_bytes)
    spelling = SpellingModel.fit(train_split.hidden)
    full_record = {
        "model": to_json(model_config),
        "training": to_json(config),
        "tokenizer": {
            "kind": tokenizer.kind,
            "n_vocab": tokenizer.n_vocab,
            "training": tokenizer.training,
        },
        "corpus": corpus.describe() if isinstance(corpus, Corpus) else {},
        "data": {"train": train_split.summary(), "validation": validation.summary()},
        "prompts": list(prompts),
        "environment": environment(torch.device(device)),
        **(record or {}),
    }
    if resume:
        check_same(directory.read_config(), full_record)
    else:
        directory.create(overwrite=overwrite)
        tokenizer.save(directory.tokenizer)
        spelling.save(directory.spelling)
        directory.write_config(full_record)
    alone = config.batching == "sentence"
    cuda = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=cuda), _stopping(stop) as asked_to_stop:
        torch.manual_seed(config.seed)
        network = LanguageModel(tokenizer.n_vocab, model_config).to(device)
        trainer = Trainer(
            directory,
            network,
            make_batches(train_split, config, eos_id=eos_id),
            config,
            n_bytes=train_split.total_bytes,
            validate=lambda: evaluate(network, limited, spelling, eos_id=eos_id, alone=alone),
            on_progress=on_progress,
            stop=asked_to_stop,
        )
        if resume and directory.last.exists():
            trainer.load()
        trainer.train()
    run = load(directory.path)
    _finish(run, validation, prompts)
    return run


def check_same(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ToktoolsError where a run to be resumed differs from what is recorded of it."""
    before = {  # an older run lacks the newer fields
        "model": to_json(from_json(ModelConfig, recorded["model"])),
        "training": to_json(from_json(TrainingConfig, recorded["training"])),
    }
    for part, settings in before.items():
        for name, value in given[part].items():
            if settings[name] != value:
                raise ToktoolsError(
                    f"a resumed run goes on as it was: {name} is {settings[name]!r}, "
                    f"got {value!r}; leave it out, or start another run"
                )
    for split in ("train", "validation"):
        if recorded["data"][split]["digest"] != given["data"][split]["digest"]:
            raise ToktoolsError(
                f"a resumed run goes on as it was: the {split} text or the tokenizer has changed "
                "since it began; start another run"
            )


def _encode(tokenizer: Tokenizer, corpus: Splits) -> tuple[EncodedSplit, EncodedSplit]:
    """Return the encoded train and validation splits."""
    train_documents, validation_documents = (split_of(corpus, n) for n in ("train", "validation"))
    return (
        encode_split(tokenizer, train_documents, name="the train split"),
        encode_split(tokenizer, validation_documents, name="the validation split", check=True),
    )


def split_of(corpus: Splits, name: str) -> Iterable[str]:
    """Return the documents of a split; ToktoolsError if there is none of that name."""
    if isinstance(corpus, Corpus):
        return corpus.split(name)
    if name not in corpus:
        raise ToktoolsError(f"the corpus has no {name} split; it has {', '.join(corpus)}")
    return corpus[name]


def _first_bytes(
    tokenizer: Tokenizer, corpus: Splits, validation: EncodedSplit, n_bytes: int | None
) -> EncodedSplit:
    """Return the first validation documents, until they reach `n_bytes` of source text."""
    if n_bytes is None or n_bytes >= validation.total_bytes:
        return validation
    n_documents = int((validation.n_bytes.cumsum() < n_bytes).sum()) + 1
    documents = iter(split_of(corpus, "validation"))
    return encode_split(tokenizer, [next(documents) for _ in range(n_documents)])


def _finish(run: Run, validation: EncodedSplit, prompts: Sequence[str]) -> None:
    """Write what is made from the trained model: evaluation, curves and samples."""
    directory = RunDirectory(run.path)
    write_json(directory.evaluation, {"validation": run.evaluate_split(validation).as_dict()})
    save_curves(directory.read_metrics(), directory.curves, title=run.path.name)
    write_text(directory.samples, samples_text(run, prompts or [""]))


def samples_text(run: Run, prompts: Sequence[str]) -> str:
    """Return each prompt's argmax and top-k continuation, under headings."""
    parts: list[str] = []
    for strategy, heading in (("argmax", "argmax"), ("top-k", "top-k, k = 5, seed 0")):
        for prompt, text in zip(prompts, run.generate(prompts, strategy=strategy), strict=True):
            parts.append(f"== {heading}: {prompt or '(no prompt)'}\n{text}\n")
    return "\n".join(parts)


@contextmanager
def _stopping(stop: Callable[[], bool] | None) -> Iterator[Callable[[], bool]]:
    """Give `stop`, or a function that says whether Ctrl-C or SIGTERM has come.

    A second Ctrl-C is not caught: it stops at once, without a checkpoint.
    """
    if stop is not None or threading.current_thread() is not threading.main_thread():
        yield stop or (lambda: False)
        return
    came: list[int] = []
    before = {int(n): signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)

    def note(number: int, frame: Any) -> None:
        came.append(number)
        restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        restore()
