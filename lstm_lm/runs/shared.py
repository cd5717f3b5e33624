"""A run directory as several processes have it: the first reads and writes, the others are told.

So only the first needs to see it, and no file is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lm.runs.directory import RunDirectory

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lstm_lm.training.processes import Processes


class SharedDirectory(RunDirectory):
    """What a trainer does with its directory; each method must be called by all processes.

    Args: path: as `RunDirectory`. processes: those that train together.
    """

    def __init__(self, path: str | Path, processes: Processes) -> None:
        super().__init__(path)
        self._alone, self._processes = RunDirectory(path), processes

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a process that was killed while it wrote one."""
        self._processes.first(self._alone.remove_leftovers)

    def save_best(self, model: nn.Module) -> None:
        """Write the weights that have the lowest validation loss so far."""
        if self._processes.is_first:
            self._alone.save_best(model)

    def has_last(self) -> bool:
        """Whether there is a checkpoint."""
        return self._processes.first(self._alone.has_last)

    def save_last(
        self, tensors: Mapping[str, Mapping[str, Tensor]], position: Mapping[str, Any]
    ) -> None:
        """Write groups of tensors, and the position."""
        if self._processes.is_first:
            self._alone.save_last(tensors, position)

    def load_last(self) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
        """Return what `save_last` wrote."""
        return self._processes.first(self._alone.load_last)

    def append_metrics(self, record: Mapping[str, Any]) -> None:
        """Add one line to `metrics.jsonl`."""
        if self._processes.is_first:
            self._alone.append_metrics(record)

    def metrics_size(self) -> int:
        """Return the bytes of `metrics.jsonl`, as the first process sees them."""
        return self._processes.first(self._alone.metrics_size)

    def cut_metrics(self, size: int) -> None:
        """Drop what was written to `metrics.jsonl` after its first `size` bytes."""
        if self._processes.is_first:
            self._alone.cut_metrics(size)
