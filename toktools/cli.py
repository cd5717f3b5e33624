"""`toktools`: train tokenizers, encode and decode with them, and look inside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toktools import __version__
from toktools.command_line import Group, progress_bar, say
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="toktools")
def main() -> None:
    """Train tokenizers from scratch, encode and decode text, and look inside.

    \b
    Example:
      toktools train-bpe shakespeare.txt --vocab-size 8000 -o bpe.json
      echo "To be, or not to be" | toktools encode -t bpe.json
    """


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


@main.command("train-bpe")
@training_options
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
    _train("bpe", byte_level=not character_level, **options)


@main.command("train-wordpiece")
@training_options
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
    _train("wordpiece", **options)


@main.command("train-word")
@training_options
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
    _train("word", **options)


@main.command("train-character")
@training_options
@click.option("--min-count", default=1, show_default=True, help="Rarer characters become <ANY>.")
@click.option("--max-vocab", type=int, help="Tokens at most; the most frequent are kept.")
def train_character(**options: Any) -> None:
    """Learn the alphabet of a corpus, one token a character.

    \b
    Example:
      toktools train-character shakespeare.txt -o character.json
    """
    _train("character", **options)


def _train(
    name: str,
    *,
    corpus: Corpus,
    output: Path,
    pad_token: str,
    eos_token: str,
    any_token: str,
    **options: Any,
) -> None:
    from toktools.registry import train
    from toktools.vocabulary import SpecialTokens

    special = SpecialTokens(pad=pad_token, eos=eos_token, any=any_token)
    start = time.perf_counter()
    if name in ("bpe", "wordpiece"):
        with progress_bar(f"training {name}") as progress:
            tokenizer = train(name, corpus, special_tokens=special, progress=progress, **options)
    else:
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


tokenizer_option = click.option(
    *("--tokenizer", "-t"),
    type=click.Path(path_type=Path),
    default="tokenizer.json",
    show_default=True,
    help="A tokenizer.json.",
)


@main.command()
@tokenizer_option
@corpus_options(default="-", positional=True)
@click.option("--text", multiple=True, help="Encode this text instead. May be repeated.")
@click.option("--as", "form", type=click.Choice(["ids", "tokens", "json"]), default="ids")
@click.option("--eos", is_flag=True, help="End each document with the end-of-document token.")
@click.option(*("--output", "-o"), type=click.File("w", encoding="utf-8", atomic=True), default="-")
def encode(
    tokenizer: Path, corpus: Corpus, text: tuple[str, ...], form: str, eos: bool, output: Any
) -> None:
    """Encode text as token ids, a line of them for each document (for each line, by default).

    Reads standard input where no SOURCE is named. `--as json` gives ids, tokens and the span of
    characters that each token stands for.

    \b
    Example:
      echo "To be, or not to be" | toktools encode -t bpe.json
      toktools encode -t bpe.json --text "To be" --as tokens
      toktools encode -t bpe.json hamlet.txt -o hamlet.ids
    """
    from toktools.formats.tokenizer_json import load

    loaded = load(tokenizer)
    for document in text or corpus:
        print(_encoded_line(loaded, document, form, eos), file=output)


def _encoded_line(tokenizer: Tokenizer, document: str, form: str, eos: bool) -> str:
    if form == "json":
        ids, spans = tokenizer.encode_with_offsets(document)
        if eos:
            ids, spans = [*ids, tokenizer.require_eos()], [*spans, (len(document), len(document))]
        tokens = [tokenizer.id_to_token(id) for id in ids]
        return json.dumps({"ids": ids, "tokens": tokens, "spans": spans}, ensure_ascii=False)
    ids = tokenizer.encode(document, add_eos=eos)
    if form == "tokens":
        return " ".join(tokenizer.id_to_token(id) for id in ids)
    return " ".join(map(str, ids))


@main.command()
@tokenizer_option
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@click.option(*("--output", "-o"), type=click.File("wb", atomic=True), default="-")
@click.option("--keep-special", is_flag=True, help="Write the special tokens too.")
def decode(tokenizer: Path, source: Any, output: Any, keep_special: bool) -> None:
    """Decode lines of token ids, as `encode` writes them, back to lines of text.

    \b
    Example:
      echo "To be" | toktools encode -t bpe.json | toktools decode -t bpe.json
    """
    from toktools.formats.tokenizer_json import load

    loaded = load(tokenizer)
    for ids in _id_lines(source, source.name):
        output.write(loaded.decode_bytes(ids, keep_special=keep_special) + b"\n")


def _id_lines(lines: Iterable[str], name: str) -> Iterator[list[int]]:
    for number, line in enumerate(lines, 1):
        try:
            yield [int(id) for id in line.replace(",", " ").split()]
        except ValueError as e:
            raise ToktoolsError(
                f"{name}:{number}: expected token ids (whole numbers), got {line.strip()!r:.60}"
            ) from e


@main.command()
@click.argument("tokenizer", type=click.Path(path_type=Path))
@click.option("--text", multiple=True, help="Show how this text is cut. May be repeated.")
@click.option("--tokens", is_flag=True, help="List the vocabulary: id, tab, token.")
def inspect(tokenizer: Path, text: tuple[str, ...], tokens: bool) -> None:
    """Say what a tokenizer is, how it was trained and how it cuts text.

    \b
    Example:
      toktools inspect bpe.json --text "To be, or not to be"
      toktools inspect bpe.json --tokens | head
    """
    from toktools.formats.tokenizer_json import load

    loaded = load(tokenizer)
    if tokens:
        for id, token in enumerate(loaded.vocabulary.tokens):
            click.echo(f"{id}\t{token}")
        return
    facts = list(_facts(loaded))
    width = max(len(name) for name, _ in facts) + 2
    for name, value in facts:
        click.echo(f"{name:{width}}{value}")
    for sentence in text:
        ids = loaded.encode(sentence)
        pieces = " | ".join(_shown(loaded, id, i == 0) for i, id in enumerate(ids))
        click.echo(f"\n{sentence}\n  {len(ids)} tokens: {pieces}")
        click.echo(f"  ids: {' '.join(map(str, ids))}")


def _shown(tokenizer: Tokenizer, id: int, first: bool) -> str:
    """Return what a token adds to the text, or its bytes in hexadecimal if it cuts a character."""
    surface = tokenizer.surface(tokenizer.id_to_token(id), first)
    try:
        return surface.decode()
    except UnicodeDecodeError:
        return " ".join(f"<{byte:02X}>" for byte in surface)


def _facts(tokenizer: Tokenizer) -> Iterator[tuple[str, str]]:
    yield "kind", tokenizer.kind
    yield "tokens", f"{tokenizer.n_vocab:,}"
    specials = tokenizer.vocabulary.special
    yield "special tokens", " ".join(f"{s}={tokenizer.token_to_id(s)}" for s in specials) or "none"
    lossless = tokenizer.lossless
    yield "lossless", "yes" if lossless is True else f"no: {lossless or 'text is lost'}"
    longest = max(tokenizer.token_bytes, key=len, default=b"").decode("utf-8", "replace")
    yield "longest token", f"{longest!r} ({len(longest.encode()):,} bytes)"
    for section in ("options", "corpus", "report"):
        for name, value in tokenizer.training.get(section, {}).items():
            if value not in (None, [], "", {}):
                yield f"{section}.{name}", str(value)
