"""On what was measured: the machine, and the versions of all that ran."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lstm_lm.processor import processor_name


def n_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe(packages: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the machine, and the version of Python and of each package that is installed.

    Example:
        >>> machine, versions = describe(["numpy"])
        >>> sorted(machine), sorted(versions)
        (['load', 'processor', 'processors', 'system'], ['numba', 'numpy', 'python'])
    """
    machine = {
        "processor": processor_name(),
        "processors": n_processors(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
    versions = {"python": platform.python_version()}
    for package in sorted({*packages, "numpy", "numba"}):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return machine, versions
