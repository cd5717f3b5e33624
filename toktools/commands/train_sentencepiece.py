"""`toktools train-sentencepiece`: the SentencePiece library's trainer on any corpus of ours."""

from __future__ import annotations

from typing import Any

import click

from toktools.commands.train import train_and_save
from toktools.commands.training_options import training_options


@click.command("train-sentencepiece")
@training_options
@click.option("--vocab-size", default=8000, show_default=True, help="Tokens wanted, all included.")
@click.option(
    "--model-type",
    type=click.Choice(["unigram", "bpe"]),
    default="unigram",
    show_default=True,
    help="The most likely cut under a unigram model, or merges.",
)
@click.option(
    "--byte-fallback", is_flag=True, help="Spell unknown characters in bytes, not as <ANY>."
)
@click.option(
    "--character-coverage",
    default=0.9995,
    show_default=True,
    help="Share of the running characters that the alphabet covers.",
)
@click.option(
    "--normalization-rule-name",
    default="identity",
    show_default=True,
    help="How text is rewritten first: identity, nfkc, nmt_nfkc, nfkc_cf or nmt_nfkc_cf.",
)
def train_sentencepiece(**options: Any) -> None:
    """Train SentencePiece (unigram or BPE) with its own library.

    The library comes with pip install 'toktools[adapters]'.

    \b
    Example:
      toktools train-sentencepiece shakespeare.txt --vocab-size 8000 -o unigram.json
      toktools train-sentencepiece --model-type bpe --byte-fallback shakespeare.txt
    """
    train_and_save("sentencepiece", **options)
