"""Which learner for which counts: readable or compiled in memory, or compact on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from toktools import compiled
from toktools.errors import ToktoolsError
from toktools.training.memory import show_size
from toktools.training.merging import Pair, Symbols, learn_merges
from toktools.training.on_disk.runs import StoredCounts

if TYPE_CHECKING:
    from toktools.training.count_table import Counting
    from toktools.training.counting import PretokenCounts


def readable_bytes(n_words: int, n_symbols: int) -> int:
    """Return about what the readable learner takes for so many distinct words and their symbols.

    Measured on random words, 100,000 at a time: 915 bytes a word of 4 symbols, 1,543 of 8, 3,096
    of 16. (Symbols may be given as bytes: there are no more of them.)
    """
    return 200 * (n_words + n_symbols)


def learn_by_frequency(
    pretokens: PretokenCounts,
    spelled: Callable[[str], list[int]],
    symbols: Symbols,
    counting: Counting | None = None,
    **options: Any,
) -> list[Pair]:
    """Merge the most frequent pair again and again, wherever the counts are.

    Args:
        spelled: writes a pretoken in ids of `symbols`.
        counting: its `max_memory` and `folder` are for this too.
        options: see `toktools.training.merging.learn_merges`.
    """
    words: Iterator[tuple[list[int], int]] = (
        (spelled(pretoken), count) for pretoken, count in pretokens.counts.items()
    )
    if isinstance(pretokens.counts, StoredCounts):
        from toktools.training.compact_merging import learn_merges_compact

        limit = counting.max_memory if counting else None
        folder = counting.folder if counting else None
        return learn_merges_compact(words, symbols, max_memory=limit, folder=folder, **options)
    ids, counts = _lists(words)
    if compiled.learns(ids, counts, options):
        from toktools.kernels import training

        options.pop("max_token_length", None)
        return training.learn_merges(ids, counts, symbols, **options)
    return learn_merges(ids, counts, symbols, **options)


def check_likelihood_can_wait(counting: Counting | None) -> None:
    """Raise ToktoolsError if counts that turn out too many for "likelihood" would be lost."""
    if counting and counting.max_memory is not None and counting.folder is None:
        raise ToktoolsError(
            "criterion='likelihood' learns in memory alone, and may find max_memory too little "
            "after counting; name a folder that keeps the counts (--work-folder)"
        )


def learn_by_likelihood(
    pretokens: PretokenCounts,
    spelled: Callable[[str], list[int]],
    symbols: Symbols,
    counting: Counting | None = None,
    **options: Any,
) -> list[Pair]:
    """Merge the pair that raises the likelihood most, again and again, in memory alone.

    Args:   as `learn_by_frequency`; options: see `likelihood.learn_merges_by_likelihood`.
    Raises: ToktoolsError, saying how much memory it would need, if the counts stayed on disk.
    """
    from toktools.training.likelihood import learn_merges_by_likelihood

    counts = pretokens.counts
    if isinstance(counts, StoredCounts) and counting and counting.max_memory:
        need = readable_bytes(counts.size.n_pretokens, counts.size.n_bytes) * 3 // 2
        raise ToktoolsError(
            f"criterion='likelihood' needs about {show_size(need)} for {len(counts):,} distinct "
            f"words, got max_memory {show_size(counting.max_memory)}; the counts are kept in "
            f"{counting.folder}: resume with more memory, or with criterion='frequency'"
        )
    words = ((spelled(pretoken), count) for pretoken, count in counts.items())
    return learn_merges_by_likelihood(*_lists(words), symbols, **options)


def _lists(words: Iterable[tuple[list[int], int]]) -> tuple[list[list[int]], list[int]]:
    ids: list[list[int]] = []
    counts: list[int] = []
    for word, count in words:
        ids.append(word)
        counts.append(count)
    return ids, counts
