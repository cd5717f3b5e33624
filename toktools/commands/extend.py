"""`toktools extend`: more tokens from new text, on top of those that there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toktools.command_line import progress_bar, say
from toktools.commands.encode import tokenizer_option
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from toktools.corpus import Corpus


@click.command()
@tokenizer_option
@corpus_options(positional=True)
@click.option("--vocab-size", type=int, required=True, help="Tokens wanted, the old ones included.")
@click.option(
    "--min-frequency", default=1, show_default=True, help="Learn nothing rarer than this."
)
@click.option(
    *("--output", "-o"),
    type=click.Path(path_type=Path),
    required=True,
    help="Where to write the extended tokenizer.",
)
def extend(
    tokenizer: Path, corpus: Corpus, vocab_size: int, min_frequency: int, output: Path
) -> None:
    """Go on training a vocabulary on new text; the tokens that there are keep their ids.

    BPE merges are appended after the old ones, WordPiece pieces, words and characters after the
    old tokens.

    \b
    Example:
      toktools extend -t bpe.json medicine.txt --vocab-size 10000 -o extended.json
    """
    from toktools.changing.extending import extend as extend_vocabulary
    from toktools.formats.tokenizer_json import load

    old = load(tokenizer)
    with progress_bar("extending") as progress:
        new = extend_vocabulary(
            old, corpus, vocab_size=vocab_size, min_frequency=min_frequency, progress=progress
        )
    new.save(output)
    say(f"{new.kind}: {old.n_vocab:,} tokens and {new.n_vocab - old.n_vocab:,} new -> {output}")
    if new.n_vocab < vocab_size:
        say(f"{vocab_size:,} were asked for; the corpus has no more to learn")
