"""The learner for more words than fit in memory makes the merges of the readable one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toktools import Counting, ToktoolsError, train_bpe
from toktools.pretokenizers import Gpt2Split
from toktools.training.compact_merging import learn_merges_compact
from toktools.training.counting import count_pretokens
from toktools.training.merging import Symbols, learn_merges

corpora = st.dictionaries(
    st.text("abc#", min_size=1, max_size=10), st.integers(1, 5), min_size=1, max_size=12
)
options = st.fixed_dictionaries(
    {
        "vocab_size": st.integers(4, 40),
        "min_frequency": st.integers(0, 4),
        "max_token_length": st.none() | st.integers(1, 6),
    }
)


def both(
    counts: dict[str, int], *, prefix: str = "", reserved: tuple[str, ...] = (), **options: Any
) -> tuple[list[str], list[str], Symbols, Symbols]:
    """Return the pairs that either learner merges, as written, and its symbols."""
    found = []
    for learn in (learn_merges, learn_merges_compact):
        symbols = Symbols(reserved, prefix)
        symbols.add_alphabet(sorted({c for word in counts for c in word}))
        if prefix:
            symbols.add_alphabet(sorted({prefix + c for word in counts for c in word[1:]}))
        words = [
            [symbols.ids[word[0]], *(symbols.ids[prefix + c] for c in word[1:])] for word in counts
        ]
        numbers = list(counts.values())
        if learn is learn_merges:
            merges = learn_merges(words, numbers, symbols, **options)
        else:
            merges = learn_merges_compact(zip(words, numbers, strict=True), symbols, **options)
        found.append(([f"{symbols.strings[a]} {symbols.strings[b]}" for a, b in merges], symbols))
    return found[0][0], found[1][0], found[0][1], found[1][1]


def test_bounded_lengths_of_marked_symbols_are_refused_with_a_cap():
    with pytest.raises(ToktoolsError, match="cannot go together with max_memory"):
        train_bpe(
            ["ab"],
            byte_level=False,
            end_of_word_suffix="_",
            max_token_length=3,
            counting=Counting(max_memory=1 << 30),
        )


@settings(max_examples=150, deadline=None)
@given(counts=corpora, options=options)
def test_the_merges_are_those_of_the_readable_learner(
    counts: dict[str, int], options: dict[str, Any]
):
    readable, compact, symbols, symbols_of_compact = both(counts, **options)
    assert compact == readable
    assert symbols_of_compact.strings == symbols.strings


@settings(max_examples=100, deadline=None)
@given(counts=corpora, vocab_size=st.integers(4, 40))
def test_the_merges_are_the_same_with_a_prefix_and_reserved_strings(
    counts: dict[str, int], vocab_size: int
):
    readable, compact, *_ = both(
        counts, prefix="##", reserved=("ab", "<PAD>"), vocab_size=vocab_size
    )
    assert compact == readable


@settings(max_examples=50, deadline=None)
@given(counts=corpora)
def test_the_merges_are_the_same_when_everything_is_cut_into_small_parts(counts: dict[str, int]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toktools.training.compact_merging._MOST_SYMBOLS", 5)
        patch.setattr("toktools.training.on_disk.pair_columns._WINDOW", 4)
        patch.setattr("toktools.training.on_disk.pair_columns._BLOCK", 3)
        patch.setattr("toktools.training.on_disk.columns._WINDOW", 8)
        patch.setattr("toktools.training.on_disk.columns.resident_bytes", lambda: 1)
        readable, compact, *_ = both(counts, vocab_size=40)
        assert compact == readable
        symbols = Symbols()
        symbols.add_alphabet(sorted({c for word in counts for c in word}))
        words = [([symbols.ids[c] for c in word], n) for word, n in counts.items()]
        merges = learn_merges_compact(words, symbols, vocab_size=40, max_memory=1)
        assert [f"{symbols.strings[a]} {symbols.strings[b]}" for a, b in merges] == readable


def test_a_token_spelled_in_two_ways_is_merged_as_the_readable_learner_does():
    counts = {"###a": 1, "##a": 3, "#a#a": 2, "a###a": 2}
    readable, compact, symbols, symbols_of_compact = both(counts, prefix="##", vocab_size=60)
    assert compact == readable
    assert symbols_of_compact.strings == symbols.strings
    assert len(readable) > len(symbols) - 4  # more merges than new tokens


def test_real_text_gives_the_same_merges(prose: list[str], tmp_path: Path):
    counts = count_pretokens(prose, Gpt2Split()).counts
    readable, compact, *_ = both(dict(counts.items()), vocab_size=3000)
    assert len(readable) > 2000
    assert compact == readable
