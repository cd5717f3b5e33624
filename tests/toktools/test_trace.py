"""The step-by-step trace, and the fast trainers against it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toktools import SpecialTokens, train_bpe, train_wordpiece
from toktools.training.trace import merge_steps

word_counts = st.dictionaries(
    st.text("abcd", min_size=1, max_size=6), st.integers(1, 9), min_size=1, max_size=8
)


def test_steps_are_counted_by_hand():
    steps = list(merge_steps({"low": 5, "lot": 2}))
    assert [(step.merged, step.count, step.ties) for step in steps] == [
        *(("lo", 7, 0), ("low", 5, 0), ("lot", 2, 0)),
    ]


@given(counts=word_counts)
def test_bpe_learns_the_traced_merges_until_two_spell_the_same_token(counts: dict[str, int]):
    steps = distinct(list(merge_steps(counts)))
    tokenizer = train_bpe(counts, vocab_size=256 + len(steps), special_tokens=SpecialTokens.none())
    assert list(tokenizer.merges[: len(steps)]) == [step.pair for step in steps]


@pytest.mark.parametrize("criterion", ["frequency", "likelihood"])
@given(counts=word_counts)
def test_wordpiece_learns_the_traced_tokens_until_two_spell_the_same(
    criterion, counts: dict[str, int]
):
    steps = distinct(list(merge_steps(counts, criterion=criterion, prefix="##")))
    alphabet = {c for word in counts for c in word} | {"##" + c for w in counts for c in w[1:]}
    tokenizer = train_wordpiece(
        counts, vocab_size=3 + len(alphabet) + len(steps), criterion=criterion
    )
    assert list(tokenizer.vocabulary.tokens[3 + len(alphabet) :]) == [s.merged for s in steps]


@given(counts=word_counts)
def test_marked_bpe_learns_the_traced_merges(counts: dict[str, int]):
    steps = distinct(list(merge_steps(counts, prefix="@", suffix="_")))
    marks = {"continuing_subword_prefix": "@", "end_of_word_suffix": "_"}
    tokenizer = train_bpe(counts, vocab_size=999, byte_level=False, **marks)
    assert list(tokenizer.merges[: len(steps)]) == [step.pair for step in steps]


def distinct(steps: list) -> list:
    """Return the steps before the first that spells a token anew: from there on, the trainers
    count as the Hugging Face library does (see `toktools.training.merging`)."""
    seen: set[str] = set()
    for i, step in enumerate(steps):
        if step.merged in seen or step.pair[0] == step.pair[1]:
            return steps[:i]
        seen.add(step.merged)
    return steps
