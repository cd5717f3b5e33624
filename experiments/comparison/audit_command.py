"""`python -m experiments audit`: every figure of a comparison computed anew."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from toktools.command_line import say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--rescore", is_flag=True, help="Let every model score the test text again, too.")
def audit(folder: Path, rescore: bool) -> None:
    """Compute every figure of a comparison anew from what is stored, and say what agrees.

    What is stored are the log-probability of each token of the test text (test.npz of each run) and
    the tokenizers. Ends with status 1 where a figure does not agree.

    \b
    Example:
      python -m experiments audit runs/demo
    """
    from experiments.comparison.audit import audit as audit_all

    found = audit_all(folder, rescore=rescore)
    agreeing = Counter(check.run for check in found.checks if check.agrees)
    for run in dict.fromkeys(check.run for check in found.checks):
        wrong = [check for check in found.wrong if check.run == run]
        click.echo(
            f"{run}: {agreeing[run]} figures agree" + (f", {len(wrong)} do not" * bool(wrong))
        )
        for check in wrong:
            click.echo(f"  {check.figure}: stored {check.stored!r}, comes out as {check.found!r}")
    for line in found.unchecked:
        say(f"not checked: {line}")
    if not found.checks:
        say("nothing could be checked")
    if found.wrong or not found.checks:
        sys.exit(1)
