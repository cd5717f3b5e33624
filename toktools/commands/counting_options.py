"""The options of training commands for corpora that are large: memory, a work folder, resuming."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toktools.command_line import INTERRUPTED, Bar, say

if TYPE_CHECKING:
    from toktools.training.count_table import Counting

CountingWith = Callable[[Bar], "Counting"]
"""Called with a progress bar."""


def counting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command; it gets them as `counting`, a `CountingWith`.

    Ctrl-C and SIGTERM end the command with one line and status 130.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in ("max_memory", "work_folder", "resume")}
        with _told_of_interruption(given["work_folder"]):
            return command(*args, counting=functools.partial(_counting, **given), **kwargs)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


_OPTIONS = [
    click.option(
        "--max-memory",
        metavar="SIZE",
        help="Memory that the whole training may take, e.g. 2GB; the rest goes to disk.",
    ),
    click.option(
        "--work-folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="Keep what has been counted here, so that it outlives an interruption.",
    ),
    click.option("--resume", is_flag=True, help="Go on with what is in --work-folder."),
]


def _counting(
    progress: Bar,
    *,
    max_memory: str | None,
    work_folder: Path | None,
    resume: bool,
) -> Counting:
    from toktools.training.count_table import Counting
    from toktools.training.memory import parse_size

    limit = None if max_memory is None else parse_size(max_memory)
    return Counting(max_memory=limit, folder=work_folder, resume=resume, progress=progress)


@contextmanager
def _told_of_interruption(folder: Path | None) -> Iterator[None]:
    """End an interrupted command with one line that says what was kept."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt as e:
        kept = "nothing was kept"
        if folder is not None:
            kept = f"{e or f'what was counted is in {folder}'}; the same command with --resume"
            kept += " goes on"
        say(f"interrupted; {kept}")
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)
