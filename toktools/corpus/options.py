"""The command-line options that open a corpus, for every command that reads one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from toktools.corpus.builtin import BUILTIN
from toktools.corpus.corpus import open_corpus
from toktools.corpus.downloads import DOWNLOADS
from toktools.corpus.normalization import NORMALIZERS
from toktools.corpus.settings import DOCUMENTS, ERRORS
from toktools.errors import ToktoolsError


def corpus_options(
    default: str | None = None, *, positional: bool = False, required: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a click command the options of a corpus.

    The command gets one keyword argument for them all, `corpus`: an open `Corpus`.

    Args:    default: the source where none is given; None makes it required.
             positional: the sources may be named as arguments too, SOURCE...
             required: False where a command can do without; `corpus` may then be None.
    Returns: a decorator; put it under `@click.command()`.
    Example:
        >>> from click.testing import CliRunner
        >>> @click.command()
        ... @corpus_options(default="human-numbers")
        ... def count(corpus):
        ...     click.echo(sum(1 for _ in corpus))
        >>> CliRunner().invoke(count, ["--limit", "5"]).output
        '5\\n'
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def opened(*args: Any, **kwargs: Any) -> Any:
            chosen = {name: kwargs.pop(name) for name in _NAMES}
            sources = [*kwargs.pop("sources", ()), *chosen.pop("source")]
            if not sources and positional and default is not None:
                sources = [default]  # else the option has it, unless a preset takes it away
            if not sources and not required:
                return command(*args, corpus=None, **kwargs)
            if not sources:
                raise ToktoolsError("a text must be named; pass it with --corpus (-c)")
            corpus = open_corpus(sources[0] if len(sources) == 1 else sources, **chosen)
            return command(*args, corpus=corpus, **kwargs)

        source = _source(None, False) if positional else _source(default, required)
        for option in reversed([source, *_options()]):
            opened = option(opened)
        if positional:
            opened = click.argument("sources", nargs=-1, metavar="SOURCE...")(opened)
        return opened

    return decorate


_NAMES = ("source", "field", "where", "documents", "errors", "normalize", "limit")


def _source(default: str | None, required: bool) -> Callable[[Any], Any]:
    """Return the option that names the sources."""
    return click.option(
        *("--corpus", "-c", "source"),
        multiple=True,
        default=None if default is None else [default],
        required=required and default is None,
        show_default=True,
        metavar="SOURCE",
        help="File, directory, glob pattern, - for standard input, or built-in corpus: "
        f"{', '.join(BUILTIN)}; or one to be downloaded: {', '.join(DOWNLOADS)}. May be repeated.",
    )


def _options() -> list[Callable[[Any], Any]]:
    """Return the other options in the order in which --help lists them."""
    return [
        click.option(
            "--field", metavar="NAME", help="Field with the text, for JSON lines, CSV and TSV."
        ),
        click.option(
            "--where",
            multiple=True,
            metavar="KEY=VALUE",
            help="Only records with this value. May be repeated; all must hold.",
        ),
        click.option(
            "--documents",
            type=click.Choice(DOCUMENTS),
            default="line",
            show_default=True,
            help="What is a document in a text file.",
        ),
        click.option(
            "--errors",
            type=click.Choice(ERRORS),
            default="strict",
            show_default=True,
            help="At invalid text: stop, put U+FFFD there, or skip the document.",
        ),
        click.option(
            "--normalize",
            default="",
            metavar="NAME[,NAME]",
            help=f"What to do to each document first, in order: {', '.join(NORMALIZERS)}.",
        ),
        click.option(
            "--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N documents."
        ),
    ]
