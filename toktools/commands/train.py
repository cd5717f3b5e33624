"""`toktools train-...`: from text to a tokenizer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toktools.command_line import progress_bars, say
from toktools.commands.counting_options import CountingWith, counting_options
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the source, the output and the names of the special tokens to a training command."""
    for option in reversed(
        [
            corpus_options(default="python-docs", positional=True),
            click.option(
                *("--output", "-o"),
                type=click.Path(path_type=Path, allow_dash=True),
                default="tokenizer.json",
                show_default=True,
                help="Where to write the tokenizer; - for standard output.",
            ),
            click.option("--pad-token", default="<PAD>", show_default=True, help="Padding."),
            click.option("--eos-token", default="<EOS>", show_default=True, help="Document end."),
            click.option("--any-token", default="<ANY>", show_default=True, help="The unknown."),
        ]
    ):
        command = option(command)
    return command


@click.command("train-bpe")
@training_options
@counting_options
@click.option("--vocab-size", default=8000, show_default=True, help="Tokens wanted, all included.")
@click.option(
    "--min-frequency", default=1, show_default=True, help="Merge no pair rarer than this."
)
@click.option("--max-token-length", type=int, help="Longest token, in bytes or characters.")
@click.option("--character-level", is_flag=True, help="Start from characters, not from bytes.")
def train_bpe(character_level: bool, **options: Any) -> None:
    """Train byte-pair encoding: merge the most frequent pair, repeatedly.

    SOURCE is a file, a directory, a glob pattern, - for standard input, or a built-in corpus
    (python-docs, the default, stdlib-code, human-numbers, anbn). A line is a document.

    \b
    Example:
      toktools train-bpe shakespeare.txt --vocab-size 8000 -o bpe.json
      zcat big.gz | toktools train-bpe - --vocab-size 30000 -o bpe.json
    """
    train_and_save("bpe", byte_level=not character_level, **options)


@click.command("train-wordpiece")
@training_options
@counting_options
@click.option("--vocab-size", default=8000, show_default=True, help="Tokens wanted, all included.")
@click.option(
    "--min-frequency", default=1, show_default=True, help="Merge no pair rarer than this."
)
@click.option(
    "--criterion",
    type=click.Choice(["frequency", "likelihood"]),
    default="frequency",
    show_default=True,
    help="Merge the most frequent pair, or the one that raises the likelihood most.",
)
@click.option(
    "--split",
    type=click.Choice(["whitespace", "punctuation"]),
    default="whitespace",
    show_default=True,
    help="Where words end; 'punctuation' cuts punctuation off as BERT does.",
)
@click.option("--lowercase", is_flag=True, help="Lowercase text before cutting it.")
def train_wordpiece(**options: Any) -> None:
    """Train WordPiece: words in pieces, those that continue a word marked "##".

    \b
    Example:
      toktools train-wordpiece shakespeare.txt --vocab-size 8000 -o wordpiece.json
      toktools train-wordpiece --criterion likelihood --min-frequency 5 shakespeare.txt
    """
    train_and_save("wordpiece", **options)


@click.command("train-word")
@training_options
@counting_options
@click.option("--min-count", default=3, show_default=True, help="Rarer words become <ANY>.")
@click.option("--max-vocab", type=int, help="Tokens at most; the most frequent words are kept.")
@click.option(
    "--split",
    type=click.Choice(["whitespace", "punctuation"]),
    default="whitespace",
    show_default=True,
    help="Where words end; 'punctuation' makes punctuation characters words of their own.",
)
@click.option("--lowercase", is_flag=True, help="Lowercase text before cutting it.")
def train_word(**options: Any) -> None:
    """Learn a vocabulary of whole words; rare ones become <ANY>.

    \b
    Example:
      toktools train-word news.jsonl.gz --field headline --where category=POLITICS \\
          --lowercase --min-count 3 -o word.json
    """
    train_and_save("word", **options)


@click.command("train-character")
@training_options
@counting_options
@click.option("--min-count", default=1, show_default=True, help="Rarer characters become <ANY>.")
@click.option("--max-vocab", type=int, help="Tokens at most; the most frequent are kept.")
def train_character(**options: Any) -> None:
    """Learn the alphabet of a corpus, one token a character.

    \b
    Example:
      toktools train-character shakespeare.txt -o character.json
    """
    train_and_save("character", **options)


def train_and_save(
    name: str,
    *,
    corpus: Corpus,
    output: Path,
    pad_token: str,
    eos_token: str,
    any_token: str,
    counting: CountingWith | None = None,
    **options: Any,
) -> None:
    """Train the tokenizer of that name, write it to `output` and report what was done."""
    from toktools.registry import train
    from toktools.vocabulary import SpecialTokens

    special = SpecialTokens(pad=pad_token, eos=eos_token, any=any_token)
    start = time.perf_counter()
    with progress_bars("counting", f"training {name}") as (counted, learned):
        if counting is not None:
            options["counting"] = counting(counted)
        if name in ("bpe", "wordpiece"):
            options["progress"] = learned
        tokenizer = train(name, corpus, special_tokens=special, **options)
    seconds = time.perf_counter() - start
    if str(output) == "-":
        from toktools.formats.tokenizer_json import to_json

        click.echo(json.dumps(to_json(tokenizer), ensure_ascii=False))
    else:
        tokenizer.save(output)
    _report(tokenizer, corpus, seconds, output)


def _report(tokenizer: Tokenizer, corpus: Corpus, seconds: float, output: Path) -> None:
    stats = corpus.stats
    say(
        f"{tokenizer.kind}: {tokenizer.n_vocab:,} tokens from {corpus.name} "
        f"({stats.documents:,} documents, {stats.bytes:,} bytes) in {seconds:.1f} s -> {output}"
    )
    for count, what in ((stats.replaced, "had bytes replaced"), (stats.skipped, "were skipped")):
        if count:
            say(f"{count:,} documents with invalid text {what}")
    wanted = tokenizer.training["options"].get("vocab_size", 0)
    if tokenizer.n_vocab < wanted:
        say(f"{wanted:,} were asked for; the corpus has no more pairs to merge")
    if "report" in tokenizer.training:
        from toktools.word import WordReport

        say(str(WordReport(**tokenizer.training["report"])))
