"""What `encode` and `decode` share: the tokenizer, and how ids stand in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    import numpy as np

_FORM_OF_SUFFIX = {".npy": "npy", ".bin": "raw", ".raw": "raw", ".jsonl": "jsonl"}

tokenizer_option = click.option(
    *("--tokenizer", "-t"),
    type=click.Path(path_type=Path),
    default="tokenizer.json",
    show_default=True,
    help="A tokenizer.json (anybody's), .model or .tiktoken.",
)

dtype_option = click.option(
    "--dtype",
    type=click.Choice(["uint16", "uint32"]),
    help="Integers of an array; by default uint16 if the vocabulary fits, else uint32.",
)


def form_of(name: str) -> str:
    """Return the form that the suffix of a file says; "ids" if it says none.

    Example:
        >>> form_of("a.npy"), form_of("a.txt"), form_of("-")
        ('npy', 'ids', 'ids')
    """
    return _FORM_OF_SUFFIX.get(Path(name).suffix.lower(), "ids")


def id_type(name: str | None, n_vocab: int) -> np.dtype:
    """Return the integers of an array of ids; ToktoolsError if they cannot hold the vocabulary."""
    import numpy as np

    from toktools.contract.id_files import id_dtype

    smallest = id_dtype(n_vocab)
    kind = smallest if name is None else np.dtype(name).newbyteorder("<")
    if kind.itemsize < smallest.itemsize:
        raise ToktoolsError(
            f"uint16 holds ids below 65,536 and the vocabulary has {n_vocab:,}; --dtype uint32"
        )
    return kind
