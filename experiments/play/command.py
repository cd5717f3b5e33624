"""`python -m experiments play`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from toktools.command_line import say
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from toktools.corpus import Corpus


@click.command()
@click.argument("runs_and_tokenizers", nargs=-1, required=True, metavar="RUN_OR_TOKENIZER...")
@corpus_options(default="python-docs")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7860,
    show_default=True,
    help="Of 127.0.0.1; 0 takes any that is free.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def play(runs_and_tokenizers: tuple[str, ...], corpus: Corpus, port: int, no_browser: bool) -> None:
    """Open a page where one types text, and sees it cut and continued, side by side.

    Each of RUN_OR_TOKENIZER is a run directory, a tokenizer file, or NAME, NAME:SIZE or
    NAME:SIZE,KEY=VALUE, which is trained on the corpus first. The page is served to this machine
    alone, and loads nothing from elsewhere.

    \b
    Example:
      python -m experiments play word character bpe:1000 wordpiece:1000
      python -m experiments play runs/word runs/bpe gpt2/tokenizer.json
    """
    from experiments.play.serving import bound, require_gradio, serve

    require_gradio()
    with bound(port) as listener:
        from experiments.play.opening import open_entries

        entries = open_entries(runs_and_tokenizers, corpus, say)
        serve(entries, listener, open_browser=not no_browser, say=say)
