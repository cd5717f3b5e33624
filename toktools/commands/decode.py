"""`toktools decode`: ids back to text, from each of the forms that `encode` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from toktools.commands.id_options import dtype_option, form_of, id_type, tokenizer_option
from toktools.errors import ToktoolsError
from toktools.files import replacing

_SLICE = 1 << 20  # ids

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toktools.tokenizer import Tokenizer


@click.command()
@tokenizer_option
@click.argument("source", default="-")
@click.option(
    *("--as", "form"),
    type=click.Choice(["ids", "jsonl", "npy", "raw"]),
    help="What SOURCE holds. By default what its suffix says (.jsonl, .npy, .bin), or else ids.",
)
@dtype_option
@click.option(*("--output", "-o"), default="-", metavar="FILE", help="By default standard output.")
@click.option("--keep-special", is_flag=True, help="Write the special tokens too.")
def decode(
    tokenizer: Path,
    source: str,
    form: str | None,
    dtype: str | None,
    output: str,
    keep_special: bool,
) -> None:
    """Decode token ids, in any form that `encode` writes, back to lines of text.

    An array is cut into documents where SOURCE.starts.npy says, if that file is there; else after
    each end-of-document token.

    \b
    Example:
      echo "To be" | toktools encode -t bpe.json | toktools decode -t bpe.json
      toktools decode -t bpe.json hamlet.npy -o hamlet.txt
    """
    from toktools.compiled.decoding import decoder_of
    from toktools.formats.tokenizer_json import load

    loaded = load(tokenizer)
    form = form or form_of(source)
    mapped = _mapped(loaded, source, form, dtype)
    if mapped is not None:
        with _output(output) as stream:
            for data in decoder_of(loaded, keep_special).lines(*mapped):
                stream.write(data.data)
        return
    with _output(output) as stream:
        for ids in _documents(loaded, source, form, dtype):
            for data in loaded.iter_bytes(ids, keep_special=keep_special):
                stream.write(data)
            stream.write(b"\n")


def _mapped(
    tokenizer: Tokenizer, source: str, form: str, dtype: str | None
) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
    """Return ids in a file and their documents' starts, if they are worth the compiled loops."""
    if form not in ("npy", "raw") or source == "-" or not tokenizer.decodes_by_table:
        return None
    import numpy as np

    from toktools.compiled.decoding import as_array, is_much
    from toktools.contract.id_files import map_raw, read_npy, starts_path

    path = Path(source)
    if not path.is_file():
        return None
    ids = as_array(
        read_npy(path) if form == "npy" else map_raw(path, id_type(dtype, tokenizer.n_vocab))
    )
    if ids is None or not is_much(tokenizer, len(ids)):
        return None
    if starts_path(path).exists():
        return ids, read_npy(starts_path(path)).astype(np.int64)
    return ids, _starts(ids, tokenizer.eos_id)


def _starts(ids: NDArray[Any], end: int | None) -> NDArray[np.int64]:
    """Return where documents begin, each of which goes up to and with an `end`, and the last."""
    import numpy as np

    slices = range(0, len(ids) if end is not None else 0, _SLICE)
    ends = [np.flatnonzero(ids[start : start + _SLICE] == end) + start + 1 for start in slices]
    return np.unique(np.concatenate([[0], *ends, [len(ids)]])).astype(np.int64)


def _documents(
    tokenizer: Tokenizer, source: str, form: str, dtype: str | None
) -> Iterator[Iterable[int]]:
    """Yield the ids of each document; each must be read through before the next."""
    if form in ("ids", "jsonl"):
        read = _line_of_ids if form == "ids" else _line_of_json
        with click.open_file(source, encoding="utf-8", errors="replace") as file:
            name = "<stdin>" if source == "-" else source
            yield from map(read, file, (f"{name}:{number}" for number in count(1)))
        return
    from toktools.contract.id_files import in_slices, map_raw, read_npy, starts_path, stream_raw

    if form == "npy" and source == "-":
        raise ToktoolsError("a .npy file must be named; --as raw reads bare integers from a pipe")
    path = Path(source)
    kind = id_type(dtype, tokenizer.n_vocab)
    if source != "-" and starts_path(path).exists():
        ids = read_npy(path) if form == "npy" else map_raw(path, kind)
        for start, end in pairwise(read_npy(starts_path(path)).tolist()):
            yield in_slices(ids[start:end])
    elif form == "npy":
        yield from _until(tokenizer.eos_id, in_slices(read_npy(path)))
    else:
        with click.open_file(source, "rb") as file:
            yield from _until(tokenizer.eos_id, stream_raw(file, kind, source))


def _until(end: int | None, ids: Iterator[int]) -> Iterator[Iterator[int]]:
    """Yield what goes up to and with each `end`, and what is left."""

    def document(first: int) -> Iterator[int]:
        yield first
        if first != end:
            for id in ids:
                yield id
                if id == end:
                    return

    for first in ids:
        yield document(first)


def _line_of_ids(line: str, place: str) -> list[int]:
    try:
        return [int(id) for id in line.replace(",", " ").split()]
    except ValueError as e:
        raise ToktoolsError(
            f"{place}: expected token ids (whole numbers), got {line.strip()!r:.60}"
        ) from e


def _line_of_json(line: str, place: str) -> list[int]:
    try:
        value = json.loads(line)
        ids = value["ids"] if isinstance(value, dict) else value
        if isinstance(ids, list) and all(type(id) is int for id in ids):
            return ids
    except (json.JSONDecodeError, KeyError):
        pass
    raise ToktoolsError(
        f'{place}: expected a list of token ids or {{"ids": [...]}}, got {line.strip()!r:.60}'
    )


@contextmanager
def _output(output: str) -> Iterator[IO[bytes]]:
    """Give a file, written whole or not at all, or standard output."""
    if output == "-":
        with click.open_file("-", "wb") as stdout:
            yield stdout
        return
    with replacing(output) as temporary, temporary.open("wb") as file:
        yield file
