"""What an epoch of a preset costs, told from its first few updates.

The time is the processor's, of all threads together: with other programs beside, the clock on the
wall would say how busy the machine is. The memory is the most that this process ever held.
"""

from __future__ import annotations

import resource
import time
from itertools import islice
from typing import Any

import torch

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import encode_split
from lstm_lm.model import LanguageModel
from lstm_lm.presets import preset
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from toktools.corpus import open_corpus
from toktools.errors import ToktoolsError
from toktools.registry import trainer

Json = dict[str, Any]


def measure_cost(name: str, source: str, *, n_updates: int, limit: int | None) -> Json:
    """Make a few updates as the preset says; the first, which prepares things, is not timed.

    Returns: {"n_parameters", "n_updates_per_epoch", "cpu_seconds_per_update",
             "cpu_hours_per_epoch", "peak_mb", "threads"}
    Raises:  ToktoolsError at an unknown preset, one in NumPy, or a text of fewer updates.
    """
    chosen = preset(name)
    shape, training = chosen.model, chosen.training
    if not isinstance(shape, ModelConfig) or not isinstance(training, TrainingConfig):
        raise ToktoolsError(f"cost is measured of presets in PyTorch, got {name}; train that one")
    train = open_corpus(source, **chosen.reading, limit=limit).split("train")
    tokenizer = trainer(chosen.tokenizer)(train, **chosen.tokenizer_options)
    split = encode_split(tokenizer, train, name="the train split")
    torch.manual_seed(training.seed)
    model = LanguageModel(tokenizer.n_vocab, shape).train()
    learner = Learner(model, training, CrossEntropy())
    batches = make_batches(split, training, eos_id=tokenizer.require_eos())
    chunks = list(islice(batches.epoch(0), n_updates + 1))
    if len(chunks) <= n_updates:
        raise ToktoolsError(f"an epoch must have more than {n_updates} updates, got {len(chunks)}")
    learner.update(chunks[0], training.learning_rate)
    start = time.process_time()
    for chunk in chunks[1:]:
        learner.update(chunk, training.learning_rate)
    seconds = (time.process_time() - start) / n_updates
    n_updates_per_epoch = sum(1 for _ in batches.epoch(0))
    return {
        "n_parameters": model.n_parameters,
        "n_updates_per_epoch": n_updates_per_epoch,
        "cpu_seconds_per_update": seconds,
        "cpu_hours_per_epoch": seconds * n_updates_per_epoch / 3600,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "threads": torch.get_num_threads(),
    }
