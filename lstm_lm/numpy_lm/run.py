"""From text to a trained model in NumPy in a run directory, and back: `train` and `load`.

The directory holds the same files as a run of torch's; `config.json` names the backend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.config import from_json
from lstm_lm.data.encoded import EncodedSplit
from lstm_lm.data.splits import Splits
from lstm_lm.evaluation.scoring import Evaluation, evaluation_of, score_by
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.files import read_arrays
from lstm_lm.numpy_lm.batching import make_batches
from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.training import OnProgress, Trainer
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.environment import numpy_environment
from lstm_lm.runs.finishing import finish
from lstm_lm.runs.opened import OpenRun
from lstm_lm.runs.preparing import Start
from lstm_lm.sampling.generation import generate
from lstm_lm.training.signals import stopping
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

BACKEND = "numpy"


@dataclass(frozen=True, kw_only=True)
class NumpyRun(OpenRun):
    """A trained model in NumPy with all that belongs to it; used like `lstm_lm.Run`.

    Attributes: model: the weights with the lowest validation loss.
    """

    model: NumpyLanguageModel

    def log_probabilities(
        self, x_TB: NDArray[np.int64], y_TB: NDArray[np.int64]
    ) -> NDArray[np.floating]:
        """Return log P of each target (T, B); see `OpenRun`."""
        return self.model.log_probabilities(x_TB, y_TB)


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
    accept_other_code: bool = False,
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
    start = Start(
        backend=BACKEND,
        model=model,
        training=training,
        environment=numpy_environment(),
        prompts=prompts,
        record=record or {},
        resume=resume,
        overwrite=overwrite,
        accept_other_code=accept_other_code,
    )
    splits = start.prepare(run, corpus, tokenizer, encoded or {})
    with stopping(stop) as asked_to_stop:
        network = NumpyLanguageModel(tokenizer.n_vocab, model, seed=training.seed)
        trainer = _trainer(run, network, tokenizer, training, splits, on_progress, asked_to_stop)
        if resume:
            trainer.resume()
        trainer.train()
    finished = load(run.path)
    finish(finished, splits["validation"], prompts)
    return finished


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
