"""Commands, each in a process of its own, that do not load torch anew.

That takes longer than most of them do; see `forked.py`.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.forked import fork


def run_module(
    module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[int | None, str]:
    """Run `python -m module arguments` in a folder; return its exit status and all that it printed.

    Args: environment: variables beside those of this process.
    """
    printed = folder / f".printed-{os.urandom(8).hex()}"
    process = fork(_run, module, list(arguments), folder, dict(environment), printed)
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
