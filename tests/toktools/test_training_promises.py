"""What every training by merging promises: wide counts, and the same result in any order."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toktools import Tokenizer, train_bpe, train_wordpiece

TRAINERS: dict[str, Callable[..., Tokenizer]] = {
    "bpe": partial(train_bpe, vocab_size=290, pretokenizer="none"),
    "bpe-marked": partial(
        train_bpe,
        vocab_size=40,
        byte_level=False,
        limit_alphabet=3,
        max_token_length=4,
        continuing_subword_prefix="##",
        end_of_word_suffix="b",
    ),
    "wordpiece": partial(train_wordpiece, vocab_size=40, limit_alphabet=3),
    "wordpiece-likelihood": partial(train_wordpiece, vocab_size=40, criterion="likelihood"),
    "wordpiece-bytes": partial(train_wordpiece, vocab_size=540, byte_complete=True),
}
each_trainer = pytest.mark.parametrize("name", TRAINERS)
word_counts = st.dictionaries(
    st.text("abcdé#", min_size=1, max_size=7), st.integers(1, 9), min_size=1, max_size=12
)


def learned(tokenizer: Tokenizer) -> tuple[Any, ...]:
    return tokenizer.vocabulary.tokens, getattr(tokenizer, "merges", ())


@each_trainer
@settings(deadline=None, max_examples=25)
@given(counts=word_counts, seed=st.integers(0, 99))
def test_the_order_of_counts_and_documents_does_not_matter(
    name: str, counts: dict[str, int], seed: int
):
    train = TRAINERS[name]
    shuffled = list(counts.items())
    random.Random(seed).shuffle(shuffled)
    documents = [word for word, count in shuffled for _ in range(count)]
    result = train(counts)
    assert learned(train(dict(shuffled))) == learned(result)
    assert learned(train(documents)) == learned(result)
    assert learned(train(documents[::-1])) == learned(result)


@each_trainer
@pytest.mark.parametrize("factor", [2**31 + 11, 2**62 - 57])
@settings(deadline=None, max_examples=25)
@given(counts=word_counts)
def test_counts_of_any_size_are_exact(name: str, factor: int, counts: dict[str, int]):
    # A common factor changes no comparison, unless a type is too narrow for the products.
    if name == "wordpiece-likelihood":
        factor = 2**62  # scores are float64: a power of two divides them exactly
    wide = {word: count * factor for word, count in counts.items()}
    assert learned(TRAINERS[name](wide)) == learned(TRAINERS[name](counts))


def test_counts_that_differ_by_one_near_the_edge_are_told_apart():
    counts = {"ab": 2**62, "cd": 2**62 + 1}
    assert train_bpe(counts, vocab_size=259).merges == (("c", "d"),)
    counts = {"ab": 2**31, "cd": 2**31 - 1, "xab": 2}
    assert train_bpe(counts, vocab_size=259).merges == (("a", "b"),)


def test_a_min_frequency_beyond_32_bits_holds():
    counts = {"ab": 2**40, "cd": 2**40 - 1}
    assert train_bpe(counts, vocab_size=300, min_frequency=2**40).merges == (("a", "b"),)
