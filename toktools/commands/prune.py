"""`toktools prune`: a smaller vocabulary, and the way from old ids to new ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toktools.command_line import say
from toktools.commands.encode import tokenizer_option
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from toktools.corpus import Corpus


@click.command()
@tokenizer_option
@corpus_options(positional=True, required=False)
@click.option("--vocab-size", type=int, help="Remove the least used tokens until this many stay.")
@click.option(
    "--min-count",
    type=int,
    help="Remove tokens used fewer times. [default: 1, or 0 with --vocab-size]",
)
@click.option("--keep", multiple=True, metavar="TOKEN", help="Never remove this. May be repeated.")
@click.option(
    *("--output", "-o"),
    type=click.Path(path_type=Path),
    required=True,
    help="Where to write the pruned tokenizer.",
)
@click.option(
    "--id-map",
    type=click.Path(path_type=Path),
    help="Where to write the new id of each old one, -1 if removed: a NumPy array of int64. "
    "[default: the output's name with .ids.npy]",
)
def prune(
    tokenizer: Path,
    corpus: Corpus | None,
    vocab_size: int | None,
    min_count: int | None,
    keep: tuple[str, ...],
    output: Path,
    id_map: Path | None,
) -> None:
    """Remove tokens that a corpus does not use; what it uses is encoded as before, renumbered.

    Special tokens, bytes and the characters of BPE and WordPiece stay, so does what a BPE token
    that stays is made of. Without a SOURCE all tokens count as unused.

    \b
    Example:
      toktools prune -t bpe.json headlines.txt -o small.json
      toktools prune -t bpe.json headlines.txt --min-count 10 -o small.json
      toktools prune -t bpe.json headlines.txt --vocab-size 4000 -o small.json
    """
    import numpy as np

    from toktools.changing.pruning import prune as prune_vocabulary
    from toktools.files import replacing
    from toktools.formats.tokenizer_json import load

    old = load(tokenizer)
    new, ids = prune_vocabulary(
        old, corpus=corpus, keep=keep, vocab_size=vocab_size, min_count=min_count
    )
    map_path = id_map or output.with_suffix(".ids.npy")
    with replacing(map_path) as new_map, replacing(output) as new_output:  # both or neither
        with new_map.open("wb") as file:
            np.save(file, ids)
        new.save(new_output)
    say(
        f"{new.kind}: {new.n_vocab:,} of {old.n_vocab:,} tokens kept -> {output}; "
        f"their ids -> {map_path}"
    )
