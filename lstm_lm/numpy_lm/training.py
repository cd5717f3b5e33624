"""The training loop: chunks of text, gradients, clipping, an optimiser, validation, samples.

A run with an epoch budget is a function of its configuration and data: the same seed gives the same
weights bit by bit (at one number of threads), whether or not it was interrupted.
Legend: T time steps, B rows.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from lstm_lm.data.encoded import IGNORED
from lstm_lm.evaluation.scoring import Evaluation
from lstm_lm.files import write_arrays
from lstm_lm.numpy_lm.batching import Batches, Chunk
from lstm_lm.numpy_lm.cell import Array, State
from lstm_lm.numpy_lm.checkpoint import load_last, save_last
from lstm_lm.numpy_lm.clipping import clip_norm, clip_value, norm
from lstm_lm.numpy_lm.config import NumpyTrainingConfig
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.optimizers import make_optimizer
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.training.outcomes import TrainingInterrupted
from lstm_lm.training.position import Position

OnProgress = Callable[[float, dict[str, Any] | None], None]


@dataclass(kw_only=True)
class NumpyPosition(Position):
    """Where training is, with the sums that the lines of metrics and the samples are made from."""

    new_nats: float = 0.0
    new_norms: float = 0.0
    sample_probability: float = 0.0


class Trainer:
    """Trains one model; keeps its best weights and a checkpoint in the run directory.

    Args:
        run: where lines, weights and checkpoints go. model: is trained in place.
        n_bytes: of the training split's source text.
        validate: evaluates the model on the validation split.
        sample: makes a text, given a seed.
        on_progress: called after every update with the share of the budget used and the new line
            of metrics.jsonl, if there is one. stop: asked after every update whether to stop.
    """

    def __init__(
        self,
        run: RunDirectory,
        model: NumpyLanguageModel,
        batches: Batches,
        config: NumpyTrainingConfig,
        *,
        n_bytes: int,
        validate: Callable[[], Evaluation],
        sample: Callable[[int], str],
        on_progress: OnProgress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self._run, self._model, self._batches, self._config = run, model, batches, config
        self._n_bytes, self._validate, self._sample = n_bytes, validate, sample
        self._on_progress = on_progress or (lambda progress, record: None)
        self._stop = stop or (lambda: False)
        self._optimizer = make_optimizer(config, model.parameters)
        self._state: State = ()
        self.position = NumpyPosition()
        self._clock = 0.0

    @property
    def progress(self) -> float:
        """The share of the budget used, 0 to 1."""
        return self.position.progress(self._config, self._batches.n_tokens)

    def train(self) -> None:
        """Train until the budget is used.

        Raises: TrainingInterrupted once `stop` says so, after a checkpoint;
                TrainingDivergedError when a loss is not a number; the best weights stay on disk.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # the report looks at every loss
            self._train()

    def _train(self) -> None:
        self._clock = time.perf_counter()
        position = self.position
        while not position.finished:
            for chunk in islice(self._batches.epoch(position.epoch), position.chunk, None):
                self._step(chunk)
                self._on_progress(self.progress, self._report())
                if position.finished:
                    break
                if self._stop():
                    self.save()
                    raise TrainingInterrupted
            else:
                position.epoch, position.chunk = position.epoch + 1, 0

    def _step(self, chunk: Chunk) -> None:
        """Make one update from one chunk."""
        position, config, model = self.position, self._config, self._model
        if chunk.fresh or config.state == "reset":
            self._state = model.init_state(chunk.x_TB.shape[1])
        nats_TB, gradients, self._state = model.loss_and_gradients(
            chunk.x_TB, chunk.y_TB, self._state
        )
        if config.clip_value is None:
            position.new_norms += clip_norm(gradients, config.clip_norm)
        else:
            position.new_norms += norm(gradients)
            clip_value(gradients, config.clip_value)
        self._optimizer.learning_rate = self._learning_rate()
        self._optimizer.step(gradients)
        self._count(chunk, nats_TB)

    def _learning_rate(self) -> float:
        """Return the learning rate of now; the cosine falls from the full rate to 0."""
        rate = self._config.learning_rate
        if self._config.schedule == "constant":
            return rate
        return rate * 0.5 * (1 + math.cos(math.pi * self.progress))

    def _count(self, chunk: Chunk, nats_TB: Array) -> None:
        """Add one update, and its time, to the sums."""
        position, now = self.position, time.perf_counter()
        position.count(chunk.n_tokens, now - self._clock)
        self._clock = now
        position.new_nats += float(nats_TB.sum(dtype=np.float64))
        if self._config.sample_every is not None:
            p_TB = np.exp(-nats_TB) * (chunk.y_TB != IGNORED)
            position.sample_probability += float(p_TB.sum(dtype=np.float64))

    # Reporting

    def _report(self) -> dict[str, Any] | None:
        """Write a line of metrics if one is due, sampling, validating and saving if that is too."""
        position, progress = self.position, self.progress
        validating = position.is_validation_due(self._config, progress)
        sample = self._sample_record()
        if not (validating or sample or position.is_log_due(progress)):
            self._clock = time.perf_counter()
            return None
        position.look(self._config, progress)
        record = self._training_record() | sample
        if validating:
            record |= self._validation_record()
        self._run.append_metrics(record)
        position.begin_line()
        position.new_nats = position.new_norms = 0.0
        if validating:
            self.save()
        self._clock = time.perf_counter()
        return record

    def _training_record(self) -> dict[str, Any]:
        """Return the line of metrics on training since the line before."""
        return self.position.line(
            progress=self.progress,
            tokens_per_epoch=self._batches.n_tokens,
            bytes_per_epoch=self._n_bytes,
            nats=self.position.new_nats,
            norms=self.position.new_norms,
            learning_rate=self._optimizer.learning_rate,
        )

    def _validation_record(self) -> dict[str, Any]:
        """Validate, keep the weights if they are the best so far, and return the figures."""
        evaluation = self._validate()
        if self.position.add_loss(evaluation.loss_nats, self._batches.n_tokens):
            write_arrays(self._run.best, self._model.parameters)
        self.position.finished = self.progress >= 1
        return {
            "event": "validation",
            "validation_loss_nats": evaluation.loss_nats,
            "validation_bits_per_byte": evaluation.bits_per_byte,
            "best_epoch": self.position.best_epoch,
        }

    def _sample_record(self) -> dict[str, Any]:
        """Return a text and the mean probability of the target, if a look is due and that is high.

        The mean is over the targets of the latest `sample_every` updates.
        """
        position, every = self.position, self._config.sample_every
        if every is None or position.step % every:
            return {}
        probability = position.sample_probability / position.sample_tokens
        position.sample_tokens, position.sample_probability = 0, 0.0
        if not probability > self._config.sample_bound:
            return {}
        return {"mean_target_probability": probability, "sample": self._sample(position.step)}

    # Checkpoints

    def save(self) -> None:
        """Write all that a resumed run needs to go on bit by bit."""
        self.position.metrics_size = self._run.metrics_size()
        groups = {
            "model": self._model.parameters,
            "optimizer": self._optimizer.state(),
            "state": {str(i): array for i, array in enumerate(self._state)},
        }
        save_last(self._run, groups, dataclasses.asdict(self.position))

    def resume(self) -> None:
        """Go back to the latest checkpoint, or to the start; ToktoolsError if it does not fit."""
        self._run.remove_leftovers()
        if not self._run.last.exists():
            self._run.cut_metrics(0)
            return
        with load_last(self._run) as (groups, position):
            self.position = NumpyPosition(**position)
            self._model.set_parameters(groups["model"], source=str(self._run.last))
            self._optimizer.load_state(groups["optimizer"], self.position.step)
            state = groups.get("state", {})
            self._state = tuple(state[str(i)] for i in range(len(state)))
        self._run.cut_metrics(self.position.metrics_size)
