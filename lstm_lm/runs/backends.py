"""What computes a model: PyTorch, or NumPy with gradients written by hand.

Both write the same run directory, and `config.json` says which wrote it; so what opens a run asks
here. Nothing is imported until it is needed: a run in NumPy never imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.numpy_lm.run import NumpyRun
    from lstm_lm.runs.run import Run

BACKENDS = ("torch", "numpy")
CONFIGS: dict[str, tuple[type, type]] = {
    "torch": (ModelConfig, TrainingConfig),
    "numpy": (NumpyModelConfig, NumpyTrainingConfig),
}
"""The configurations of model and training of each backend."""


def backend_of(config: Mapping[str, Any]) -> str:
    """Return the backend that a `config.json` names; runs without the key are torch's."""
    backend = config.get("backend", "torch")
    if backend not in BACKENDS:
        raise ToktoolsError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    return backend


def load(path: str | Path) -> Run | NumpyRun:
    """Open a run directory, whichever backend wrote it.

    Raises: ToktoolsError if it is not one, is damaged, or holds no weights yet.
    """
    from lstm_lm.runs.directory import RunDirectory

    if backend_of(RunDirectory(path).read_config()) == "numpy":
        from lstm_lm.numpy_lm.run import load as load_numpy

        return load_numpy(path)
    from lstm_lm.runs.run import load as load_torch

    return load_torch(path)


def trainer(backend: str) -> Callable[..., Any]:
    """Return the backend's `train`."""
    if backend == "numpy":
        from lstm_lm.numpy_lm.run import train as train_numpy

        return train_numpy
    from lstm_lm.runs.run import train as train_torch

    return train_torch
