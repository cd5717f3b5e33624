"""On what was measured: the machine, and the versions of all that ran."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


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
        "processor": _processor(),
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


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"
