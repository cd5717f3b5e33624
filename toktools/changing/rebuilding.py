"""A tokenizer like another one but for some of its parts: what extending and pruning share."""

from __future__ import annotations

from inspect import signature
from typing import Any, TypeVar

from toktools.bpe import BPETokenizer
from toktools.character import CharacterTokenizer
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer
from toktools.word import WordTokenizer
from toktools.wordpiece import WordPieceTokenizer

T = TypeVar("T", bound=Tokenizer)

TRAINED = (BPETokenizer, WordPieceTokenizer, WordTokenizer, CharacterTokenizer)
"""The tokenizers whose vocabularies were learned, and which this package runs itself."""


def rebuild(tokenizer: T, **changes: Any) -> T:
    """Return a tokenizer of the same class with these arguments of its constructor replaced.

    Every argument of a tokenizer of ours is an attribute of the same name; the rest are kept.

    Example:
        >>> from toktools import train_bpe
        >>> tokenizer = train_bpe({"hug": 10, "pug": 5}, vocab_size=260)
        >>> rebuild(tokenizer, merges=tokenizer.merges[:1]).merges
        (('u', 'g'),)
    """
    arguments = {name: getattr(tokenizer, name) for name in signature(type(tokenizer)).parameters}
    return type(tokenizer)(**{**arguments, **changes})


def require_trained(tokenizer: Tokenizer, what: str) -> None:
    """Raise ToktoolsError unless the vocabulary of `tokenizer` was learned and is run by us."""
    if not isinstance(tokenizer, TRAINED):
        raise ToktoolsError(
            f"only BPE, WordPiece, word and character tokenizers that toktools runs itself can be "
            f"{what}, got a {type(tokenizer).__name__}"
        )


def with_change(tokenizer: Tokenizer, change: str, **facts: Any) -> dict[str, Any]:
    """Return the training record of `tokenizer` with one more change at the end of its list.

    The record of the first training stays as it is; "n_vocab" is the size before the change.
    """
    entry = {"change": change, "n_vocab": tokenizer.n_vocab, **facts}
    return {**tokenizer.training, "changes": [*tokenizer.training.get("changes", []), entry]}
