"""`lstm_lm explain`: what each token of a text costs, as a coloured line, a table or a page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from toktools.command_line import say
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from rich.table import Table

    from lstm_lm.evaluation.token_scores import TokenScores

_COLOURS = ["", *(f"black on {c}" for c in ("#fdf0d5", "#fde0b0", "#fccb8b", "#fbb36b"))]
_COLOURS += [f"black on {c}" for c in ("#f89a52", "#f28042", "#e9683a", "#dd5236")]


@click.command()
@click.argument("runs_and_text", metavar="RUN... TEXT", nargs=-1, required=True)
@click.option("--plain", is_flag=True, help="A table without colour, as where no terminal is.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with it too.")
def explain(runs_and_text: tuple[str, ...], plain: bool, html: Path | None) -> None:
    """Show what each token of a text costs, in bits; several runs side by side.

    A bit halves the probability. Runs with different tokenizers are set on the same characters, so
    that one sees where one pays more.

    \b
    Example:
      lstm_lm explain runs/bpe "The president wants a wall"
      lstm_lm explain runs/word runs/bpe "the president wants a wall" --html bits.html
    """
    *paths, text = runs_and_text
    if not paths:
        raise ToktoolsError('explain needs a run and a text: lstm_lm explain RUN "TEXT"')
    from lstm_lm.explaining.aligning import explain as compute
    from lstm_lm.runs.backends import load

    scores = compute([load(path) for path in paths], text)
    if scores[0].text != text:
        say(f"note: read as {scores[0].text!r}, as the runs' own texts were rewritten")
    if html:
        from lstm_lm.explaining.page import page
        from lstm_lm.files import write_text

        write_text(html, page(paths, scores))
    plain = plain or not sys.stdout.isatty()
    for path, each in zip(paths, scores, strict=True):
        _show(path, each, plain=plain)
    if len(scores) > 1:
        _print(_side_by_side(paths, scores))
    if html:
        say(f"written: {html}")


def _show(path: str, scores: TokenScores, *, plain: bool) -> None:
    """Print one run's tokens, as a table or as a coloured line."""
    click.echo(
        f"{path}: {len(scores.tokens):,} tokens, {scores.total_bits:.1f} bits, "
        f"{scores.bits_per_byte:.3f} bits per byte"
    )
    _print(_tokens(scores) if plain else _line(scores))


def _tokens(scores: TokenScores) -> Table:
    """Return a table with a row for each token."""
    from rich.table import Table

    from lstm_lm.explaining.aligning import visible

    table = Table(box=None)
    for name in ("token", "text", "bits", "probability", "spelling"):
        table.add_column(name, justify="left" if name in ("token", "text") else "right")
    for token, (start, end), bits, spelling in zip(
        scores.tokens, scores.spans, scores.bits, scores.spelling_bits, strict=True
    ):
        text = visible(scores.text[start:end])
        spelled = f"{spelling:.2f}" if spelling else ""
        table.add_row(Text(token), Text(text), f"{bits:.2f}", f"{2.0**-bits:.3g}", spelled)
    return table


def _line(scores: TokenScores) -> Text:
    """Return the text with a colour for each token, and a legend."""
    from lstm_lm.explaining.aligning import visible
    from lstm_lm.explaining.page import parts

    line = Text()
    for part in parts(scores):
        line.append(visible(part.text), style=_COLOURS[part.depth or 0])
    line.append("\nbits ")
    for i, colour in enumerate(_COLOURS):
        line.append(f" {2 * i} ", style=colour)
    return line


def _side_by_side(paths: Sequence[str], scores: Sequence[TokenScores]) -> Table:
    """Return a table with a row for each stretch of text that all models cut off."""
    from rich.table import Table

    from lstm_lm.explaining.aligning import align, visible

    table = Table(title="bits for the same characters", title_justify="left")
    table.add_column("text")
    for path in paths:
        table.add_column(path, justify="right")
    for path in paths[1:]:
        table.add_column(f"sum, {path}", justify="right")
    for s in align(scores):
        table.add_row(
            Text(visible(scores[0].text[s.start : s.end]) or "end"),
            *(f"{bits:.2f}" for bits in s.bits),
            *(f"{ahead:+.2f}" for ahead in s.ahead[1:]),
        )
    return table


def _print(what: Table | Text) -> None:
    from rich.console import Console

    Console(highlight=False).print(what)
