"""`toktools train-...`: from text to a tokenizer."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toktools.command_line import progress_bars, say
from toktools.commands.counting_options import CountingWith, counting_options
from toktools.commands.training_options import (
    merge_options,
    text_options,
    training_options,
    word_options,
)
from toktools.files import replacing

if TYPE_CHECKING:
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer


@click.command("train-bpe")
@training_options
@counting_options
@merge_options
@click.option(
    "--continuing-subword-prefix", default="", help="Mark the symbols that continue a word."
)
@click.option(
    "--max-token-length", type=int, help="Form no pair of this many bytes or characters, or more."
)
@click.option("--character-level", is_flag=True, help="Start from characters, not from bytes.")
@text_options
def train_bpe(character_level: bool, **options: Any) -> None:
    """Train byte-pair encoding: merge the most frequent pair, repeatedly.

    SOURCE is a file, a directory, a glob pattern, - for standard input, or a built-in corpus
    (python-docs, the default, stdlib-code, human-numbers, anbn, anbncn, dyck). A line is a
    document.

    \b
    Example:
      toktools train-bpe shakespeare.txt --vocab-size 8000 -o bpe.json
      zcat big.gz | toktools train-bpe - --vocab-size 30000 -o bpe.json
    """
    train_and_save("bpe", byte_level=not character_level, **options)


@click.command("train-wordpiece")
@training_options
@counting_options
@merge_options
@click.option(
    "--continuing-subword-prefix",
    default="##",
    show_default=True,
    help="Mark the pieces that continue a word.",
)
@click.option(
    "--criterion",
    type=click.Choice(["frequency", "likelihood"]),
    default="frequency",
    show_default=True,
    help="Merge the most frequent pair, or the one that raises the likelihood most.",
)
@click.option(
    "--byte-complete",
    is_flag=True,
    help="Spell words in bytes, all of them pieces: no word is unknown.",
)
@word_options
@text_options
def train_wordpiece(**options: Any) -> None:
    """Train WordPiece: words in pieces, those that continue a word marked "##".

    \b
    Example:
      toktools train-wordpiece shakespeare.txt --vocab-size 8000 -o wordpiece.json
      toktools train-wordpiece --criterion likelihood --min-frequency 5 shakespeare.txt
      toktools train-wordpiece --byte-complete --pretokenizer gpt2 shakespeare.txt
    """
    train_and_save("wordpiece", **options)


@click.command("train-word")
@training_options
@counting_options
@click.option("--min-count", default=3, show_default=True, help="Rarer words become <ANY>.")
@click.option("--max-vocab", type=int, help="Tokens at most; the most frequent words are kept.")
@word_options
@text_options
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
    token_counts: Path | None,
    counting: CountingWith | None = None,
    **options: Any,
) -> None:
    """Train the tokenizer of that name, write what was asked for and report what was done."""
    from toktools.registry import train

    options = _special_tokens(**options)
    if "split_regex" in options:
        options = _text_steps(**options)
    start = time.perf_counter()
    with progress_bars("counting", f"training {name}") as (counted, learned):
        if counting is not None:
            options["counting"] = counting(counted)
        if name in ("bpe", "wordpiece"):
            options["progress"] = learned
        tokenizer = train(name, corpus, **options)
    seconds = time.perf_counter() - start
    _write(tokenizer, corpus, output, token_counts)
    _report(tokenizer, corpus, seconds, output)


def _special_tokens(
    *,
    pad_token: str,
    eos_token: str,
    any_token: str,
    special_token: tuple[str, ...],
    **options: Any,
) -> dict[str, Any]:
    """Return the options of the training function; an empty name means no such token."""
    from toktools.vocabulary import SpecialTokens

    names = {"pad": pad_token, "eos": eos_token, "any": any_token}
    special = SpecialTokens(**{k: v or None for k, v in names.items()}, extra=special_token)
    return {**options, "special_tokens": special}


def _text_steps(
    *,
    pretokenizer: tuple[str, ...],
    split_regex: str | None,
    normalizer: tuple[str, ...],
    **options: Any,
) -> dict[str, Any]:
    """Return the options of the training function; None where the command line says nothing."""
    from toktools.formats.components import write_pretokenizer
    from toktools.pretokenizers import Pretokenizer, RegexSplit

    cuts: list[Pretokenizer | str] = list(pretokenizer)
    if split_regex is not None:
        cuts.insert(0, RegexSplit(split_regex))
        write_pretokenizer(RegexSplit(split_regex))  # before training: can the file hold it?
    return {**options, "pretokenizer": cuts or None, "normalizer": list(normalizer) or None}


def _write(tokenizer: Tokenizer, corpus: Corpus, output: Path, token_counts: Path | None) -> None:
    """Write the tokenizer and, if asked for, the counts of its tokens; both or neither."""
    if token_counts is not None:
        from toktools.training.token_counts import write_token_counts

        with replacing(token_counts) as temporary:
            write_token_counts(tokenizer, corpus, temporary)
            _write(tokenizer, corpus, output, None)
    elif str(output) == "-":
        from toktools.formats.tokenizer_json import to_json

        click.echo(json.dumps(to_json(tokenizer), ensure_ascii=False))
    else:
        tokenizer.save(output)


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
        unigram = tokenizer.training["options"].get("model_type") == "unigram"
        more = "likely pieces" if unigram else "pairs to merge"
        say(f"{wanted:,} were asked for; the corpus has no more {more}")
    if "report" in tokenizer.training:
        from toktools.word import WordReport

        say(str(WordReport(**tokenizer.training["report"])))
