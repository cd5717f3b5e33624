"""A function of tensors on a GPU, recorded once for each shape of its inputs and then replayed.

One update is some hundred kernels, many of a few microseconds, and Python hands them out more
slowly than a GPU works them off. A recording (a CUDA graph) hands them all out at once. It reads
and writes the same memory each time: inputs are copied into it, and what comes out is overwritten
by the next replay of the same shape. The memory in between serves all recordings in turn.

A recorded function must not wait for the GPU, and must find what else it writes to (gradients) in
the same place each time.

Source: the PyTorch documentation, "CUDA semantics", section "CUDA Graphs".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Function = Callable[..., tuple[Tensor, ...]]
Record = Callable[[Callable[[], tuple[Tensor, ...]]], tuple[Callable[[], None], tuple[Tensor, ...]]]
"""Runs what it is given for the first time; returns what repeats it, and the tensors that it gives
each time."""

N_BEFORE = 3
"""Calls of a shape before it is recorded: they set up libraries; rare shapes stay unrecorded."""
MOST = 64
"""Shapes that are recorded."""


class _Recording(NamedTuple):
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    replay: Callable[[], None]


class Recorded:
    """Calls a function of tensors, or replays what it did.

    Args: function: see the head of this file. record: see `Record`; default: CUDA graphs that share
          their memory.
    """

    def __init__(self, function: Function, record: Record | None = None) -> None:
        self._function, self._record = function, record or cuda_graphs()
        self._calls: Counter[tuple[torch.Size, ...]] = Counter()
        self._recordings: dict[tuple[torch.Size, ...], _Recording] = {}

    @property
    def n_recordings(self) -> int:
        """How many shapes are recorded."""
        return len(self._recordings)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return what the function gives; good until the next call with inputs of these shapes."""
        shapes = tuple(tensor.shape for tensor in inputs)
        if shapes not in self._recordings:
            self._calls[shapes] += 1
            if self._calls[shapes] <= N_BEFORE or self.n_recordings >= MOST:
                return self._function(*inputs)
            self._recordings[shapes] = self._recording(inputs)
        recording = self._recordings[shapes]
        for own, given in zip(recording.inputs, inputs, strict=True):
            own.copy_(given)
        recording.replay()
        return recording.outputs

    def _recording(self, inputs: tuple[Tensor, ...]) -> _Recording:
        own = tuple(tensor.clone() for tensor in inputs)
        replay, outputs = self._record(lambda: self._function(*own))
        return _Recording(own, outputs, replay)


def cuda_graphs() -> Record:
    """Return what records as CUDA graphs that share their memory."""
    pool = torch.cuda.graph_pool_handle()

    def record(
        function: Callable[[], tuple[Tensor, ...]],
    ) -> tuple[Callable[[], None], tuple[Tensor, ...]]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):  # nothing is computed yet
            outputs = function()
        return graph.replay, outputs

    return record
