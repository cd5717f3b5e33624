"""What the terminal shows of jobs: a table for `status`, bars while they run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table

from experiments.comparison.jobs.status import Overview, Status, duration

OnLook = Callable[[Overview], object]
_STYLES = {"running": "bold", "done": "green", "failed": "red", "waiting": "dim"}


def print_overview(overview: Overview) -> None:
    """Print a line for each job, why some failed, and how far all is, to standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    table = Table()
    table.add_column("job")
    table.add_column("state")
    for name in ("progress", "bits/byte", "time", "left"):
        table.add_column(name, justify="right")
    for status in overview.jobs:
        table.add_row(*_cells(status), style=_STYLES[status.state])
    console.print(table)
    for status in overview.jobs:
        if status.error is not None:
            line = f"failed: {status.title}: {status.error}"
            console.print(line, style="red", soft_wrap=True, markup=False)
    console.print(overview.sentence(), soft_wrap=True)


def _cells(status: Status) -> list[str]:
    bits = "" if status.bits_per_byte is None else f"{status.bits_per_byte:.3f}"
    times = (status.seconds, status.seconds_left if status.state != "done" else None)
    return [
        status.title,
        status.state,
        f"{status.progress:.0%}",
        bits,
        *("" if seconds is None else duration(seconds) for seconds in times),
    ]


@contextmanager
def job_bars() -> Iterator[OnLook | None]:
    """Show a bar for each job that runs, while the block runs; call what it gives to move them.

    Goes to standard error; None without a terminal, where there is nobody to look.
    """
    if not sys.stderr.isatty():
        yield None
        return
    title, figures = (
        TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[figures]}")
    )
    columns = (title, BarColumn(), TaskProgressColumn(), figures)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def on_look(overview: Overview) -> None:
            running = {s.job: s for s in overview.jobs if s.state == "running"}
            for name in set(tasks) - set(running):
                progress.remove_task(tasks.pop(name))
            for name, status in running.items():
                if name not in tasks:
                    tasks[name] = progress.add_task(status.title, total=1.0, figures="")
                progress.update(tasks[name], completed=status.progress, figures=_figures(status))

        yield on_look


def _figures(status: Status) -> str:
    bits, left = status.bits_per_byte, status.seconds_left
    parts = [
        "" if bits is None else f"{bits:.3f} bits/byte",
        "" if left is None or not status.progress else f"{duration(left)} left",
    ]
    return ", ".join(filter(None, parts))
