"""`python -m experiments status`, and the options of `compare` that say how its jobs are done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from experiments.comparison.running import Comparison

Json = dict[str, Any]
Command = Callable[..., Any]


def run_options(command: Command) -> Command:
    """Add the options that change how runs are done, and nothing of what they give."""
    options = (
        click.option(
            *("--jobs", "-j"),
            type=click.IntRange(min=1),
            help="Runs at once, each a process of its own.  [default: the cores]",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            help="Threads of each run; another number rounds otherwise.  [default: 1]",
        ),
        click.option(
            *("--store", "stores"),
            multiple=True,
            type=click.Path(path_type=Path),
            help="A folder with other comparisons: take finished runs over. May be repeated.",
        ),
        click.option(
            "--accept-other-code",
            is_flag=True,
            help="Take runs that another version of the code finished or began.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def run_with_bars(
    comparison: Comparison, *, jobs: int | None, stores: Sequence[Path], accept_other_code: bool
) -> Json:
    """Run a comparison as `run_options` say, a bar for each job; return its results."""
    from experiments.comparison.jobs.display import job_bars
    from experiments.comparison.jobs.pool import default_jobs

    with job_bars() as on_look:
        return comparison.run(
            at_once=jobs or default_jobs(comparison.threads),
            stores=stores,
            accept_other_code=accept_other_code,
            on_look=on_look,
        )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(folder: Path, as_json: bool) -> None:
    """Show how far each job of a comparison is: while it runs, and after.

    \b
    Example:
      python -m experiments status runs/demo
    """
    from experiments.comparison.jobs.display import print_overview
    from experiments.comparison.jobs.status import overview

    found = overview(folder)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        print_overview(found)
