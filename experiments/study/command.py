"""`python -m experiments study`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from experiments.comparison.jobs.command import run_options, run_with_bars
from experiments.study.names import BUDGETS, SCALES
from toktools.command_line import INTERRUPTED, say


@click.command()
@click.option(
    *("--output", "-o"),
    type=click.Path(path_type=Path),
    default=Path("runs/study"),
    show_default=True,
    help="The folder; each comparison gets one in it.",
)
@click.option(
    "--scale",
    type=click.Choice(SCALES),
    default=SCALES[0],
    show_default=True,
    help="How large; large is for a GPU, trial takes a minute.",
)
@click.option(
    "--text",
    "given",
    multiple=True,
    metavar="NAME=SOURCE",
    help="Where a text is: german=de.txt. May be repeated.",
)
@click.option("--only", multiple=True, metavar="NAME", help="Only this text. May be repeated.")
@click.option(
    "--budget",
    "budgets",
    type=click.Choice(BUDGETS),
    multiple=True,
    help="Hold this equal. May be repeated.  [default: each in turn]",
)
@click.option(
    "--seeds", type=click.IntRange(min=1), help="How many: 0, 1, ...  [default: the scale's]"
)
@click.option("--summary", is_flag=True, help="Run nothing; write what the folder has, and print.")
@click.option(
    "--publish", is_flag=True, help="Run nothing; put what the folder has into docs/ of this tree."
)
@run_options
def study(
    output: Path,
    scale: str,
    given: tuple[str, ...],
    only: tuple[str, ...],
    budgets: tuple[str, ...],
    seeds: int | None,
    summary: bool,
    publish: bool,
    jobs: int | None,
    threads: int | None,
    stores: tuple[Path, ...],
    accept_other_code: bool,
) -> None:
    """Compare many tokenizers on several texts, and say what holds on all of them.

    Each text under each budget is a comparison in a folder of its own, which `status`, `report` and
    `audit` know. Writes study.json and study.md. Interrupted, the same command goes on where it
    was. docs/study.md says where the texts come from.

    \b
    Example:
      python -m experiments study --text headlines=news.jsonl --text german=de.txt \\
          --text japanese=ja.txt -o runs/study
      python -m experiments study --only german --text german=de.txt --budget bytes
      python -m experiments study --summary -o runs/study
    """
    from experiments.study.running import write_study

    if summary:
        click.echo(write_study(output), nl=False)
        return
    if publish:
        from experiments.study.publishing import publish as put

        for path in put(output):
            click.echo(path)
        return
    from experiments.study import scales, texts
    from experiments.study.running import run_study

    chosen = scales.SCALES[scale]()

    try:
        whole = run_study(
            output,
            chosen,
            texts.chosen(chosen.texts, given=given, only=only),
            budgets or BUDGETS,
            run=partial(
                run_with_bars, jobs=jobs, stores=stores, accept_other_code=accept_other_code
            ),
            seeds=tuple(range(seeds or 0)),
            threads=threads,
            say=say,
        )
    except KeyboardInterrupt:
        say(f"interrupted; all so far is in {output}, and the same command goes on")
        sys.exit(INTERRUPTED)
    click.echo(f"what holds across texts: {output / 'study.md'}")
    if not whole:
        sys.exit(1)
