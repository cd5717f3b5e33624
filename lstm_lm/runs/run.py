"""From text to a trained model in a run directory, and back: `train` and `load`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lstm_lm.config import ModelConfig, ScoringConfig, TrainingConfig, from_json
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import EncodedSplit, encode_split
from lstm_lm.data.splits import Splits
from lstm_lm.evaluation.scoring import Evaluation, evaluate, log_probabilities
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.evaluation.ways import score_by_way
from lstm_lm.model import LanguageModel, evaluating
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.environment import check_device, device_named, environment
from lstm_lm.runs.fine_tuning import KEY, check_origin, load_origin, origin
from lstm_lm.runs.finishing import finish
from lstm_lm.runs.opened import OpenRun
from lstm_lm.runs.preparing import Start
from lstm_lm.runs.restarting import is_restarted, launch_record, processes_record
from lstm_lm.runs.shared import SharedDirectory
from lstm_lm.sampling.generation import generate
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.processes import Processes, joined
from lstm_lm.training.signals import stopping
from lstm_lm.training.trainer import OnProgress, Trainer
from lstm_lm.training.unigram_start import start_from_frequencies
from toktools.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Run(OpenRun):
    """A trained model in PyTorch with all that belongs to it; see `OpenRun`.

    Attributes: model: the weights with the lowest validation loss.
    """

    model: LanguageModel

    @property
    def training(self) -> TrainingConfig:
        """How it was trained."""
        return from_json(TrainingConfig, self.config["training"])

    def log_probabilities(
        self, x_TB: NDArray[np.int64], y_TB: NDArray[np.int64]
    ) -> NDArray[np.floating]:
        """Return log P of each target (T, B); see `OpenRun`."""
        with evaluating(self.model):
            return log_probabilities(self.model, x_TB, y_TB)

    def _score(
        self, split: EncodedSplit, scoring: ScoringConfig, training: Iterable[str] | None
    ) -> NDArray[np.floating]:
        """Return the log probability of every token, scored in another way."""
        train_split = None if training is None else encode_split(self.tokenizer, training)
        return score_by_way(
            *(self.model, split, scoring),
            eos_id=self.tokenizer.require_eos(),
            training=self.training,
            train_split=train_split,
        )


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
    accept_other_code: bool = False,
    device: str = "cpu",
    fine_tune: str | Path | None = None,
    encoded: Mapping[str, EncodedSplit] | None = None,
    record: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Run:
    """Train a language model on the train split and evaluate it on the validation split.

    Ctrl-C, SIGTERM or `stop` end it with everything saved; `resume` then goes on, bit by bit as if
    it had never stopped. Called by all processes that torchrun has started, it trains one model in
    all of them; the first reads the text and writes, and a restart of all goes on by itself.

    Args:
        run_directory: where everything goes; see `lstm_lm.runs.directory`.
        corpus: a corpus with splits, or a mapping with documents for "train" and "validation".
        tokenizer: any with an EOS token; trained on the train split alone for a fair comparison.
        prompts: texts to continue for `samples.txt`.
        resume: go on with the run in `run_directory`, which must have been given the same
            arguments; one that has not reached its first checkpoint starts anew.
        overwrite: replace the run in `run_directory`.
        accept_other_code: resume although the source of this package has changed since the run
            began; `config.json` then names the code before, and the bits are no longer promised.
        fine_tune: a run with whose best weights to begin; `training` is then `fine_tuning_of` its.
        device: one of torch's, or "auto"; see `device_named`.
        encoded: splits that were encoded with this tokenizer already ("train", "validation").
        record: more to be kept in `config.json`.
        on_progress: see `OnProgress`. stop: asked after every update.
    Returns: the run, its model with the weights of the lowest validation loss.
    Raises:  ToktoolsError at bad input; TrainingInterrupted when stopped, with all saved.
    """
    model_config, config = model or ModelConfig(), training or TrainingConfig()
    with joined() as processes:
        place = processes.place
        place.check_batch_size(config.batch_size)
        device = place.device(device_named(device))
        processes.each(lambda: check_device(device))
        directory = SharedDirectory(run_directory, processes)
        resume = processes.first(lambda: resume or is_restarted(directory, place))
        begins_with = processes.first(
            lambda: origin(RunDirectory(run_directory), fine_tune, resume=resume)
        )
        check_origin(begins_with, config)
        start = Start(
            backend="torch",
            model=model_config,
            training=config,
            environment=environment(torch.device(device)) | processes_record(place),
            prompts=prompts,
            record={
                **(record or {}),
                **launch_record(place),
                **({KEY: begins_with} if begins_with else {}),
            },
            resume=resume,
            overwrite=overwrite,
            accept_other_code=accept_other_code,
        )
        splits = processes.first(
            lambda: start.prepare(RunDirectory(directory.path), corpus, tokenizer, encoded or {})
        )
        cuda = [torch.device(device)] if device.startswith("cuda") else []
        with torch.random.fork_rng(devices=cuda), stopping(stop) as asked_to_stop:
            torch.manual_seed(config.seed)
            network = LanguageModel(tokenizer.n_vocab, model_config).to(device)
            if config.unigram_start:
                start_from_frequencies(network.head, splits["train"].ids)
            if begins_with and not (resume and directory.last.exists()):
                load_origin(network, tokenizer, begins_with)
            trainer = _trainer(
                directory, network, tokenizer, config, splits, on_progress, asked_to_stop, processes
            )
            if resume:
                trainer.resume()
            trainer.train()
        return processes.first(lambda: _finished(directory.path, splits["validation"], prompts))


def _finished(path: Path, validation: EncodedSplit, prompts: Sequence[str]) -> Run:
    """Open a run after its last update, and write what is made of its best weights."""
    run = load(path)
    finish(run, validation, prompts)
    return run


def _trainer(
    directory: RunDirectory,
    model: LanguageModel,
    tokenizer: Tokenizer,
    config: TrainingConfig,
    splits: Mapping[str, EncodedSplit],
    on_progress: OnProgress | None,
    stop: Callable[[], bool],
    processes: Processes,
) -> Trainer:
    """Put a trainer together."""
    eos_id, train_split = tokenizer.require_eos(), splits["train"]
    spelling = SpellingModel.fit(train_split.hidden)
    loss = CrossEntropy.for_text(train_split.ids, tokenizer.n_vocab, config, model.device)
    alone = config.batching == "sentence"

    def validate() -> Evaluation:
        return evaluate(model, splits["limited"], spelling, eos_id=eos_id, alone=alone)

    def sample(seed: int) -> str:
        return generate(model, tokenizer, [""], strategy="sample", seed=seed)[0]

    return Trainer(
        directory,
        Learner(model, config, loss, processes),
        make_batches(train_split, config, eos_id=eos_id),
        config,
        n_bytes=train_split.total_bytes,
        validate=lambda: processes.first(validate),
        sample=lambda seed: processes.first(lambda: sample(seed)),
        on_progress=on_progress,
        stop=stop,
        processes=processes,
    )
