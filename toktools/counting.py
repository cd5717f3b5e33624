"""From a corpus to counts of pretokens: the only thing that a trainer needs to know of its text.

Counts come in the order in which pretokens are first seen, but no trainer depends on that order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from toktools.corpus.digest import CorpusDigest
from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Pretokenizer
from toktools.tokenizer import check_text

CorpusLike = Iterable[str] | Path | list[Path] | Mapping[str, int]
"""What training functions take: a Corpus, a path or list of paths, documents, or counts."""


@dataclass
class PretokenCounts:
    """How often each pretoken occurs, and what it was counted from.

    Attributes:
        counts: pretoken -> occurrences.
        n_documents, n_bytes: size of the corpus in documents and UTF-8 bytes (0 for given counts).
        corpus: what was read, as saved in the trained tokenizer: name, options and digest.
    """

    counts: Counter[str]
    n_documents: int = 0
    n_bytes: int = 0
    corpus: dict[str, Any] = field(default_factory=dict)


def documents_of(corpus: CorpusLike) -> Iterable[str]:
    """Return the documents of anything but counts, as an iterable that can be read more than once.

    An iterator, which can be read only once, is read into a list.

    Raises: TypeError at a bare str, which might be meant as text or as a path.
    """
    if isinstance(corpus, str):
        raise TypeError(
            "a bare str is ambiguous: pass [text] to train on the text itself, "
            "or pathlib.Path(name) to train on the file of that name"
        )
    if isinstance(corpus, Path):
        corpus = [corpus]
    if isinstance(corpus, list) and corpus and isinstance(corpus[0], Path):
        from toktools.corpus import open_corpus

        return open_corpus(corpus)
    if isinstance(corpus, Iterator):
        return list(corpus)
    return cast("Iterable[str]", corpus)


def count_pretokens(
    corpus: CorpusLike, pretokenizer: Pretokenizer, normalizer: Normalizer | None = None
) -> PretokenCounts:
    """Count the pretokens of a corpus; counts given as a mapping pass through.

    Raises: ToktoolsError if there is nothing to count, a count is not a positive int, or a
            document is not valid text.
    """
    if isinstance(corpus, Mapping):
        return _given_counts(corpus)
    documents = documents_of(corpus)
    counts: Counter[str] = Counter()
    digest = CorpusDigest()
    n_documents = n_bytes = 0
    for document in documents:
        check_text(document)
        digest.add(document)
        n_documents += 1
        n_bytes += len(document.encode())
        if normalizer is not None:
            document = normalizer.normalize(document)
        counts.update(pretokenizer.split(document))
    if not n_documents:
        raise ToktoolsError("a tokenizer needs text to learn from, got no documents")
    describe = getattr(documents, "describe", dict)
    record = {**describe(), "n_documents": n_documents, "n_bytes": n_bytes, "digest": digest.hex()}
    return PretokenCounts(counts, n_documents, n_bytes, record)


def _given_counts(given: Mapping[str, int]) -> PretokenCounts:
    digest = CorpusDigest()
    for pretoken, count in given.items():
        if not isinstance(count, int) or count < 1:
            raise ToktoolsError(f"a count must be a positive int, got {count!r} for {pretoken!r}")
        check_text(pretoken)
        digest.add(f"{pretoken}\t{count}")
    if not given:
        raise ToktoolsError("a tokenizer needs text to learn from, got no counts")
    return PretokenCounts(Counter(dict(given)), corpus={"source": "counts", "digest": digest.hex()})
