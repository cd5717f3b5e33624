"""The language model that every tokenizer is given, its training, evaluation and sampling.

In reading order: config, model, data (text as ids), batching, spelling (the price of `<ANY>`),
evaluation (the rule of fair comparison), losses, optimizers, schedules, learner (one update),
training (the loop), checkpoint (the run directory), trainer_state and resuming (exact resume),
sampling, run (`train` and `load`), seeds, cli. The names below are the public API, imported on
first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_lm.backends import load
    from lstm_lm.config import ModelConfig, TrainingConfig
    from lstm_lm.data import EncodedSplit, encode_split
    from lstm_lm.evaluation import Evaluation, evaluate, score
    from lstm_lm.model import LanguageModel
    from lstm_lm.outcomes import TrainingDivergedError, TrainingInterrupted
    from lstm_lm.run import Run, train
    from lstm_lm.sampling import generate
    from lstm_lm.seeds import train_seeds
    from lstm_lm.spelling import SpellingModel

_HOME = {
    "ModelConfig": "config",
    "TrainingConfig": "config",
    "EncodedSplit": "data",
    "encode_split": "data",
    "Evaluation": "evaluation",
    "evaluate": "evaluation",
    "score": "evaluation",
    "LanguageModel": "model",
    "Run": "run",
    "load": "backends",
    "train": "run",
    "generate": "sampling",
    "train_seeds": "seeds",
    "SpellingModel": "spelling",
    "TrainingDivergedError": "outcomes",
    "TrainingInterrupted": "outcomes",
}

__all__ = [*_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lstm_lm' has no attribute {name!r}")
    value = getattr(import_module(f"lstm_lm.{_HOME[name]}"), name)
    globals()[name] = value
    return value
