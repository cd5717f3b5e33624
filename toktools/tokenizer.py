"""The tokenizer that every one of ours is: the contract, both ways through it, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from toktools.contract.decoding import Decoding as Decoding
from toktools.contract.decoding import IdsToText
from toktools.contract.documents import Documents as Documents
from toktools.contract.documents import DocumentsToIds
from toktools.contract.encoding import check_text as check_text
from toktools.contract.offsets import Encoding as Encoding
from toktools.contract.padding import Padded as Padded
from toktools.errors import ToktoolsError


class Tokenizer(DocumentsToIds, IdsToText):
    """Turns text into token ids and back.

    Args:
        vocabulary: the tokens and their ids.
        normalizer: rewrites text before it is cut; None leaves it as it is.
        pretokenizer: cuts text into pieces that no token crosses; None leaves it whole.
        training: what is known of how it was trained (options, corpus digest); saved with it.
    """

    def save(self, path: str | Path) -> None:
        """Write a `tokenizer.json` that the Hugging Face `tokenizers` library loads too."""
        from toktools.formats import tokenizer_json

        tokenizer_json.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file written by `save`; ToktoolsError if it holds another kind of tokenizer."""
        from toktools.formats import tokenizer_json

        tokenizer = tokenizer_json.load(path)
        if not isinstance(tokenizer, cls):
            raise ToktoolsError(
                f"{path}: expected a {cls.__name__}, found a {type(tokenizer).__name__}; "
                "toktools.load opens any kind"
            )
        return tokenizer
