"""Which learner for which counts: readable or compiled in memory, or compact on disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from toktools.compiled.worth import Least
from toktools.errors import ToktoolsError
from toktools.training.memory import show_size
from toktools.training.merging import Pair, Symbols, learn_merges
from toktools.training.on_disk.runs import StoredCounts

if TYPE_CHECKING:
    from toktools.training.count_table import Counting
    from toktools.training.counting import PretokenCounts
    from toktools.training.spelling import Speller

LEAST = Least(loaded=5_000, kept=20_000, new=200_000)
"""Characters of distinct words from which on the compiled loop learns."""


def readable_bytes(n_words: int, n_symbols: int) -> int:
    """Return about what the readable learner takes for so many distinct words and their symbols.

    Measured on random words, 100,000 at a time: 915 bytes a word of 4 symbols, 1,543 of 8, 3,096
    of 16. (Symbols may be given as bytes: there are no more of them.)
    """
    return 200 * (n_words + n_symbols)


def learn_by_frequency(
    pretokens: PretokenCounts,
    speller: Speller,
    symbols: Symbols,
    counting: Counting | None = None,
    **options: Any,
) -> Iterable[Pair]:
    """Merge the most frequent pair again and again, wherever the counts are.

    Args:
        speller: writes the pretokens in ids of `symbols`.
        counting: its `max_memory` and `folder` are for this too.
        options: see `toktools.training.merging.learn_merges`.
    Returns: the merges, to be gone through once.
    """
    if isinstance(pretokens.counts, StoredCounts):
        from toktools.training.compact_merging import learn_merges_compact

        words = speller.spelled()
        limit = counting.max_memory if counting else None
        folder = counting.folder if counting else None
        return learn_merges_compact(words, symbols, max_memory=limit, folder=folder, **options)
    merges = _learned_by_loops("learn_merges", speller, symbols, **options)
    if merges is None:
        merges = learn_merges(*speller.lists(), symbols, **options)
    return merges


def _learned_by_loops(
    name: str, speller: Speller, symbols: Symbols, **options: Any
) -> Iterable[Pair] | None:
    """Learn with the compiled loop; None if the readable learner must do it, or might as well."""
    n_characters, total = speller.size()
    if not LEAST.is_met(n_characters, "bpe_training:learn") or total >= 1 << 62:
        return None
    from toktools.kernels import training

    learned = getattr(training, name)
    try:
        try:
            return learned(speller.packed(), symbols, **options)
        except training.FloorError:
            return learned(speller.packed(), symbols, floors=False, **options)
    except training.InexactError:
        return None


def check_likelihood_can_wait(counting: Counting | None) -> None:
    """Raise ToktoolsError if counts that turn out too many for "likelihood" would be lost."""
    if counting and counting.max_memory is not None and counting.folder is None:
        raise ToktoolsError(
            "criterion='likelihood' learns in memory alone, and may find max_memory too little "
            "after counting; name a folder that keeps the counts (--work-folder)"
        )


def learn_by_likelihood(
    pretokens: PretokenCounts,
    speller: Speller,
    symbols: Symbols,
    counting: Counting | None = None,
    **options: Any,
) -> Iterable[Pair]:
    """Merge the pair that raises the likelihood most, again and again, in memory alone.

    Args and Returns: as `learn_by_frequency`; options: see `likelihood.learn_merges_by_likelihood`.
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
    merges = _learned_by_loops("learn_merges_by_likelihood", speller, symbols, **options)
    if merges is None:
        merges = learn_merges_by_likelihood(*speller.lists(), symbols, **options)
    return merges
