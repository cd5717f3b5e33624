"""Commands, each in a process of its own, that do not load torch anew.

That takes longer than most of them do. So a server process imports what is slow to import, runs
nothing, and forks for each command.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

SLOW_TO_IMPORT = [
    "torch",
    "matplotlib.pyplot",
    "lstm_lm.runs.run",
    "experiments.comparison.running",
]


def run_module(
    module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[int | None, str]:
    """Run `python -m module arguments` in a folder; return its exit status and all that it printed.

    Args: environment: variables beside those of this process.
    """
    printed = folder / f".printed-{os.urandom(8).hex()}"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(SLOW_TO_IMPORT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # torch reads it as it is loaded
        process = context.Process(
            target=_run, args=(module, list(arguments), folder, dict(environment), printed)
        )
        process.start()
    process.join()
    text = printed.read_text("utf-8", errors="replace")
    printed.unlink()
    return process.exitcode, text


def _run(
    module: str, arguments: list[str], folder: Path, environment: dict[str, str], printed: Path
) -> None:
    """Be the process of a command."""
    os.chdir(folder)
    os.environ.update(environment)
    with printed.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
