"""`toktools encode`: text to ids, on a line a document or in arrays of any length."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toktools.command_line import say
from toktools.commands.id_options import dtype_option, form_of, id_type, tokenizer_option
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError
from toktools.files import replacing

if TYPE_CHECKING:
    import numpy as np

    from toktools.contract.documents import Documents
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer

_FORMS = ("ids", "tokens", "json", "jsonl", "npy", "raw")


@click.command()
@tokenizer_option
@corpus_options(default="-", positional=True)
@click.option("--text", multiple=True, help="Encode this text instead. May be repeated.")
@click.option(
    *("--as", "form"),
    type=click.Choice(_FORMS),
    help="What to write: lines of ids or tokens, JSON lines with ids alone (jsonl) or with tokens "
    "and spans (json), one NumPy array (npy), or bare little-endian integers (raw). By default "
    "what the suffix of --output says (.jsonl, .npy, .bin), or else ids.",
)
@click.option("--eos", is_flag=True, help="End each document with the end-of-document token.")
@click.option(
    "--dropout", default=0.0, metavar="P", help="Leave BPE merges out at random (training text)."
)
@click.option("--seed", default=0, help="The seed of --dropout.")
@click.option("--starts", is_flag=True, help="Write where documents begin too: OUT.starts.npy.")
@dtype_option
@click.option(*("--output", "-o"), default="-", metavar="FILE", help="By default standard output.")
def encode(
    tokenizer: Path,
    corpus: Corpus,
    text: tuple[str, ...],
    form: str | None,
    eos: bool,
    dropout: float,
    seed: int,
    starts: bool,
    dtype: str | None,
    output: str,
) -> None:
    """Encode text as token ids, a line of them for each document (for each line, by default).

    Reads standard input where no SOURCE is named. Arrays hold the documents end to end, and are
    written as they come: input of any size takes the same memory.

    \b
    Example:
      echo "To be, or not to be" | toktools encode -t bpe.json
      toktools encode -t bpe.json --text "To be" --as tokens
      toktools encode -t bpe.json hamlet.txt --eos -o hamlet.npy
    """
    from toktools.formats.tokenizer_json import load

    loaded = load(tokenizer)
    form = form or form_of(output)
    if starts and (form not in ("npy", "raw") or output == "-"):
        raise ToktoolsError("--starts goes with arrays in a file: -o FILE.npy, or --as raw -o FILE")
    if dtype and form not in ("npy", "raw"):
        raise ToktoolsError(f"--dtype goes with --as npy and --as raw, got --as {form}")
    if form == "npy" and output == "-":
        raise ToktoolsError(
            "a .npy file says at its beginning how long it is, so it cannot go to a pipe; "
            "write it to a file (-o ids.npy), or write bare integers (--as raw)"
        )
    if dropout and form in ("npy", "raw", "json"):
        raise ToktoolsError(f"--dropout goes with --as ids, tokens or jsonl, got --as {form}")
    ids_of = _encoder(loaded, eos, dropout, seed)
    with _counted(text or corpus) as documents:
        if form in ("npy", "raw"):
            from toktools.contract.documents import with_starts

            chunks = with_starts(loaded.encode_chunks(documents, add_eos=eos))
            _write_array(chunks, form, output, id_type(dtype, loaded.n_vocab), starts)
        else:
            with _text_output(output) as write:
                for document in documents:
                    if form == "json":
                        write(_record(loaded, document, eos))
                    else:
                        write(_line(loaded, ids_of(document), form))


def _encoder(
    tokenizer: Tokenizer, eos: bool, dropout: float, seed: int
) -> Callable[[str], list[int]]:
    """Return what gives a document's ids; with dropout, one seed serves all documents."""
    if not dropout:
        return lambda document: tokenizer.encode(document, add_eos=eos)
    import numpy as np

    from toktools.changing.dropout import encode_with_dropout

    random = np.random.default_rng(seed)
    return lambda document: encode_with_dropout(
        tokenizer, document, p=dropout, seed=random, add_eos=eos
    )


def _record(tokenizer: Tokenizer, document: str, eos: bool) -> str:
    """Return ids, tokens and spans as JSON."""
    ids, spans = tokenizer.encode_with_offsets(document)
    if eos:
        ids, spans = [*ids, tokenizer.require_eos()], [*spans, (len(document), len(document))]
    tokens = [tokenizer.id_to_token(id) for id in ids]
    return json.dumps({"ids": ids, "tokens": tokens, "spans": spans}, ensure_ascii=False)


def _line(tokenizer: Tokenizer, ids: list[int], form: str) -> str:
    """Return the ids as a line of the form asked for."""
    if form == "jsonl":
        return json.dumps({"ids": ids})
    if form == "tokens":
        return " ".join(tokenizer.id_to_token(id) for id in ids)
    return " ".join(map(str, ids))


def _write_array(
    chunks: Iterable[Documents], form: str, output: str, kind: np.dtype, starts: bool
) -> None:
    """Write ids, and the documents' starts if asked for, a chunk at a time."""
    from toktools.contract.id_files import npy_writer, raw_writer, starts_path

    n_tokens = n_documents = 0
    with ExitStack() as stack:
        path = None if output == "-" else Path(output)
        if path is not None and form == "npy":
            add_ids = stack.enter_context(npy_writer(path, kind))
        else:
            add_ids = stack.enter_context(raw_writer(path, kind))
        add_starts = None
        if path is not None and starts:
            add_starts = stack.enter_context(npy_writer(starts_path(path), "<i8"))
        for chunk in chunks:
            add_ids(chunk.ids)
            if add_starts is not None:
                add_starts(chunk.starts)
            n_tokens += len(chunk.ids)
            n_documents += len(chunk.starts)
    say(f"{n_tokens:,} tokens of {n_documents - 1:,} documents, {kind.name}")


@contextmanager
def _text_output(output: str) -> Iterator[Callable[[str], object]]:
    """Give a function that writes a line to a file, whole or not at all, or to standard output."""
    if output == "-":
        with click.open_file("-", "w", encoding="utf-8") as stdout:
            yield lambda line: stdout.write(line + "\n")
        return
    with replacing(output) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield lambda line: file.write(line + "\n")


@contextmanager
def _counted(documents: Iterable[str]) -> Iterator[Iterable[str]]:
    """Give the documents, counted on the terminal, if standard error is one, as they go by."""
    if not sys.stderr.isatty():
        yield documents
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:,} documents"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress.track(documents, total=None)
