"""`toktools viz`: the text as one or several tokenizers cut it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from toktools.command_line import say
from toktools.commands.score import load_all, tokenizers_argument
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from rich.text import Text

    from toktools.corpus import Corpus
    from toktools.metrics.segments import Segment
    from toktools.tokenizer import Tokenizer

_COLOURS = ("cyan", "yellow", "green", "magenta", "bright_blue")  # in every terminal of 16
_REDS = ("red", "bright_red")


class Cut(NamedTuple):
    """A document as one tokenizer cuts it."""

    tokenizer: str
    n_tokens: int
    segments: list[Segment]


@click.command()
@tokenizers_argument
@corpus_options(default="-")
@click.option("--text", multiple=True, help="Show this text instead. May be repeated.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write one page that needs no network: ids and offsets show under the pointer.",
)
def viz(
    tokenizers: tuple[Path, ...], corpus: Corpus, text: tuple[str, ...], html: Path | None
) -> None:
    """Show text as tokenizers cut it, in colour, or with a bar between tokens where there is none.

    Reads standard input where neither --text nor --corpus is given. White space that is in no
    token stands without colour; between bars it is left out.

    \b
    Example:
      toktools viz bpe.json wordpiece.json --text "To be, or not to be"
      toktools viz bpe.json -c hamlet.txt --limit 20 --html cut.html
    """
    names = [str(path) for path in tokenizers]
    documents = _cut_documents(names, load_all(tokenizers), text or corpus)
    if html is None:
        _print_documents(documents)
        return
    n_documents = write_page(html, names, documents)
    say(f"{html}: {n_documents:,} documents")


def _cut_documents(
    names: list[str], tokenizers: list[Tokenizer], documents: Iterable[str]
) -> Iterator[list[Cut]]:
    """Yield, for each document, how each tokenizer cuts it."""
    from toktools.metrics.segments import segments

    for document in documents:
        cuts: list[Cut] = []
        for name, tokenizer in zip(names, tokenizers, strict=True):
            found = segments(tokenizer, document)
            cuts.append(Cut(name, sum(part.id is not None for part in found), found))
        yield cuts


def _print_documents(documents: Iterable[list[Cut]]) -> None:
    """Print documents to standard output, a line for each tokenizer, blank lines between them."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    in_colour = console.is_terminal and not console.no_color
    for number, cuts in enumerate(documents):
        if number and len(cuts) > 1:
            console.print()
        width = max(len(cut.tokenizer) for cut in cuts)
        for name, n_tokens, parts in cuts:
            line = Text(f"{name:{width}}  {n_tokens:4,} tokens  ")
            line.append_text(_coloured(parts) if in_colour else Text(barred(parts)))
            console.print(line)


def barred(parts: Iterable[Segment]) -> str:
    """Return the tokens with a bar between each two; text that is in no token is left out."""
    return "|".join(part.shown for part in parts if part.id is not None)


def _coloured(parts: Iterable[Segment]) -> Text:
    """Return the text with neighbouring tokens on unlike colours, unknown ones on red."""
    from rich.text import Text

    text, number = Text(), 0
    for part in parts:
        style = f"black on {_COLOURS[number % len(_COLOURS)]}"
        if part.id is None or part.unknown:
            style = f"bright_white on {_REDS[number % 2]}" if part.unknown else ""
        text.append(part.shown, style=style)
        number += part.id is not None
    return text


def write_page(path: Path, names: list[str], documents: Iterable[list[Cut]]) -> int:
    """Write a self-contained HTML page in one step; return the number of documents on it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from toktools.files import replacing
    from toktools.metrics.segments import visible

    environment = Environment(
        loader=PackageLoader("toktools"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["visible"] = visible
    shown = list(documents)
    page = environment.get_template("viz.html").render(names=names, documents=shown)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return len(shown)
