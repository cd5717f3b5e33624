"""Measures without a model: by hand, as invariants, and against `tokenization-scorer`."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import OURS, tricky_text
from toktools import (
    ByteTokenizer,
    Tokenizer,
    ToktoolsError,
    open_corpus,
    train_bpe,
    train_character,
    train_word,
)
from toktools.metrics import (
    compare,
    compare_all,
    moving_average_ttr,
    parity,
    percentile_frequency,
    renyi_efficiency,
    renyi_entropy,
    score,
    shannon_efficiency,
    shannon_entropy,
    token_jaccard,
    vocabulary_jaccard,
)
from toktools.metrics.agreement import stripped_spans
from toktools.metrics.words import tokens_of_words, word_spans

some_counts = st.lists(st.integers(1, 10_000), min_size=1, max_size=50)
some_words = tricky_text.filter(word_spans)

# Golden values: tokenization-scorer 1.1.8 on these texts, tokens between white space.
SENTENCES = """the cat sat on the mat
the dog sat on the log and the cat sat on the dog
a mat and a log and a frog on the log"""
HARMONIC = [1000 // rank for rank in range(1, 501)]
"""Counts of 500 types; the scorer was given each type that many times."""


def counts_of(text: str) -> list[int]:
    return list(Counter(text.split()).values())


@pytest.mark.parametrize(
    ("alpha", "n_vocab", "entropy", "efficiency"),
    [
        (1.0, None, 3.151189446839948, 0.9486025455186129),
        (1.0, 64, 3.151189446839948, 0.5251982411399914),
        (2.5, None, 2.8990431533672174, 0.8726989478878279),
        (2.5, 64, 2.8990431533672174, 0.48317385889453623),
        (3.0, None, 2.821928094887362, 0.8494850021680094),
        (0.5, None, 3.236736874051227, 0.974354887161089),
    ],
)
def test_entropies_of_sentences_equal_tokenization_scorer(alpha, n_vocab, entropy, efficiency):
    counts = counts_of(SENTENCES)
    assert renyi_entropy(counts, alpha) == pytest.approx(entropy, rel=1e-12)
    assert renyi_efficiency(counts, alpha, n_vocab) == pytest.approx(efficiency, rel=1e-12)


@pytest.mark.parametrize(
    ("alpha", "n_vocab", "entropy", "efficiency"),
    [
        (1.0, None, 6.7323244059657705, 0.7508907410903102),
        (2.5, None, 4.244363210972756, 0.4733956423905555),
        (2.5, 8000, 4.244363210972756, 0.32735105858529806),
        (3.0, None, 3.9409805199851977, 0.43955781166039176),
    ],
)
def test_entropies_of_harmonic_counts_equal_tokenization_scorer(
    alpha, n_vocab, entropy, efficiency
):
    assert renyi_entropy(HARMONIC, alpha) == pytest.approx(entropy, rel=1e-12)
    assert renyi_efficiency(HARMONIC, alpha, n_vocab) == pytest.approx(efficiency, rel=1e-12)


def test_percentile_frequency_equals_tokenization_scorer():
    assert percentile_frequency(counts_of(SENTENCES)) == pytest.approx(0.9, rel=1e-12)
    assert percentile_frequency(HARMONIC) == pytest.approx(0.46978231085401123, rel=1e-12)


def test_scores_of_a_real_tokenizer_equal_tokenization_scorer():
    bpe = train_bpe(open_corpus("human-numbers"), vocab_size=300)
    found = score(bpe, open_corpus("human-numbers", limit=500))
    golden = {  # the scorer was given the ids, a line for each document
        "n_tokens": 6.172 * 500,
        "shannon_entropy_bits": 4.608628783368315,
        "shannon_efficiency": 0.8914304911739713,
        "shannon_efficiency_full": 0.5600595853073281,
        "renyi_entropy_bits": 4.042949795797936,
        "renyi_efficiency": 0.7820132390063742,
        "renyi_efficiency_full": 0.4913159407033067,
        "percentile_frequency": 0.8496435515230071,
    }
    assert {name: getattr(found, name) for name in golden} == pytest.approx(golden, rel=1e-12)


def test_shannon_is_renyi_of_order_one():
    assert shannon_entropy([2, 1, 1]) == 1.5 == renyi_entropy([2, 1, 1], 1)
    assert shannon_efficiency([2, 1, 1], 8) == 0.5
    near = [renyi_entropy(HARMONIC, 1 + step) for step in (-1e-4, 0, 1e-4)]
    assert near == pytest.approx([shannon_entropy(HARMONIC)] * 3, abs=1e-3)


def test_renyi_at_its_ends():
    assert renyi_entropy([2, 1, 1], 0) == pytest.approx(math.log2(3))
    assert renyi_entropy([2, 1, 1], math.inf) == 1.0
    assert renyi_entropy([2, 1, 1], 5000) == pytest.approx(1.0, abs=1e-3)


@given(some_counts, st.sampled_from([0.0, 0.5, 1.0, 2.5, 3.0, 50.0, math.inf]))
def test_efficiency_lies_between_0_and_1(counts: list[int], alpha: float):
    assert 0 <= renyi_efficiency(counts, alpha, len(counts) + 7) <= 1
    assert 0 <= renyi_efficiency(counts, alpha) <= 1


@given(some_counts)
def test_renyi_entropy_does_not_rise_with_its_order(counts: list[int]):
    entropies = [renyi_entropy(counts, alpha) for alpha in (0, 0.5, 1, 2.5, 10, math.inf)]
    assert all(a >= b - 1e-9 for a, b in pairwise(entropies))


@given(st.integers(1, 40), st.integers(1, 40))
def test_equally_frequent_types_have_efficiency_1(n_types: int, count: int):
    assert renyi_efficiency([count] * n_types) == pytest.approx(1.0)


def test_types_that_do_not_occur_change_nothing_but_the_size():
    assert renyi_entropy([2, 0, 1, 1]) == renyi_entropy([2, 1, 1])
    assert renyi_efficiency([2, 0, 1, 1]) == renyi_efficiency([2, 1, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shannon_entropy([]), "at least one token, got none"),
        (lambda: shannon_entropy([3, -1]), "counts must be >= 0 .* got -1 of one type"),
        (lambda: renyi_entropy([1], -0.5), "alpha must be >= 0 .* got -0.5"),
        (lambda: renyi_entropy([1], math.nan), "alpha must be >= 0 .* got nan"),
        (lambda: renyi_efficiency([1, 1], 2.5, 1), "n_vocab must be >= the 2 types that occur"),
        (lambda: percentile_frequency([1], 0.9, 0.1), "got 0.9 and 0.1"),
        (lambda: moving_average_ttr([]), "at least one token, got none"),
        (lambda: moving_average_ttr([1], window=0), "must be >= 1, got 0 and 1000"),
        (lambda: score(ByteTokenizer(), [" ", ""]), "must hold words, got none"),
        (lambda: compare(ByteTokenizer(), ByteTokenizer(), [" "]), "must hold words, got none"),
        (lambda: compare_all([ByteTokenizer()], ["a"]), "two or more tokenizers, got 1"),
        (lambda: parity(ByteTokenizer(), [""], [""]), "got none in text A"),
        (lambda: parity(ByteTokenizer(), ["a", "b"], ["c"]), "text B ends after 1"),
    ],
)
def test_errors_say_what_must_hold(call, message: str):
    with pytest.raises(ToktoolsError, match=message):
        call()


def test_moving_average_ttr_by_hand():
    assert moving_average_ttr([1, 1, 2, 3, 3], window=2, stride=1) == (1 + 2 + 2 + 1) / 2 / 4
    assert moving_average_ttr([1, 1, 2, 3, 9], window=2, stride=2) == (1 + 2) / 2 / 2
    assert moving_average_ttr([1, 1, 2]) == 2 / 3  # one short window


def test_a_token_belongs_to_every_word_that_it_covers_some_of():
    text = "ab  cd e"
    tokens = [(0, 1), (1, 2), (2, 3), (3, 5), (5, 8)]
    assert tokens_of_words(word_spans(text), tokens) == [range(0, 2), range(3, 5), range(4, 5)]


@settings(max_examples=50, deadline=None)
@given(text=tricky_text)
def test_tokens_of_words_are_all_that_overlap(tokenizers: dict[str, Tokenizer], text: str):
    words = word_spans(text)
    for tokenizer in tokenizers.values():
        spans = tokenizer.encode_with_offsets(text).spans
        slow = [
            [i for i, (start, end) in enumerate(spans) if start < word_end and end > word_start]
            for word_start, word_end in words
        ]
        assert [list(found) for found in tokens_of_words(words, spans)] == slow


def test_words_are_cut_by_white_space_alone():
    assert word_spans("it's\u3000a\x1cb. ") == [(0, 4), (5, 9)]  # U+001C is no white space


def test_scores_of_words_by_hand():
    words = train_word(["a a b b"], min_count=2)
    found = score(words, ["a b c", "c  a"])
    assert (found.n_documents, found.n_words, found.n_word_types) == (2, 5, 3)
    assert (found.n_characters, found.n_bytes, found.n_tokens) == (9, 9, 5)
    assert (found.n_token_types, found.n_vocab) == (3, 5)  # a, b and <ANY> of five
    assert (found.fertility, found.continued_words) == (1.0, 0.0)
    assert found.single_token_retention == 2 / 3
    assert (found.oov_rate, found.unknown_rate) == (2 / 5, 2 / 5)
    assert (found.vocabulary_use, found.type_token_ratio) == (3 / 5, 3 / 5)
    assert found.moving_average_ttr == 3 / 5
    assert found.characters_per_token == found.bytes_per_token == 9 / 5
    assert found.shannon_entropy_bits == pytest.approx(2 * 0.4 * math.log2(2.5) + math.log2(5) / 5)
    assert found.shannon_efficiency_full == found.shannon_entropy_bits / math.log2(5)
    assert found.renyi_efficiency_full == renyi_efficiency([2, 1, 2], 2.5, 5)


def test_scores_of_characters_by_hand():
    found = score(train_character(["abé "]), ["ab é", "c"])
    assert (found.n_tokens, found.n_characters, found.n_bytes) == (5, 5, 6)
    assert found.fertility == 4 / 3  # ab: 2, é: 1, c: 1; the space is no word's
    assert found.continued_words == 1 / 3
    assert found.single_token_retention == 1 / 3  # é; c is hidden
    assert (found.oov_rate, found.unknown_rate) == (1 / 3, 1 / 5)


def test_a_word_behind_a_space_is_retained_by_a_token_that_begins_with_one():
    bpe = train_bpe(["x low low", "y low low"], vocab_size=262)
    assert bpe.token_to_id("Ġlow") is not None
    assert bpe.token_to_id("low") is None
    assert score(bpe, ["low"]).single_token_retention == 1.0
    assert score(bpe, ["low"]).fertility > 1.0  # the text begins with it, without a space


@settings(max_examples=30, deadline=None)
@given(text=some_words)
def test_words_have_at_least_one_token_unless_dropped(tokenizers: dict[str, Tokenizer], text: str):
    for name in OURS:  # other libraries' normalizers drop some characters
        found = score(tokenizers[name], [text])
        assert found.fertility >= 1
        assert 0 <= found.renyi_efficiency_full <= found.renyi_efficiency <= 1
        for share in (found.continued_words, found.oov_rate, found.unknown_rate):
            assert 0 <= share <= 1
        assert found.bytes_per_token == pytest.approx(len(text.encode()) / found.n_tokens)


def test_vocabulary_jaccard_compares_tokens_by_their_bytes():
    words = train_word(["low low low"], min_count=1)  # one token, "low", of the bytes " low"
    bpe = train_bpe(["x low low low"], vocab_size=262)
    assert bpe.token_to_id("Ġlow") is not None
    assert vocabulary_jaccard(words, bpe) == 1 / (bpe.n_vocab - 2)  # but for <PAD> and <EOS>


def test_token_jaccard_by_hand():
    a, b = Counter([b"a", b"b", b"b", None]), Counter([b"b", b"c", None, None])
    assert token_jaccard(a, b) == token_jaccard(b, a) == 2 / (1 + 2 + 1 + 2)
    assert token_jaccard(Counter(), Counter()) == 1.0


def test_agreement_by_hand():
    text = ["the ant", "a"]
    words, characters = train_word(text, min_count=1), train_character(text)
    found = compare(characters, words, text)
    assert found.boundary_precision == 1 / 5  # t|h|e |a|n|t: five inner cuts, one of them words'
    assert found.boundary_recall == 1.0
    assert found.boundary_f1 == pytest.approx(2 / 6)
    assert (found.identical_documents, found.n_documents) == (0.5, 2)
    back = compare(words, characters, text)
    assert (back.boundary_precision, back.boundary_recall) == (1.0, 1 / 5)


def test_cuts_within_a_character_are_none_but_the_segmentation_differs():
    found = compare(ByteTokenizer(), train_character(["é"]), ["é"])
    assert (found.boundary_f1, found.identical_documents) == (1.0, 0.0)


def test_white_space_at_the_ends_of_a_token_does_not_count():
    text = " a\u3000 b"
    assert stripped_spans(text, [(0, 2), (2, 3), (3, 5)]) == [(1, 2), (4, 5)]
    assert stripped_spans(text, [(0, 5)]) == [(1, 5)]


def test_blank_documents_do_not_count_as_agreement():
    text = ["ab", "", "  "]
    found = compare(train_character(text), train_word(text, min_count=1), text)
    assert (found.identical_documents, found.n_documents) == (0.0, 1)


@settings(max_examples=30, deadline=None)
@given(text=some_words)
def test_a_tokenizer_agrees_with_itself(tokenizers: dict[str, Tokenizer], text: str):
    for tokenizer in tokenizers.values():
        found = compare(tokenizer, tokenizer, [text])
        assert found.vocabulary_jaccard == found.token_jaccard == found.boundary_f1 == 1
        assert found.boundary_precision == found.boundary_recall == found.identical_documents == 1


@settings(max_examples=20, deadline=None)
@given(text=some_words)
def test_agreement_turned_round_swaps_precision_and_recall(
    tokenizers: dict[str, Tokenizer], text: str
):
    for i, j, found in compare_all(list(tokenizers.values())[:6], [text]):
        a, b = list(tokenizers.values())[i], list(tokenizers.values())[j]
        back = compare(b, a, [text])
        assert found.boundary_precision == back.boundary_recall
        assert found.boundary_f1 == back.boundary_f1
        assert found.token_jaccard == back.token_jaccard
        assert found.vocabulary_jaccard == back.vocabulary_jaccard


def test_parity_by_hand():
    found = parity(train_character(["ab"]), ["ab", "abc"], ["ab", "b"])
    assert (found.parity, found.n_pairs) == (5 / 3, 2)
    assert (found.n_tokens_a, found.n_tokens_b) == (5, 3)
    assert (found.unknown_rate_a, found.unknown_rate_b) == (1 / 5, 0.0)
