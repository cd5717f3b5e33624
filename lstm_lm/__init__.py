"""The language model that every tokenizer is given, its training, evaluation and sampling.

In reading order: config, model with cells and regularization, data (text as ids, batches),
evaluation (the rule of fair comparison, the price of `<ANY>`), training (losses, optimisers, one
update, the loop), runs (`train`, `load`, exact resume), sampling, embeddings, explaining and
quality (looking inside), numpy_lm (the same networks in NumPy), commands and cli. The names below
are the public API, imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_lm.config import ModelConfig, SamplingConfig, ScoringConfig, TrainingConfig
    from lstm_lm.data.encoded import EncodedSplit, encode_split
    from lstm_lm.evaluation.scoring import Evaluation, evaluate, score
    from lstm_lm.evaluation.spelling import SpellingModel
    from lstm_lm.evaluation.token_scores import TokenScores
    from lstm_lm.model import LanguageModel
    from lstm_lm.runs.backends import load
    from lstm_lm.runs.run import Run, train
    from lstm_lm.runs.seeds import train_seeds
    from lstm_lm.sampling.generation import generate
    from lstm_lm.training.outcomes import TrainingDivergedError, TrainingInterrupted

_HOME = {
    "ModelConfig": "config",
    "SamplingConfig": "config",
    "ScoringConfig": "config",
    "TrainingConfig": "config",
    "EncodedSplit": "data.encoded",
    "encode_split": "data.encoded",
    "Evaluation": "evaluation.scoring",
    "evaluate": "evaluation.scoring",
    "score": "evaluation.scoring",
    "LanguageModel": "model",
    "Run": "runs.run",
    "load": "runs.backends",
    "train": "runs.run",
    "generate": "sampling.generation",
    "train_seeds": "runs.seeds",
    "SpellingModel": "evaluation.spelling",
    "TokenScores": "evaluation.token_scores",
    "TrainingDivergedError": "training.outcomes",
    "TrainingInterrupted": "training.outcomes",
}

__all__ = [*_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lstm_lm' has no attribute {name!r}")
    value = getattr(import_module(f"lstm_lm.{_HOME[name]}"), name)
    globals()[name] = value
    return value
