"""`lstm_lm analogy` and `lstm_lm neighbours`: sums of vectors, and what lies close to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toktools.command_line import say
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.embeddings import Neighbour, WordVector
    from lstm_lm.embeddings.questions import CategoryScore

SHOWN_UNKNOWN = 10
run_argument = click.argument("run", type=click.Path(path_type=Path))
source_option = click.option(
    *("--from", "source"),
    type=click.Choice(["input", "output"]),
    default="input",
    show_default=True,
    help="The vectors by which tokens are read, or those by which they are predicted.",
)
n_option = click.option("-n", type=int, default=10, show_default=True, help="Words in a list.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@run_argument
@click.argument("words", nargs=-1)
@click.option("--expect", metavar="WORD", help="A word whose place in the list is told too.")
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path),
    help="Score a file of analogies instead: four words a line, categories as ': name'.",
)
@source_option
@n_option
@json_option
def analogy(
    run: Path,
    words: tuple[str, ...],
    expect: str | None,
    file: Path | None,
    source: str,
    n: int,
    as_json: bool,
) -> None:
    """Tell what lies closest to the vector of the first word - the second + the third.

    The closest words are listed with their distances by L2 and by cosine: without the three words
    put in, as is usual, and with them. A word of several pieces is the mean of its pieces.

    \b
    Example:
      lstm_lm analogy runs/word king man woman
      lstm_lm analogy runs/word king man woman --expect queen --from output
      lstm_lm analogy runs/word --file questions-words.txt
    """
    from lstm_lm.embeddings import analogy as compute
    from lstm_lm.embeddings import open_vectors

    if file is not None:
        if words or expect:
            raise ToktoolsError("give three words or --file, not both")
        _score_file(run, file, source, as_json=as_json)
        return
    if len(words) != 3:
        raise ToktoolsError(f"an analogy needs three words, as king man woman, got {len(words)}")
    a, b, c = words
    found = compute(open_vectors(run, source), a, b, c, n=n, expect=expect)
    say_read(found.words)
    if as_json:
        click.echo(json.dumps({"run": str(run), **found.as_dict()}, indent=2, ensure_ascii=False))
        return
    columns = {
        f"{measure}{note}": lists[measure]
        for note, lists in (("", found.closest), (", all", found.closest_of_all))
        for measure in lists
    }
    print_neighbours(f"{a} - {b} + {c} ({source} vectors)", columns)
    for measure, place in (found.expected or {}).items():
        click.echo(f"{expect} by {measure}: rank {place.rank}, distance {place.distance:.4f}")


def _score_file(run: Path, file: Path, source: str, *, as_json: bool) -> None:
    """Score a file of analogies, and print a line for each category."""
    from lstm_lm.embeddings import open_vectors
    from lstm_lm.embeddings.questions import read_questions, score_questions

    scores = score_questions(open_vectors(run, source), read_questions(file))
    _say_uncovered(scores[-1])
    if as_json:
        records = [score.as_dict() for score in scores]
        click.echo(json.dumps({"run": str(run), "from": source, "scores": records}, indent=2))
        return
    from rich.table import Table

    table = Table(title=f"{file.name}: right answers ({source} vectors)", title_justify="left")
    for name in ("category", "questions", "covered", "L2", "cosine", "L2, all", "cosine, all"):
        table.add_column(name, justify="left" if name == "category" else "right")
    for score in scores:
        shares = [*score.right.values(), *score.right_of_all.values()]
        cells = ("-" if not score.covered else f"{right / score.covered:.1%}" for right in shares)
        table.add_row(score.category, f"{score.questions:,}", f"{score.covered:,}", *cells)
    print_table(table)


def _say_uncovered(total: CategoryScore) -> None:
    """Say how many questions are not answered, and by which words."""
    if total.unknown:
        shown = ", ".join(map(repr, total.unknown[:SHOWN_UNKNOWN]))
        more = len(total.unknown) - SHOWN_UNKNOWN
        say(
            f"note: {total.questions - total.covered:,} of {total.questions:,} questions have a "
            f"word that is not in the vocabulary, and are not scored: {shown}"
            + (f" and {more:,} more" if more > 0 else "")
        )


@click.command()
@run_argument
@click.argument("word")
@source_option
@n_option
@json_option
def neighbours(run: Path, word: str, source: str, n: int, as_json: bool) -> None:
    """List the words whose vectors lie closest to that of a word, by L2 and by cosine.

    \b
    Example:
      lstm_lm neighbours runs/word senate
      lstm_lm neighbours runs/bpe republican --from output -n 5
    """
    from lstm_lm.embeddings import MEASURES, nearest, open_vectors

    vectors = open_vectors(run, source)
    asked = vectors.word(word)
    say_read([asked])
    columns = {
        f"{measure}{note}": nearest(vectors, asked.vector_E, measure=measure, n=n, without=left)
        for note, left in (("", vectors.texts(asked)), (", all", ()))
        for measure in MEASURES
    }
    if as_json:
        lists: dict[str, Any] = {
            name: [vars(found) for found in column] for name, column in columns.items()
        }
        record = {"run": str(run), "word": word, "pieces": asked.tokens, "from": source, **lists}
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
        return
    print_neighbours(f"{word} ({source} vectors)", columns)


def say_read(words: Sequence[WordVector]) -> None:
    """Say which words are unknown, rewritten, or made of pieces."""
    for word in dict.fromkeys(word.note for word in words):
        if word:
            say(f"note: {word}")


def print_neighbours(title: str, columns: dict[str, list[Neighbour]]) -> None:
    """Print lists of neighbours side by side, a token and its distance in each cell."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("", justify="right")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True, overflow="fold")
    for i in range(max(map(len, columns.values()))):
        table.add_row(
            str(i + 1),
            *(
                f"{escape(column[i].token)}  {column[i].distance:.3f}" if i < len(column) else ""
                for column in columns.values()
            ),
        )
    print_table(table)


def print_table(table: Any) -> None:
    """Print a table on standard output, never narrower than its cells need."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False)
    needed = Measurement.get(console, console.options.update(max_width=1000), table).maximum
    console.width = max(console.width, needed)
    console.print(table)


@click.command("map")
@run_argument
@click.option(
    *("--output", "-o"),
    type=click.Path(path_type=Path),
    help="The picture.  [default: RUN/map.png]",
)
@source_option
@click.option("--labels", default=80, show_default=True, help="Tokens to label, the first ids.")
def draw(run: Path, output: Path | None, source: str, labels: int) -> None:
    """Draw the vectors of all tokens on a page, by their two principal components.

    \b
    Example:
      lstm_lm map runs/word
      lstm_lm map runs/word --from output --labels 150 -o words.svg
    """
    from lstm_lm.embeddings import open_vectors
    from lstm_lm.embeddings.picture import draw_map

    output = output or run / "map.png"
    if output.suffix not in (".png", ".svg", ".pdf"):
        raise ToktoolsError(f"the picture must be .png, .svg or .pdf, got {output}")
    n = draw_map(open_vectors(run, source), output, n_labels=labels, title=run.name)
    click.echo(f"{output}: {n} of the first {labels} tokens have room for a label")
