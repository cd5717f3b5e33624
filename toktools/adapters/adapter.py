"""What an adapter adds to a tokenizer: it writes and reads its own `tokenizer.json`.

The file is one JSON object whose "model" is an object too; `toktools.formats.tokenizer_json` adds
to that model a record of the kind, the special tokens and the training. Packages whose tokenizers
are none of ours derive from `Adapter` as well, and name the class in their metadata:

    [project.entry-points."toktools.kinds"]
    mine = "my_package:MyTokenizer"        # MyTokenizer.kind == "mine"

so that a file is opened only by a class that was installed on purpose.
"""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer
from toktools.vocabulary import SpecialTokens

Json = dict[str, Any]
_MAX_HOLES = 1 << 18


class Adapter(Tokenizer):
    """A tokenizer that describes its own file; the rest is the contract of `Tokenizer`.

    Tokens that the library adds by itself (a space before the first word) have an empty span.
    """

    @abstractmethod
    def to_document(self) -> Json:
        """Return JSON values that hold all that `from_document` needs, with an object "model"."""

    @classmethod
    @abstractmethod
    def from_document(cls, document: Json, *, special: SpecialTokens, training: Json) -> Self:
        """Return the tokenizer that `to_document` described; ToktoolsError if it does not fit."""

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read a file of the library's own; ToktoolsError, naming the file, if it is none."""
        raise ToktoolsError(f"{path}: a {cls.__name__} is not made from such a file")

    def surface_of_hidden(self, text: str, first: bool) -> bytes:
        return text.encode()

    def require_eos(self) -> int:
        if self.eos_id is None:
            raise ToktoolsError(
                "this tokenizer has no end-of-document token that is known as such; say which of "
                "its tokens it is: special_tokens=SpecialTokens(pad=None, eos=..., any=None)"
            )
        return self.eos_id


def library(name: str) -> Any:
    """Import the library of an adapter; ToktoolsError says how to install it if it is absent."""
    try:
        return import_module(name)
    except ImportError as e:
        raise ToktoolsError(
            f"this tokenizer needs the library {name!r}: pip install 'toktools[adapters]'"
        ) from e
