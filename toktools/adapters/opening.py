"""Which adapter opens which file of another library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from toktools.tokenizer import Tokenizer

SUFFIXES = (".json", ".model", ".tiktoken")
"""How the names of tokenizer files end."""


def is_file_name(name: str) -> bool:
    """Whether `name` is meant as a file of a tokenizer, be it there or not."""
    return name.endswith(SUFFIXES)


def opener(path: Path) -> Callable[[Path], Tokenizer] | None:
    """Return the function that opens this file, or None if it is not known by its name."""
    if path.suffix == ".model":
        from toktools.adapters.sentencepiece import SentencePieceTokenizer

        return SentencePieceTokenizer.open
    if path.suffix == ".tiktoken":
        from toktools.adapters.tiktoken import TiktokenTokenizer

        return TiktokenTokenizer.open
    return None
