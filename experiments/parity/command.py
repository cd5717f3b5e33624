"""`python -m experiments parity`."""

from __future__ import annotations

from pathlib import Path

import click

from toktools.command_line import say
from toktools.errors import ToktoolsError, lookup


@click.command()
@click.option(
    *("--corpus", "-c", "sources"),
    multiple=True,
    metavar="[NAME=]SOURCE",
    help="A corpus to compare on. May be repeated.  [default: the built-in ones]",
)
@click.option("--family", "families", multiple=True, help="Only this one. May be repeated.")
@click.option(
    *("--drawn", "n_drawn"),
    default=1000,
    show_default=True,
    help="Strings to draw at random, for each family on each corpus.",
)
@click.option("--seed", default=0, show_default=True, help="Chooses what is drawn.")
@click.option("--processes", default=1, show_default=True, help="At once.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write all rows as JSON.")
def parity(
    sources: tuple[str, ...],
    families: tuple[str, ...],
    n_drawn: int,
    seed: int,
    processes: int,
    output: Path | None,
) -> None:
    """Compare the ids of every family of tokenizers with those of the library that it follows.

    Prints a table in Markdown; exit status 1 if a single text got other ids.

    \b
    Example:
      python -m experiments parity -c prose=hamlet.txt -c stdlib-code --drawn 50000
    """
    from experiments.parity.families import FAMILIES
    from experiments.parity.measure import measure, table
    from lstm_lm.files import write_json
    from toktools.corpus.builtin import BUILTIN

    for family in families:
        lookup(family, FAMILIES, what="family")
    named = (source.partition("=") for source in sources or BUILTIN)
    result = measure(
        {name: source or name for name, _, source in named},
        n_drawn=n_drawn,
        families=families or tuple(FAMILIES),
        seed=seed,
        n_processes=processes,
        say=say,
    )
    click.echo(table(result))
    if output is not None:
        write_json(output, result)
    first = next((row for row in result["rows"] if row["different"]), None)
    if first is not None:
        raise ToktoolsError(
            f"{first['family']} on {first['corpus']}: other ids than {first['oracle']}'s for "
            f"{first['first']!r}"
        )
