"""One update from one chunk: forward, loss, backward, clipping, step.

Legend: T time steps, B rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lstm_lm.config import TrainingConfig
from lstm_lm.data.batching import IGNORED, Chunk
from lstm_lm.model import LanguageModel
from lstm_lm.products import computes_bfloat16
from lstm_lm.regularization import drop_own_rows
from lstm_lm.training.averaging import WeightAverage
from lstm_lm.training.carried import CarriedState
from lstm_lm.training.heap import keep_freed_memory
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.norms import measure_norms
from lstm_lm.training.optimizers import (
    make_optimizer,
    optimizer_tensors,
    parameter_groups,
    set_learning_rate,
    set_optimizer_tensors,
)
from lstm_lm.training.processes import Processes
from lstm_lm.training.recording import Recorded


@dataclass(frozen=True, kw_only=True, eq=False)
class Update:
    """What one update tells; tensors, for reading them would wait for the device.

    Attributes:
        nats: cross-entropy per token. norm: of the gradient, before clipping.
        probability: the mean that the targets were given; None unless asked for.
    """

    nats: Tensor
    norm: Tensor
    probability: Tensor | None


class Learner:
    """A model with its optimiser, loss, carried state and the average of its weights.

    With several processes, each makes its share of the update: see `lstm_lm.training.distributed`.

    Args:
        model: is trained in place. loss: `CrossEntropy()` unless tokens are weighted.
        processes: that make the same updates; default: this alone.
    """

    def __init__(
        self,
        model: LanguageModel,
        config: TrainingConfig,
        loss: CrossEntropy,
        processes: Processes | None = None,
    ) -> None:
        self.model, self._config, self._loss = model, config, loss
        self._processes = processes or Processes()
        self.optimizer = make_optimizer(parameter_groups(model, config), config)
        self.average = WeightAverage(model.parameters(), decay=config.ema or 1.0)
        self.carried = CarriedState(config.detach_every)
        self.latest: Chunk | None = None
        self._recorded = Recorded(self._to_record) if self._can_record else None
        if model.device.type == "cpu":
            keep_freed_memory()

    @property
    def _can_record(self) -> bool:
        """Whether updates are the same kernels each time, and nothing looks on."""
        config = self._config
        return (
            self.model.device.type == "cuda"
            and config.cuda_graphs
            and config.detach_every == 1
            and config.sampled_words is None
            and not config.norms
            and self._processes.size == 1
        )

    def update(self, chunk: Chunk, learning_rate: float) -> Update:
        """Make one update from one chunk."""
        set_learning_rate(self.optimizer, learning_rate)
        self.latest = chunk
        is_part = self._processes.size > 1
        own = self._own(chunk) if is_part else chunk
        x_TB, y_TB = (to_device(t, self.model.device) for t in (own.x_TB, own.y_TB))
        if self._recorded is not None:
            figures = self._replayed(x_TB, y_TB, self._recorded, fresh=chunk.fresh)
        else:
            whole_TB, share = chunk.y_TB if is_part else None, own.n_tokens / chunk.n_tokens
            figures = self._gradients(x_TB, y_TB, fresh=chunk.fresh, whole_TB=whole_TB, share=share)
        norm, nats, *probability = figures
        self.optimizer.step()
        self.average.update()
        return Update(nats=nats, norm=norm, probability=probability[0] if probability else None)

    def _gradients(
        self,
        x_TB: Tensor,
        y_TB: Tensor,
        *,
        fresh: bool,
        whole_TB: Tensor | None = None,
        share: float = 1.0,
    ) -> list[Tensor]:
        """Make the gradients of one chunk and clip them; return their norm before, and figures.

        Args: fresh: the state starts from zeros. whole_TB: the targets of the batch of which these
              are a part, and `share` the part of them that counts here.
        """
        model, config = self.model, self._config
        targets_TB = y_TB if share else y_TB.clamp(min=0)  # a mean over none is no number
        watched, in_16_bits = config.sample_every is not None, config.precision == "bfloat16"
        in_16_bits = in_16_bits and computes_bfloat16(model.device.type)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=in_16_bits):
            h_TBH = self.carried.read(model, x_TB, fresh=fresh)
            loss = self._loss.of_features(
                h_TBH, model.head, targets_TB, watched=watched, whole_TB=whole_TB
            )
            penalty = model.penalty(
                y_TB != IGNORED, None if whole_TB is None else whole_TB != IGNORED
            )
        if whole_TB is not None:
            loss = loss.times(share)
        # a recording finds gradients where they were
        self.optimizer.zero_grad(set_to_none=self._recorded is None)
        (loss.objective + penalty).backward()
        figures = self._processes.sum_gradients(model.parameters(), loss.figures)
        return [clip(model, config), *figures]

    def _replayed(
        self, x_TB: Tensor, y_TB: Tensor, recorded: Recorded, *, fresh: bool
    ) -> list[Tensor]:
        """Return what `_gradients` does, by a recording where there is one."""
        state = self.model.init_state(x_TB.shape[1]) if fresh else self.carried.state
        outputs = recorded(x_TB, y_TB, *state)
        n_figures = len(outputs) - len(state)
        self.carried.state = outputs[n_figures:]
        return [*outputs[:n_figures]]

    def _to_record(self, x_TB: Tensor, y_TB: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Return norm, figures and the state after: `_gradients` as a function of tensors."""
        self.carried.state = state
        figures = self._gradients(x_TB, y_TB, fresh=False)
        return (*(figure.detach() for figure in figures), *self.carried.state)

    def wait(self) -> bool:
        """Wait until a GPU has done all that it was given; return whether there is one."""
        is_gpu = self.model.device.type == "cuda"
        if is_gpu:
            torch.cuda.synchronize(self.model.device)
        return is_gpu

    def _own(self, chunk: Chunk) -> Chunk:
        """Return this process's rows of a chunk, and let dropout act as on all of them."""
        rows = self._processes.rows(chunk.x_TB.shape[1])
        drop_own_rows(self.model, rows)
        return chunk.part(rows)

    def norms(self) -> dict[str, Any]:
        """Measure activations and gradients on the latest chunk: see `measure_norms`."""
        assert self.latest is not None
        x_TB, y_TB = (t.to(self.model.device) for t in (self.latest.x_TB, self.latest.y_TB))
        before = tuple(self._processes.whole(t, x_TB.shape[1]) for t in self.carried.before)
        return measure_norms(self.model, x_TB, y_TB, before)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return, for a checkpoint, all but the weights; of the carried state, all rows."""
        n_rows = 0 if self.latest is None else self.latest.x_TB.shape[1]
        carried = {
            part: {name: self._processes.whole(t, n_rows) for name, t in tensors.items()}
            for part, tensors in self.carried.tensors().items()
        }
        return {
            "optimizer": optimizer_tensors(self.optimizer),
            "average": self.average.tensors(),
            **carried,
        }

    def set_tensors(self, tensors: Mapping[str, dict[str, Tensor]]) -> None:
        """Take back what `tensors` returned."""
        set_optimizer_tensors(self.optimizer, tensors.get("optimizer", {}))
        self.average.set_tensors(tensors.get("average", {}))
        carried = {
            part: {name: self._processes.own(t) for name, t in tensors.get(part, {}).items()}
            for part in ("state", "earlier")
        }
        self.carried.set_tensors(carried, self.model.device)


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Return the tensor there; the way to a GPU is taken while the program goes on."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def clip(model: nn.Module, config: TrainingConfig) -> Tensor:
    """Clip the gradients, by value if `clip_value` is set, else by norm; return the norm before.

    Source: by norm: Pascanu et al. 2013, arXiv:1211.5063, algorithm 1.
    """
    if config.clip_value is None:
        return nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    nn.utils.clip_grad_value_(model.parameters(), config.clip_value)
    return norm
