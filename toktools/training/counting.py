"""From a corpus to counts of pretokens: the only thing that a trainer needs to know of its text.

Counts come in no order that matters. They are a Counter; or arrays, where the compiled loops
counted (`fast_counting.py`); or, where `Counting.max_memory` leaves no room for that, sorted runs
on disk (`runs.py`) read as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from toktools.corpus.digest import CorpusDigest
from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Pretokenizer
from toktools.tokenizer import check_text
from toktools.training import fast_counting
from toktools.training.count_table import Counting, CountTable
from toktools.training.on_disk.count_folder import Progress
from toktools.training.on_disk.runs import StoredCounts
from toktools.training.packed_counts import PackedCounts

Weighted = tuple[str, int]
CorpusLike = Iterable[str] | Path | list[Path] | Mapping[str, int] | Iterable[Weighted]
"""What training functions take: a Corpus, a path or list of paths, documents, or counts.

A document may come with a weight, (document, weight), and then counts as that many of it.
"""


@dataclass
class PretokenCounts:
    """How often each pretoken occurs, and what it was counted from.

    Attributes:
        counts: pretoken -> occurrences; on disk if they are too many for `Counting.max_memory`,
            packed if the compiled loops counted.
        n_documents, n_bytes: size of the corpus in documents and UTF-8 bytes (0 for given counts).
        corpus: what was read, as saved in the trained tokenizer: name, options and digest.
    """

    counts: Counter[str] | PackedCounts | StoredCounts
    n_documents: int = 0
    n_bytes: int = 0
    corpus: dict[str, Any] = field(default_factory=dict)

    @property
    def in_memory(self) -> Counter[str]:
        """All the counts as a Counter, wherever they are."""
        counts = self.counts
        return counts if isinstance(counts, Counter) else Counter(dict(counts.items()))


def documents_of(corpus: CorpusLike) -> Iterable[str]:
    """Return the documents of anything but counts, as an iterable that can be read more than once.

    An iterator, which can be read only once, is read into a list. (document, weight) pairs stay so.

    Raises: TypeError at a bare str, which might be meant as text or as a path.
    """
    documents = _documents(corpus)
    return list(documents) if isinstance(documents, Iterator) else documents


def _documents(corpus: CorpusLike) -> Iterable[str]:
    if isinstance(corpus, str):
        raise TypeError(
            "a bare str is ambiguous: pass [text] to train on the text itself, "
            "or pathlib.Path(name) to train on the file of that name"
        )
    if isinstance(corpus, Path):
        corpus = [corpus]
    if isinstance(corpus, list) and corpus and isinstance(corpus[0], Path):
        from toktools.corpus import open_corpus

        return open_corpus(cast("list[Path]", corpus))
    return cast("Iterable[str]", corpus)


def weighted(document: str | Weighted) -> Weighted:
    """Return a document and its weight, 1 where none was given.

    Raises: ToktoolsError if the weight is not a positive int; TypeError if there is no text.
    """
    if isinstance(document, str) and document.isascii():  # the common case: nothing to check
        return document, 1
    text, weight = document if isinstance(document, tuple) else (document, 1)
    check_text(text)
    if not isinstance(weight, int) or isinstance(weight, bool) or weight < 1:
        raise ToktoolsError(f"the weight of a document must be a positive int, got {weight!r}")
    return text, weight


def count_pretokens(
    corpus: CorpusLike,
    pretokenizer: Pretokenizer,
    normalizer: Normalizer | None = None,
    counting: Counting | None = None,
) -> PretokenCounts:
    """Count the pretokens of a corpus; counts given as a mapping pass through.

    Args:
        counting: limits of memory, where to keep what has been counted, whom to tell of progress.
            The counts are the same with and without.
    Raises: ToktoolsError if there is nothing to count, a count or weight is not a positive int, a
            document is not valid text, or an earlier counting cannot be resumed;
            CountingInterrupted at Ctrl-C or SIGTERM if `counting` names a folder.
    """
    if isinstance(corpus, Mapping):
        return _given_counts(cast("Mapping[str, int]", corpus))
    documents = _documents(corpus)
    describe = getattr(documents, "describe", dict)
    cut = {"pretokenizer": repr(pretokenizer), "normalizer": repr(normalizer)}
    options, size = {**cut, "corpus": describe()}, getattr(documents, "size", int)()
    with CountTable(counting or Counting(), options, size) as table:
        documents, counted = _count_fast(documents, table, pretokenizer, normalizer)
        so_far = counted.progress if counted else _count(documents, table, pretokenizer, normalizer)
        if not so_far.n_documents:
            raise ToktoolsError("a tokenizer needs text to learn from, got no documents")
        counts = table.finished(so_far)
        counts = counted.counts if counted else counts
    sizes = {"n_documents": so_far.n_documents, "n_bytes": so_far.n_bytes}
    return PretokenCounts(counts, **sizes, corpus={**describe(), **sizes, "digest": so_far.digest})


class _Counted(NamedTuple):
    """What the compiled loops have counted, and what of."""

    counts: Counter[str] | PackedCounts
    progress: Progress


def _count_fast(
    documents: Iterable[str],
    table: CountTable,
    pretokenizer: Pretokenizer,
    normalizer: Normalizer | None,
) -> tuple[Iterable[str], _Counted | None]:
    """Count with the compiled loops if they count the same and there is no cap on memory.

    Returns: documents that are still to be counted, and what was counted.
    """
    if table.bounded or not fast_counting.may_count(pretokenizer, normalizer):
        return documents, None
    so_far = replace(table.progress)

    def watch(n_read: int, n_documents: int, n_bytes: int) -> None:
        so_far.n_read, so_far.n_documents, so_far.n_bytes = n_read, n_documents, n_bytes
        table.tell(so_far)

    counted = fast_counting.count_files(documents, pretokenizer, normalizer, watch)
    if counted is None:
        counted, documents = fast_counting.count_documents(
            documents, pretokenizer, normalizer, weighted, watch
        )
    if counted is None:
        return documents, None
    so_far.n_documents, so_far.n_bytes = counted.n_documents, counted.n_bytes
    so_far.digest = counted.digest.hex()
    return (), _Counted(counted.counts, so_far)


def _count(
    documents: Iterable[str],
    table: CountTable,
    pretokenizer: Pretokenizer,
    normalizer: Normalizer | None,
) -> Progress:
    """Count the documents that have not been counted before; return how far all have come."""
    reading = iter(documents)
    so_far = _skipped(reading, table.progress)
    digest, counts = CorpusDigest(so_far.digest), table.counts
    for document in reading:
        text, weight = weighted(document)
        digest.add(text, weight)
        so_far.n_read += 1
        so_far.n_documents += weight
        so_far.n_bytes += weight * (len(text) if text.isascii() else len(text.encode()))
        if normalizer is not None:
            text = normalizer.normalize(text)
        pieces = pretokenizer.split(text)
        if weight == 1:
            counts.update(pieces)
        else:
            counts.update({piece: n * weight for piece, n in Counter(pieces).items()})
        if table.watched:
            table.look(so_far, digest, weight * len(pieces))
    so_far.digest = digest.hex()
    return so_far


def _skipped(reading: Iterator[str], recorded: Progress) -> Progress:
    """Read over the documents that have been counted; ToktoolsError if they are others."""
    digest, n_read = CorpusDigest(), 0
    for document in islice(reading, recorded.n_read):
        digest.add(*weighted(document))
        n_read += 1
    if n_read < recorded.n_read or digest.hex() != recorded.digest:
        raise ToktoolsError(
            f"the corpus must begin with the {recorded.n_read:,} documents that were counted "
            f"before, got {'others' if n_read == recorded.n_read else f'{n_read:,} in all'}; "
            "resume with the same corpus, or name another folder"
        )
    return replace(recorded)


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
