"""What a run ran on, for the record in `config.json`."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from lstm_lm.processor import processor_name
from lstm_lm.runs.source import source_digest
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    import torch

PACKAGES = ("toktools", "torch", "numpy", "safetensors")


def check_device(name: str) -> None:
    """Raise ToktoolsError if torch cannot compute on the device of that name."""
    import torch

    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as e:
        reason = str(e).partition("\n")[0]
        raise ToktoolsError(
            f"cannot compute on device {name!r}: {reason}; cpu is always there"
        ) from e


def device_named(name: str) -> str:
    """Return the device of that name; "auto" is a GPU where torch has one, else the cpu."""
    import torch

    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def environment(device: torch.device) -> dict[str, Any]:
    """Return package versions, threads and a line on the hardware; JSON can hold it."""
    import torch

    return {
        **_programs(),
        "device": str(device),
        "torch_threads": torch.get_num_threads(),
        "hardware": _hardware(device),
    }


def numpy_environment() -> dict[str, Any]:
    """Return the same of a run in NumPy: with its matrix library, and without importing torch."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # pyright: ignore
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    threads = next((os.environ[name] for name in names if name in os.environ), None)
    return {
        **_programs(),
        "device": "cpu",
        "blas": f"{blas['name']} {blas['version']}",
        "blas_threads": threads or "not set",
        "hardware": _cpu(),
    }


def _programs() -> dict[str, Any]:
    """Return the versions of Python and of the packages, and our code; imports none of them."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "code": source_digest(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _hardware(device: torch.device) -> str:
    """Return processor, cores and system in one line."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu()


def _cpu() -> str:
    return f"{processor_name()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
