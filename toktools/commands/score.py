"""`toktools score` and `toktools compare`: what tokenizers are worth, without a model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toktools.commands.output import form_option, write_rows
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer

tokenizers_argument = click.argument(
    "tokenizers", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="TOKENIZER..."
)


@click.command()
@tokenizers_argument
@corpus_options()
@click.option(
    "--parallel",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The corpus in another language, line by line: adds parity, the tokens of the corpus "
    "over those of FILE.",
)
@click.option(
    "--alpha",
    type=float,
    default=2.5,
    show_default=True,
    help="Order of the Renyi entropy; 1 is Shannon's.",
)
@form_option
def score(
    tokenizers: tuple[Path, ...], corpus: Corpus, parallel: Path | None, alpha: float, form: str
) -> None:
    """Measure how tokenizers cut a text: fertility, entropy, unknown words and more.

    No model is trained. Words are what stands between white space, for every tokenizer; no
    end-of-document token is counted.

    \b
    Example:
      toktools score bpe.json wordpiece.json -c held-out.txt
      toktools score bpe.json -c english.txt --parallel german.txt --as json
    """
    from dataclasses import asdict

    from toktools.metrics import score_all

    if math.isinf(alpha):  # JSON has no infinity
        raise ToktoolsError(f"--alpha must be finite, got {alpha}; 1000 gives nearly the same")
    loaded = load_all(tokenizers)
    rows: list[dict[str, Any]] = [
        {"tokenizer": str(path), **asdict(scores)}
        for path, scores in zip(tokenizers, score_all(loaded, corpus, alpha=alpha), strict=True)
    ]
    if parallel is not None:
        for tokenizer, row in zip(loaded, rows, strict=True):
            row["parity"] = _parity(tokenizer, corpus, parallel)
    write_rows(rows, form, {"corpus": corpus.describe()}, upright=True)


def _parity(tokenizer: Tokenizer, corpus: Corpus, parallel: Path) -> float:
    """Return the parity of `corpus` over `parallel`, which is opened with the same options."""
    from toktools.corpus import open_corpus
    from toktools.metrics import parity

    other = open_corpus(**{**corpus.describe(), "source": parallel})
    found = parity(tokenizer, corpus, other)
    for side in (corpus, other):
        if side.stats.skipped or side.stats.emptied:
            raise ToktoolsError(
                f"{side.name}: parallel texts must keep every line, got "
                f"{side.stats.skipped + side.stats.emptied:,} left out; "
                "pass --errors replace, and other names to --normalize"
            )
    return found.parity


@click.command()
@tokenizers_argument
@corpus_options()
@form_option
def compare(tokenizers: tuple[Path, ...], corpus: Corpus, form: str) -> None:
    """Say how alike tokenizers are, two by two: their vocabularies, tokens and cuts.

    Precision is the share of the cuts of A that B makes too, recall the share of those of B that
    A makes.

    \b
    Example:
      toktools compare bpe.json wordpiece.json -c held-out.txt
    """
    from dataclasses import asdict

    from toktools.metrics import compare_all

    if len(tokenizers) < 2:
        raise ToktoolsError(
            "compare needs two or more tokenizers, got 1; toktools score measures one"
        )
    rows = [
        {"a": str(tokenizers[i]), "b": str(tokenizers[j]), **asdict(agreement)}
        for i, j, agreement in compare_all(load_all(tokenizers), corpus)
    ]
    write_rows(rows, form, {"corpus": corpus.describe()}, upright=True)


def load_all(paths: tuple[Path, ...]) -> list[Tokenizer]:
    """Load the tokenizers that a command line names."""
    from toktools.formats.tokenizer_json import load

    return [load(path) for path in paths]
