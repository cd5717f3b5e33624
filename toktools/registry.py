"""Tokenizers by name: ours, and those of other packages through entry points.

A package adds its own by naming a training function in its metadata:

    [project.entry-points."toktools.tokenizers"]
    mine = "my_package:train_mine"

The function has the signature of ours: `train_mine(corpus, **options) -> Tokenizer`. A tokenizer
that is none of ours derives from `toktools.adapters.adapter.Adapter`, and its class is named too,
so that its files can be opened again:

    [project.entry-points."toktools.kinds"]
    mine = "my_package:MyTokenizer"
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from toktools.errors import lookup
from toktools.tokenizer import Tokenizer

Trainer = Callable[..., Tokenizer]
ENTRY_POINT_GROUP = "toktools.tokenizers"
KINDS_GROUP = "toktools.kinds"

_OURS = {
    "word": ("toktools.word", "train_word"),
    "character": ("toktools.character", "train_character"),
    "byte": ("toktools.byte", "train_byte"),
    "bpe": ("toktools.bpe", "train_bpe"),
    "wordpiece": ("toktools.wordpiece", "train_wordpiece"),
    "sentencepiece": ("toktools.adapters.sentencepiece", "train_sentencepiece"),
}
_ADAPTERS = {
    "huggingface": ("toktools.adapters.huggingface", "HuggingFaceTokenizer"),
    "sentencepiece": ("toktools.adapters.sentencepiece", "SentencePieceTokenizer"),
    "tiktoken": ("toktools.adapters.tiktoken", "TiktokenTokenizer"),
}


def names() -> list[str]:
    """Return the names that `trainer` knows, ours first."""
    return [*_OURS, *(e.name for e in entry_points(group=ENTRY_POINT_GROUP))]


def trainer(name: str) -> Trainer:
    """Return the training function of that name.

    Raises: ToktoolsError, with the closest name and the list, if there is none.
    """
    loaders: dict[str, Callable[[], Trainer]] = {
        plugin.name: plugin.load for plugin in entry_points(group=ENTRY_POINT_GROUP)
    }
    for known, (module, function) in _OURS.items():
        loaders[known] = partial(_import, module, function)
    return lookup(name, loaders, what="tokenizer")()


def adapters() -> dict[str, Callable[[], Any]]:
    """Return, by the kind of tokenizer, how to import the adapter class that opens its files."""
    loaders: dict[str, Callable[[], Any]] = {
        plugin.name: plugin.load for plugin in entry_points(group=KINDS_GROUP)
    }
    for kind, (module, name) in _ADAPTERS.items():
        loaders[kind] = partial(_import, module, name)
    return loaders


def _import(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def train(name: str, corpus: Any, **options: Any) -> Tokenizer:
    """Train the tokenizer of that name on `corpus` with the options of its training function."""
    return trainer(name)(corpus, **options)
