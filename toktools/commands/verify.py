"""`toktools verify`: the same ids as the library that reads the same file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toktools.command_line import progress_bar
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from toktools.corpus import Corpus


@click.command()
@click.argument("tokenizer", type=click.Path(path_type=Path))
@corpus_options(default="python-docs", positional=True)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A tokenizer.json, .model or .tiktoken whose own library gives the ids to compare with; "
    "by default TOKENIZER itself.",
)
def verify(tokenizer: Path, corpus: Corpus, against: Path | None) -> None:
    """Encode a text with a tokenizer and with the library that reads its file; compare the ids.

    Shows the first place where they differ, and exits with status 1 if they do anywhere. Strings
    of special tokens in the text count as these where the library takes them so.

    \b
    Example:
      toktools verify bpe.json shakespeare.txt
      toktools verify ours.json --against theirs.json shakespeare.txt
    """
    from toktools.formats.opening import opener
    from toktools.formats.tokenizer_json import load
    from toktools.verifying import verify

    loaded = load(tokenizer)
    is_tokenizer_json = not tokenizer.is_dir() and opener(tokenizer) is None
    oracle = against or (tokenizer if is_tokenizer_json else None)
    with progress_bar("verifying") as progress:
        found = verify(loaded, corpus, oracle, lambda n: progress(n, None))
    click.echo(
        f"{found.n_documents:,} documents, {found.n_tokens:,} tokens: "
        + (f"{found.n_different:,} documents differ" if found.n_different else "all the same")
    )
    if found.first is not None:
        click.echo(str(found.first))
        sys.exit(1)
