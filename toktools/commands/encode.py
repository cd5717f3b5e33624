"""`toktools encode` and `toktools decode`: text to ids and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer

tokenizer_option = click.option(
    *("--tokenizer", "-t"),
    type=click.Path(path_type=Path),
    default="tokenizer.json",
    show_default=True,
    help="A tokenizer.json (anybody's), .model or .tiktoken.",
)


@click.command()
@tokenizer_option
@corpus_options(default="-", positional=True)
@click.option("--text", multiple=True, help="Encode this text instead. May be repeated.")
@click.option("--as", "form", type=click.Choice(["ids", "tokens", "json"]), default="ids")
@click.option("--eos", is_flag=True, help="End each document with the end-of-document token.")
@click.option(
    "--dropout", default=0.0, metavar="P", help="Leave BPE merges out at random (training text)."
)
@click.option("--seed", default=0, help="The seed of --dropout.")
@click.option(*("--output", "-o"), type=click.File("w", encoding="utf-8", atomic=True), default="-")
def encode(
    tokenizer: Path,
    corpus: Corpus,
    text: tuple[str, ...],
    form: str,
    eos: bool,
    dropout: float,
    seed: int,
    output: Any,
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
    if dropout:
        for line in _dropout_lines(loaded, text or corpus, form, eos, dropout, seed):
            print(line, file=output)
        return
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


def _dropout_lines(
    tokenizer: Tokenizer, documents: Iterable[str], form: str, eos: bool, p: float, seed: int
) -> Iterator[str]:
    """Yield the line of each document, encoded with dropout; one seed serves them all."""
    import numpy as np

    from toktools.dropout import encode_with_dropout

    if form == "json":
        raise ToktoolsError("--dropout gives ids or tokens, no spans: leave out --as json")
    random = np.random.default_rng(seed)
    for document in documents:
        ids = encode_with_dropout(tokenizer, document, p=p, seed=random, add_eos=eos)
        yield " ".join(tokenizer.id_to_token(id) if form == "tokens" else str(id) for id in ids)


@click.command()
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
