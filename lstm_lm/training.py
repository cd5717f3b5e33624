"""The training loop: Adam, clipped gradients, a schedule over the budget, validation, checkpoints.

A run with an epoch budget is a function of its configuration and data: the same seed gives the
same weights bit by bit on a CPU (at one number of threads), whether or not it was interrupted.
Legend: T time steps, B rows, V vocabulary.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_lm.batching import Batches, Chunk
from lstm_lm.checkpoint import RunDirectory, set_weights, weights
from lstm_lm.config import TrainingConfig
from lstm_lm.evaluation import Evaluation
from lstm_lm.model import LanguageModel, State, detach
from lstm_lm.outcomes import TrainingDivergedError, TrainingInterrupted
from toktools.errors import ToktoolsError

OnProgress = Callable[[float, dict[str, Any] | None], None]
"""Called after every update with the share of the budget used and, if one was written, the new line
of metrics.jsonl."""

N_LOGS = 100  # log lines over the budget


@dataclass(kw_only=True)
class Position:
    """Where training is, and what was summed up since the latest line of metrics.jsonl.

    `chunk` counts chunks of the current epoch; `best_*` tell of the lowest validation loss.
    """

    epoch: int = 0
    chunk: int = 0
    step: int = 0
    tokens_seen: int = 0
    seconds: float = 0.0
    n_logs: int = 0
    n_validations: int = 0
    best_loss_nats: float | None = None
    best_step: int | None = None
    metrics_size: int = 0
    new_steps: int = 0
    new_tokens: int = 0
    new_seconds: float = 0.0
    new_nats: float = 0.0
    new_norms: float = 0.0
    finished: bool = False


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """Return the learning rate at `progress` in [0, 1].

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, one cycle down to 0.
    Example:
        >>> learning_rate(TrainingConfig(learning_rate=0.5), 0.5)
        0.25
    """
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


class Trainer:
    """Trains one model; keeps its best weights and a checkpoint in the run directory.

    Args:
        run: where lines, weights and checkpoints go.
        model: is trained in place.
        batches: the training split; n_bytes: the bytes of its source text.
        validate: evaluates the model on the validation split.
        on_progress: see `OnProgress`. stop: asked after every update whether to stop.
    """

    def __init__(
        self,
        run: RunDirectory,
        model: LanguageModel,
        batches: Batches,
        config: TrainingConfig,
        *,
        n_bytes: int,
        validate: Callable[[], Evaluation],
        on_progress: OnProgress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self._run, self._model, self._batches, self._config = run, model, batches, config
        self._n_bytes, self._validate = n_bytes, validate
        self._on_progress = on_progress or (lambda progress, record: None)
        self._stop = stop or (lambda: False)
        self._optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
        self._state: State = ()
        self.position = Position()
        self._new_nats, self._new_norms = self._tensor(0.0), self._tensor(0.0)
        self._clock = 0.0

    # Progress

    @property
    def progress(self) -> float:
        """The share of the budget used, 0 to 1."""
        if self._config.minutes is not None:
            return min(1.0, self.position.seconds / (60 * self._config.minutes))
        return min(1.0, self.position.tokens_seen / (self._config.epochs * self._batches.n_tokens))

    def train(self) -> None:
        """Train until the budget is used.

        Raises: TrainingInterrupted once `stop` says so, after a checkpoint;
                TrainingDivergedError when a loss is not a number; the best weights stay on disk.
        """
        self._clock = time.perf_counter()
        self._model.train()
        position = self.position
        while self.progress < 1:
            for chunk in islice(self._batches.epoch(position.epoch), position.chunk, None):
                self._step(chunk)
                record = self._report()
                self._on_progress(self.progress, record)
                if self.progress >= 1:
                    break
                if self._stop():
                    self.save()
                    raise TrainingInterrupted
            else:
                position.epoch, position.chunk = position.epoch + 1, 0
        position.finished = True
        self.save()

    def _step(self, chunk: Chunk) -> None:
        """Make one update from one chunk. The loss stays a tensor: reading it would wait for it."""
        position, model = self.position, self._model
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(self._config, self.progress)
        x_TB, y_TB = chunk.x_TB.to(model.device), chunk.y_TB.to(model.device)
        state = model.init_state(x_TB.shape[1]) if chunk.fresh else detach(self._state)
        logits_TBV, self._state = model(x_TB, state)
        loss = functional.cross_entropy(logits_TBV.flatten(0, 1), y_TB.flatten())
        self._optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), self._config.clip_norm)
        self._optimizer.step()
        self._new_nats += loss.detach().double() * chunk.n_tokens
        self._new_norms += norm.double()
        position.chunk += 1
        position.step += 1
        position.tokens_seen += chunk.n_tokens
        position.new_steps += 1
        position.new_tokens += chunk.n_tokens
        self._tick()

    def _tick(self) -> None:
        """Add the time since the last tick to the training time."""
        now = time.perf_counter()
        self.position.seconds += now - self._clock
        self.position.new_seconds += now - self._clock
        self._clock = now

    # Reporting

    def _report(self) -> dict[str, Any] | None:
        """Write a line of metrics if one is due, validating and saving if that is due too."""
        position, progress = self.position, self.progress
        n_validations = int(progress * self._config.n_validations)
        n_logs = int(progress * N_LOGS)
        validating = n_validations > position.n_validations or progress >= 1
        if not validating and n_logs == position.n_logs:
            return None
        position.n_validations, position.n_logs = n_validations, n_logs
        record = self._training_record()
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
        position = self.position
        epochs = position.tokens_seen / self._batches.n_tokens
        loss_nats = float(self._new_nats) / position.new_tokens
        if not math.isfinite(loss_nats):
            self._diverged(f"the training loss is {loss_nats}")
        return {
            "event": "log",
            "step": position.step,
            "epoch": epochs,
            "progress": self.progress,
            "tokens_seen": position.tokens_seen,
            "bytes_seen": round(epochs * self._n_bytes),
            "training_seconds": position.seconds,
            "train_loss_nats": loss_nats,
            "learning_rate": self._optimizer.param_groups[0]["lr"],
            "gradient_norm": float(self._new_norms) / position.new_steps,
            "tokens_per_second": position.new_tokens / max(position.new_seconds, 1e-9),
        }

    def _validation_record(self) -> dict[str, Any]:
        """Validate, keep the weights if they are the best so far, and return the figures."""
        evaluation, position = self._validate(), self.position
        loss_nats = evaluation.loss_nats
        if not math.isfinite(loss_nats):
            self._diverged(f"the validation loss is {loss_nats}")
        if position.best_loss_nats is None or loss_nats < position.best_loss_nats:
            position.best_loss_nats, position.best_step = loss_nats, position.step
            self._run.save_best(self._model)
        return {
            "event": "validation",
            "validation_loss_nats": loss_nats,
            "validation_bits_per_byte": evaluation.bits_per_byte,
        }

    def _diverged(self, what: str) -> None:
        best = self.position.best_step
        kept = "no weights were kept" if best is None else f"the weights of step {best} are kept"
        raise TrainingDivergedError(
            f"training diverged: {what} at step {self.position.step}; {kept}; "
            "lower learning_rate (--learning-rate) or clip_norm (--clip-norm)"
        )

    def _reset_sums(self) -> None:
        position = self.position
        position.new_steps = position.new_tokens = 0
        position.new_seconds = 0.0
        self._new_nats.zero_()
        self._new_norms.zero_()

    # Checkpoints

    def save(self) -> None:
        """Write all that a resumed run needs to go on bit by bit."""
        position = self.position
        position.metrics_size = self._run.metrics_size()
        position.new_nats, position.new_norms = float(self._new_nats), float(self._new_norms)
        optimizer = self._optimizer.state_dict()["state"]
        random = {"cpu": torch.get_rng_state()}
        if self._model.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self._model.device)
        tensors = {
            "model": weights(self._model),
            "optimizer": {f"{i}/{n}": t for i, slot in optimizer.items() for n, t in slot.items()},
            "state": {str(i): tensor for i, tensor in enumerate(self._state)},
            "random": random,
        }
        self._run.save_last(tensors, dataclasses.asdict(position))

    def load(self) -> None:
        """Go back to the state of the latest checkpoint; ToktoolsError if it does not fit."""
        tensors, position = self._run.load_last()
        device = self._model.device
        try:
            self.position = Position(**position)
            set_weights(self._model, tensors["model"], self._run.last)
            slots: dict[int, dict[str, Tensor]] = {}
            for key, tensor in tensors["optimizer"].items():
                index, _, name = key.partition("/")
                slots.setdefault(int(index), {})[name] = tensor
            groups = self._optimizer.state_dict()["param_groups"]
            self._optimizer.load_state_dict({"state": slots, "param_groups": groups})
            state = tensors.get("state", {})
            self._state = tuple(state[str(i)].to(device) for i in range(len(state)))
            torch.set_rng_state(tensors["random"]["cpu"])
            if device.type == "cuda":
                torch.cuda.set_rng_state(tensors["random"]["cuda"], device)
        except (KeyError, TypeError, ValueError) as e:
            if isinstance(e, ToktoolsError):
                raise
            raise ToktoolsError(f"{self._run.last}: damaged: {e!r}") from e
        self._new_nats = self._tensor(self.position.new_nats)
        self._new_norms = self._tensor(self.position.new_norms)
        self._run.cut_metrics(self.position.metrics_size)

    def _tensor(self, value: float) -> Tensor:
        return torch.tensor(value, dtype=torch.float64, device=self._model.device)
