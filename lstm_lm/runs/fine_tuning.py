"""Fine-tuning: a second training that begins with the best weights of a first one.

As published it is SGD that averages its weights from the first update on, at a constant rate, and
stops once NT-ASGD's trigger comes again. `config.json` names the run it began with and the digest
of its weights, so that a fine-tuning killed before its first checkpoint begins with the same ones.

Source: Merity et al. 2018, arXiv:1708.02182, sec. 5 and table 1; github.com/salesforce/awd-lstm-lm,
        finetune.py, for the constant rate and the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lm.config import TrainingConfig
from lstm_lm.runs.directory import RunDirectory
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

if TYPE_CHECKING:
    from torch import nn

KEY = "fine_tuned_from"
"""Where `config.json` names the run of before."""


def fine_tuning_of(training: TrainingConfig) -> TrainingConfig:
    """Return the fine-tuning that belongs to a training: all as it was but for what makes one.

    Example:
        >>> config = fine_tuning_of(TrainingConfig(optimizer="nt-asgd", learning_rate=30.0))
        >>> config.fine_tuning, config.schedule, config.learning_rate
        (True, 'constant', 30.0)
    """
    return replace(
        training,
        **{"optimizer": "nt-asgd", "schedule": "constant", "fine_tuning": True},
        **{"momentum": 0.0, "ema": None, "average_last": None},
    )


def origin(
    directory: RunDirectory, fine_tune: str | Path | None, *, resume: bool
) -> dict[str, str] | None:
    """Return which run a training begins with, and the digest of its weights; None if with none.

    Args:   resume: what `directory` has recorded counts, and not `fine_tune`.
    Raises: ToktoolsError if `fine_tune` is no run, or has no weights.
    """
    if resume:
        return directory.read_config().get(KEY)
    if fine_tune is None:
        return None
    source = RunDirectory(fine_tune)
    source.read_config()
    if source.path.absolute() == directory.path.absolute():
        raise ToktoolsError(f"{source.path}: a fine-tuning needs a directory of its own")
    return {"run": str(source.path.absolute()), "weights": _digest(source)}


def check_origin(origin: Mapping[str, Any] | None, training: TrainingConfig) -> None:
    """Raise ToktoolsError if a fine-tuning begins with no run, or another training with one."""
    if training.fine_tuning and origin is None:
        raise ToktoolsError("fine_tuning begins with a run's weights; name the run: fine_tune")
    if origin is not None and not training.fine_tuning:
        raise ToktoolsError(
            "fine_tune needs a training with fine_tuning; make it with fine_tuning_of(run.training)"
        )


def load_origin(model: nn.Module, tokenizer: Tokenizer, origin: Mapping[str, str]) -> None:
    """Give the model the weights of the run that it begins with.

    Raises: ToktoolsError if they have changed, do not fit, or are of another vocabulary.
    """
    from toktools import load

    source = RunDirectory(origin["run"])
    if _digest(source) != origin["weights"]:
        raise ToktoolsError(
            f"{source.best}: has changed since the fine-tuning was begun with it; start another run"
        )
    before = load(source.tokenizer)
    ids = range(max(before.n_vocab, tokenizer.n_vocab))
    if before.n_vocab != tokenizer.n_vocab or any(
        before.id_to_token(id) != tokenizer.id_to_token(id) for id in ids
    ):
        raise ToktoolsError(
            f"a fine-tuning keeps the vocabulary of the run it begins with; use {source.tokenizer}"
        )
    source.load_best(model)


def _digest(source: RunDirectory) -> str:
    """Return the SHA-256 of the weights of a run; ToktoolsError if there are none."""
    if not source.best.exists():
        raise ToktoolsError(f"{source.path}: has no model.safetensors, with which to begin")
    return hashlib.sha256(source.best.read_bytes()).hexdigest()
