"""Counting with the compiled loops: blocks of documents, several threads, one table in the end.

Each thread counts whole blocks in a table of its own, and the tables are added up. So nothing
depends on how many threads there were, or on who took which block: counts and digest are sums.

The readable twin is the counting in `counting.py`, which also takes over where a file turns out to
hold what is no text: it can say where.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from toktools.compiled.worth import Least
from toktools.corpus.corpus import Corpus, Stats
from toktools.corpus.digest import CorpusDigest
from toktools.corpus.line_blocks import Block, document_blocks, file_blocks
from toktools.kernels.cuts import knows_cut
from toktools.kernels.room import Room
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Pretokenizer
from toktools.training.normalized_counting import normalized_lines, separable
from toktools.training.packed_counts import PackedCounts

if TYPE_CHECKING:
    from toktools.kernels.block_counter import BlockCounter

LEAST, LOOP = Least(loaded=20_000, kept=100_000, new=2_000_000), "counting:count_pieces"
"""Characters from which on the loops count."""
_HEAVY = 1 << 40
"""Bytes, as often as they weigh, from which on a document is counted in whole numbers of any size.
All others together cannot come to 2^62."""


class Counted(NamedTuple):
    """What was counted: the pieces; documents and bytes, each as often as it weighs; the digest."""

    counts: PackedCounts | Counter[str]
    n_documents: int
    n_bytes: int
    digest: CorpusDigest


Watch = Callable[[int, int, int], object]
"""Called with the documents read, their number and bytes (as often as each weighs) so far."""


def may_count(pretokenizer: Pretokenizer, normalizer: Normalizer | None) -> bool:
    """Whether the loops count as these do."""
    return knows_cut(pretokenizer) and (normalizer is None or separable(normalizer, pretokenizer))


def count_files(
    corpus: object, pretokenizer: Pretokenizer, normalizer: Normalizer | None, watch: Watch
) -> Counted | None:
    """Count the lines of a corpus's files; None if the readable code must do it.

    That is where something is done to the lines, there are few, or a file cannot be read.
    """
    if not isinstance(corpus, Corpus) or not LEAST.is_met(corpus.size() or 0, LOOP):
        return None
    paths = corpus.plain_files()
    if paths is None:
        return None
    try:
        counted = _counted(file_blocks(paths), pretokenizer, normalizer, watch)
    except (OSError, _NotUtf8Error):
        return None
    if not counted.n_documents:
        return None
    corpus.note(Stats(documents=counted.n_documents, bytes=counted.n_bytes))
    return counted


def count_documents(
    documents: Iterable[Any],
    pretokenizer: Pretokenizer,
    normalizer: Normalizer | None,
    weighted: Callable[[Any], tuple[str, int]],
    watch: Watch,
) -> tuple[Counted | None, Iterable[Any]]:
    """Count documents in memory, or that come from anywhere.

    Args:    weighted: gives document and weight of each, and refuses what is none.
    Returns: what was counted, and no documents; or, if there are few, None and the documents.
    """
    reading = iter(documents)
    first = list(_until(LEAST.kept, reading))
    if not LEAST.is_met(sum(map(_size, first)), LOOP):
        first += _until(LEAST.new - sum(map(_size, first)), reading)
    if not LEAST.is_met(sum(map(_size, first)), LOOP):
        return None, first
    blocks = document_blocks(chain(first, reading), weighted)
    return _counted(blocks, pretokenizer, normalizer, watch), ()


def _until(n_characters: int, reading: Iterator[Any]) -> Iterator[Any]:
    """Yield documents until they have so many characters."""
    for document in reading:
        yield document
        n_characters -= _size(document)
        if n_characters <= 0:
            return


def _size(document: Any) -> int:
    text = document[0] if isinstance(document, tuple) and document else document
    return len(text) if isinstance(text, str) else 0


class _NotUtf8Error(Exception):
    """A file holds something else; the readable code says where, or replaces it."""


def _counted(
    blocks: Iterable[Block],
    pretokenizer: Pretokenizer,
    normalizer: Normalizer | None,
    watch: Watch,
) -> Counted:
    """Count blocks, and tell of progress."""
    from toktools.kernels.block_counter import BlockCounter
    from toktools.kernels.cuts import cut_of
    from toktools.kernels.space_words import space_words
    from toktools.kernels.threads import n_threads

    cut = cut_of(pretokenizer) if normalizer is None else space_words()
    assert cut is not None
    counters = [BlockCounter(cut) for _ in range(n_threads())]
    n_read = n_documents = n_bytes = 0
    heavy: list[Block] = []
    for counted in _in_threads(_light(blocks, heavy), counters):
        if counted is None:
            raise _NotUtf8Error
        n_read += counted.n_read
        n_documents += counted.n_documents
        n_bytes += counted.n_bytes
        watch(n_read, n_documents, n_bytes)
    digest = CorpusDigest()
    for counter in counters:
        digest.add_sum(counter.sums)
    counts = BlockCounter.total(counters)
    counters.clear()
    if normalizer is not None:
        counts = _normalized(counts, pretokenizer, normalizer)
    counted = Counted(counts, n_documents, n_bytes, digest)
    return _with_heavy(counted, heavy, pretokenizer, normalizer) if heavy else counted


def _normalized(
    words: PackedCounts, pretokenizer: Pretokenizer, normalizer: Normalizer
) -> PackedCounts:
    """Return the pieces of words that are normalized and cut."""
    from toktools.kernels.cuts import cut_of
    from toktools.kernels.piece_counter import PieceCounter

    cut = cut_of(pretokenizer)
    assert cut is not None
    counter = PieceCounter(cut)
    for lines, weights in normalized_lines(words, normalizer) if len(words) else ():
        counter.add(np.frombuffer(lines, np.uint8), lines=True, weights=weights)
    return counter.counts()


def _light(blocks: Iterable[Block], heavy: list[Block]) -> Iterator[Block]:
    """Yield blocks, but put the heavy ones aside."""
    for block in blocks:
        if block.weight * (len(block.data) + 1) < _HEAVY:
            yield block
        else:
            heavy.append(block)


def _with_heavy(
    counted: Counted,
    heavy: list[Block],
    pretokenizer: Pretokenizer,
    normalizer: Normalizer | None,
) -> Counted:
    """Add heavy documents to what was counted, by the readable code."""
    counts, n_documents, n_bytes, digest = counted
    counts = Counter(dict(counts.items()))
    for block in heavy:
        data, weight = block.read(Room(np.uint8)).tobytes(), block.weight
        text = data.decode()
        digest.add(text, weight)
        n_documents += weight
        n_bytes += weight * len(data)
        text = text if normalizer is None else normalizer.normalize(text)
        pieces = Counter(pretokenizer.split(text))
        counts.update({piece: n * weight for piece, n in pieces.items()})
    return Counted(counts, n_documents, n_bytes, digest)


def _in_threads(blocks: Iterable[Block], counters: list[BlockCounter]) -> Iterator[Any]:
    """Count blocks in as many threads as there are counters; yield what each gave, in order."""
    if len(counters) == 1:
        for block in blocks:
            yield counters[0].count(block)
        return
    idle = deque(counters)

    def count(block: Block) -> Any:
        counter = idle.popleft()
        try:
            return counter.count(block)
        finally:
            idle.append(counter)

    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(len(counters)) as pool:
        for block in blocks:
            waiting.append(pool.submit(count, block))
            if len(waiting) > 2 * len(counters):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
