"""The training loop: updates over the budget, lines of metrics, validation, checkpoints.

A run with an epoch budget is a function of its configuration and data: the same seed gives the
same weights bit by bit on a CPU (at one number of threads), whether or not it was interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Any

from lstm_lm.config import TrainingConfig
from lstm_lm.data.batching import Batches, Chunk
from lstm_lm.evaluation.scoring import Evaluation
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.trainer_state import Sums, load_state, save_state
from lstm_lm.training.learner import Learner
from lstm_lm.training.outcomes import TrainingInterrupted
from lstm_lm.training.position import Position
from lstm_lm.training.processes import Processes
from lstm_lm.training.schedules import averaging_is_due, learning_rate, stops_early

OnProgress = Callable[[float, dict[str, Any] | None], None]
"""Called after every update with the share of the budget used and, if one was written, the new line
of metrics.jsonl."""


class Trainer:
    """Trains one model; keeps its best weights and a checkpoint in the run directory.

    Args:
        run: where lines, weights and checkpoints go.
        learner: the model, which is trained in place, and what makes its updates.
        batches: the training split; n_bytes: the bytes of its source text.
        validate: evaluates the model on the validation split.
        sample: makes a text, given a seed; needed if `config.sample_every` is set.
        on_progress: see `OnProgress`. stop: asked after every update whether to stop.
        processes: that train together, each with a trainer of its own; default: this alone.
    """

    def __init__(
        self,
        run: RunDirectory,
        learner: Learner,
        batches: Batches,
        config: TrainingConfig,
        *,
        n_bytes: int,
        validate: Callable[[], Evaluation],
        sample: Callable[[int], str] | None = None,
        on_progress: OnProgress | None = None,
        stop: Callable[[], bool] | None = None,
        processes: Processes | None = None,
    ) -> None:
        self._run, self._learner, self._batches, self._config = run, learner, batches, config
        self._n_bytes, self._validate, self._sample = n_bytes, validate, sample
        self._on_progress = on_progress or (lambda progress, record: None)
        self._stop = stop or (lambda: False)
        self._processes = processes or Processes()
        self.position = Position()
        self._sums = Sums(learner.model.device)
        self._clock = self._saved = 0.0

    @property
    def progress(self) -> float:
        """The share of the budget used, 0 to 1."""
        return self.position.progress(self._config, self._batches.n_tokens)

    def train(self) -> None:
        """Train until the budget is used, or validation has not improved for too long.

        Raises: TrainingInterrupted once `stop` says so, after a checkpoint;
                TrainingDivergedError when a loss is not a number; the best weights stay on disk.
        """
        self._clock = self._saved = time.perf_counter()
        self._learner.model.train()
        position = self.position
        while not position.finished:
            for chunk in islice(self._batches.epoch(position.epoch), position.chunk, None):
                self._step(chunk)
                record = self._report()
                self._on_progress(self.progress, record)
                if position.finished:
                    break
                if self._processes.any(self._stop()):
                    self.save()
                    raise TrainingInterrupted
                self._save_if_due()
            else:
                position.epoch, position.chunk = position.epoch + 1, 0

    def _step(self, chunk: Chunk) -> None:
        """Make one update from one chunk."""
        position, sums, average = self.position, self._sums, self._learner.average
        losses = position.validation_losses
        if not average.has_begun and averaging_is_due(self._config, self.progress, losses):
            average.begin()
        rate = learning_rate(self._config, self.progress, losses)
        update = self._learner.update(chunk, rate * chunk.rate)
        sums.nats += update.nats.double() * chunk.n_tokens
        sums.norms += update.norm.double()
        if update.probability is not None:
            sums.probability += update.probability.double() * chunk.n_tokens
        position.count(chunk.n_tokens, self._seconds_since())

    def _seconds_since(self) -> float:
        """Return the time since the last call, the same in all processes if anything depends on it.

        A GPU may have more to do still: see `_count_waiting`.
        """
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        return seconds if self._config.minutes is None else self._processes.of_first(seconds)

    def _count_waiting(self) -> None:
        """Wait until a GPU has made all updates, and count the time as theirs."""
        if self._learner.wait():
            self.position.count_seconds(self._seconds_since())

    # Reporting

    def _report(self) -> dict[str, Any] | None:
        """Write a line of metrics if one is due, sampling, validating and saving if that is too."""
        position, progress = self.position, self.progress
        validating = position.is_validation_due(self._config, progress)
        if validating or position.is_log_due(progress):
            self._count_waiting()
        sample = self._sample_record()
        if not (validating or sample or position.is_log_due(progress)):
            return None
        position.look(self._config, progress)
        record = self._training_record() | sample
        if self._config.norms:
            record |= self._learner.norms()
        if validating:
            record |= self._validation_record()
        self._run.append_metrics(record)
        self._reset_sums()
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
            nats=float(self._sums.nats),
            norms=float(self._sums.norms),
            learning_rate=self._learner.optimizer.param_groups[0]["lr"],
        )

    def _validation_record(self) -> dict[str, Any]:
        """Validate, keep the weights if they are the best so far, and return the figures."""
        position, losses = self.position, self.position.validation_losses
        with self._learner.average.in_place():
            evaluation = self._validate()
            if position.add_loss(evaluation.loss_nats, self._batches.n_tokens):
                self._run.save_best(self._learner.model)
        stopping_early = self.progress < 1 and stops_early(self._config, losses)
        position.finished = self.progress >= 1 or stopping_early
        return {
            "event": "validation",
            "validation_loss_nats": evaluation.loss_nats,
            "validation_bits_per_byte": evaluation.bits_per_byte,
            "best_epoch": position.best_epoch,
            **({"stopped_early": True} if stopping_early else {}),
        }

    def _sample_record(self) -> dict[str, Any]:
        """Return a text and the mean probability of the target, if a look is due and that is high.

        The mean is over the targets of the latest `sample_every` updates.
        """
        position, every = self.position, self._config.sample_every
        if every is None or self._sample is None or position.step % every:
            return {}
        probability = float(self._sums.probability) / position.sample_tokens
        self._sums.probability.zero_()
        position.sample_tokens = 0
        if probability <= self._config.sample_bound:
            return {}
        with self._learner.average.in_place():
            text = self._sample(position.step)
        return {"mean_target_probability": probability, "sample": text}

    def _reset_sums(self) -> None:
        self.position.begin_line()
        self._sums.nats.zero_()
        self._sums.norms.zero_()

    # Checkpoints

    def _save_if_due(self) -> None:
        """Save if `config.checkpoint_every` says so."""
        interval = self._config.checkpoint_interval
        if interval is None:
            return
        number, unit = interval
        if unit == "seconds":
            due = self._processes.of_first(time.perf_counter() - self._saved) >= number
        else:
            due = self.position.step % number == 0
        if due:
            self.save()
            self._clock = time.perf_counter()

    def save(self) -> None:
        """Write all that a resumed run needs to go on bit by bit."""
        save_state(self._run, self.position, self._learner, self._sums)
        self._saved = time.perf_counter()

    def resume(self) -> None:
        """Go back to the latest checkpoint, or to the start; ToktoolsError if it does not fit."""
        self._run.remove_leftovers()
        if self._run.has_last():
            self.position = load_state(self._run, self._learner, self._sums)
        else:
            self._run.cut_metrics(0)
