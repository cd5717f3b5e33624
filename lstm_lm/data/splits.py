"""The train and validation splits of a text, encoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lstm_lm.data.encoded import EncodedSplit, encode_split
from toktools.corpus import Corpus
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Splits = Corpus | Mapping[str, Iterable[str]]
"""A corpus that has splits, or the documents of "train" and "validation" by name."""


def encode_splits(
    tokenizer: Tokenizer, corpus: Splits, encoded: Mapping[str, EncodedSplit]
) -> dict[str, EncodedSplit]:
    """Return the encoded splits: train in a file, validation with the check of lost text."""
    splits: dict[str, EncodedSplit] = {}
    for name in ("train", "validation"):
        documents = split_of(corpus, name)
        splits[name] = encoded.get(name) or encode_split(
            *(tokenizer, documents),
            name=f"the {name} split",
            check=name == "validation",
            in_file=name == "train",
        )
    return splits


def split_of(corpus: Splits, name: str) -> Iterable[str]:
    """Return the documents of a split; ToktoolsError if there is none of that name."""
    if isinstance(corpus, Corpus):
        return corpus.split(name)
    if name not in corpus:
        raise ToktoolsError(f"the corpus has no {name} split; it has {', '.join(corpus)}")
    return corpus[name]


def first_bytes(
    tokenizer: Tokenizer, corpus: Splits, splits: Mapping[str, EncodedSplit], n_bytes: int | None
) -> EncodedSplit:
    """Return the first validation documents, until they reach `n_bytes` of source text."""
    validation = splits["validation"]
    if n_bytes is None or n_bytes >= validation.total_bytes:
        return validation
    n_documents = int((validation.n_bytes.cumsum() < n_bytes).sum()) + 1
    documents = iter(split_of(corpus, "validation"))
    return encode_split(tokenizer, [next(documents) for _ in range(n_documents)])
