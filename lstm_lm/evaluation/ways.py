"""Ways to score a text other than plainly, put together from `ScoringConfig`.

MC dropout reads as plain scoring does. What adapts reads the whole text in its order, in one row:
the state is carried on from document to document, or begins with each from zero after training on
sentences, as in plain scoring; what was learned is kept from one document to the next either way.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lstm_lm.config import TrainingConfig
from lstm_lm.config.scoring import ScoringConfig
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import EncodedSplit
from lstm_lm.evaluation.cache import NeuralCache
from lstm_lm.evaluation.dynamic import STATISTICS_ROWS, DynamicEvaluation, gradient_rms
from lstm_lm.evaluation.mc_dropout import dropping, mean_reader
from lstm_lm.evaluation.scoring import Reader, score_by
from lstm_lm.evaluation.segments import Segments, joined, plain_segments
from lstm_lm.model import LanguageModel, evaluating
from toktools.errors import ToktoolsError


def score_by_way(
    model: LanguageModel,
    split: EncodedSplit,
    config: ScoringConfig,
    *,
    eos_id: int,
    training: TrainingConfig,
    train_split: EncodedSplit | None = None,
) -> NDArray[np.floating]:
    """Return the natural logarithm of the probability of every token, scored as `config` says.

    With a config that is plain, this is plain scoring in one row: what a model that adapts is
    compared to.

    Args:
        model: has its weights back afterwards, bit by bit.
        training: how the model was trained; says how the text is read.
        train_split: the text it was trained on, needed by the rule rms.
    Returns: shape (n_tokens,), in the order of `split.ids`.
    Raises:  ToktoolsError if the text is needed and not given, or the steps lead to no numbers.
    """
    alone = training.batching == "sentence"
    if config.mc_dropout is not None:
        with dropping(model, seed=0):
            read = mean_reader(model, config.mc_dropout)
            return score_by(read, split, eos_id=eos_id, alone=alone)
    score = partial(score_by, split=split, eos_id=eos_id, n_shards=1, alone=alone, in_order=True)
    if not config.dynamic:
        with evaluating(model):
            return score(_reader(partial(plain_segments, model), config))
    rms = _gradient_rms(model, config, training, train_split, eos_id)
    dynamic = DynamicEvaluation(model, config, rms)
    with dynamic.adapting():
        log_p = score(_reader(dynamic.segments, config))
    if not np.isfinite(log_p).all():
        raise ToktoolsError(
            "dynamic evaluation led to probabilities that are no numbers, with dynamic_rate "
            f"{config.rate:g}; lower it"
        )
    return log_p


def _reader(segments: Segments, config: ScoringConfig) -> Reader:
    """Return what reads with these segments, the cache mixed in if it was asked for."""
    if not config.cache:
        return lambda x_TB, y_TB: joined(s.log_p_TB for s in segments(x_TB, y_TB))
    cache = NeuralCache(config)
    return lambda x_TB, y_TB: joined(cache.mix(segments(x_TB, y_TB)))


def _gradient_rms(
    model: LanguageModel,
    config: ScoringConfig,
    training: TrainingConfig,
    train_split: EncodedSplit | None,
    eos_id: int,
) -> list[Tensor]:
    """Return what the rule rms needs to know of the training text; nothing for sgd."""
    if not config.needs_training_text:
        return []
    if train_split is None:
        raise ToktoolsError(
            "dynamic evaluation by the rule rms needs the training text; give it, or the rule sgd"
        )
    read = replace(
        training, batch_size=STATISTICS_ROWS, bptt=config.dynamic_segment, random_bptt=False
    )
    return gradient_rms(model, make_batches(train_split, read, eos_id=eos_id).epoch(0))
