"""BPE-dropout: the distribution enumerated by hand of the paper's algorithm, seeds, and bounds."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
import tokenizers as hf
from hypothesis import given
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from toktools import (
    BPETokenizer,
    SpecialTokens,
    ToktoolsError,
    Vocabulary,
    train_bpe,
    train_wordpiece,
)
from toktools.changing.dropout import encode_with_dropout
from toktools.unicode.byte_alphabet import ALPHABET

MERGES = [("a", "b"), ("ab", "a"), ("aba", "ab"), ("b", "a"), ("a", "ba")]
NAMES = ["ab", "aba", "abaab", "ba"]
TOKENIZER = BPETokenizer(Vocabulary([*ALPHABET, *NAMES], SpecialTokens.none()), MERGES)
N = 20_000


Cut = tuple[str, ...]


def distribution(word: Cut, p: float) -> dict[Cut, float]:
    """Return the probability of every cut of `word`, by following every branch."""
    candidates = sorted(
        (MERGES.index(pair), i) for i, pair in enumerate(pairwise(word)) if pair in MERGES
    )
    found: dict[Cut, float] = defaultdict(float, {word: p ** len(candidates)})  # all passed over
    for n_passed_over, (_, i) in enumerate(candidates):
        merged = (*word[:i], word[i] + word[i + 1], *word[i + 2 :])
        for cut, probability in distribution(merged, p).items():
            found[cut] += p**n_passed_over * (1 - p) * probability
    return found


def chi_squared(seen: Counter[Cut], expected: dict[Cut, float]) -> float:
    """Return the statistic, with one degree of freedom fewer than there are cuts."""
    assert seen.keys() <= expected.keys()
    return sum((seen[cut] - N * q) ** 2 / (N * q) for cut, q in expected.items())


def test_the_distribution_of_one_merge_by_hand():
    assert distribution(("a", "b"), 0.25) == {("ab",): 0.75, ("a", "b"): 0.25}


def test_the_distribution_of_two_rival_merges_by_hand():
    # a b a: (a, b) is let through: 3/4, and then (ab, a): 3/4. Else (b, a): 1/4 3/4, then (a, ba).
    expected = {
        ("aba",): 0.75 * 0.75 + 0.25 * 0.75 * 0.75,
        ("ab", "a"): 0.75 * 0.25,
        ("a", "ba"): 0.25 * 0.75 * 0.25,
        ("a", "b", "a"): 0.25 * 0.25,
    }
    assert distribution(("a", "b", "a"), 0.25) == expected


@pytest.mark.parametrize("p", [0.3, 0.5])
def test_cuts_are_as_frequent_as_the_algorithm_says(p: float):
    expected = distribution(tuple("abaab"), p)
    assert len(expected) == 9
    random = np.random.default_rng(7)
    seen = Counter(cut(encode_with_dropout(TOKENIZER, "abaab", p=p, seed=random)) for _ in range(N))
    assert chi_squared(seen, expected) < 26.1  # 8 degrees of freedom: exceeded once in a thousand


def library_cuts(merges: list[tuple[str, str]], text: str, p: float) -> Counter[Cut]:
    """Return how often the library, whose seed is not ours to set, cuts `text` in each way."""
    vocab = {token: id for id, token in enumerate([*"abcd", "ab", "cd", *NAMES[1:]])}
    library = hf.Tokenizer(hf.models.BPE(vocab=vocab, merges=merges, dropout=p))
    return Counter(tuple(library.encode(text).tokens) for _ in range(N))


@pytest.mark.oracle
def test_where_merges_do_not_overlap_the_library_cuts_as_often():
    merges = [("a", "b"), ("c", "d")]
    p, q = 0.3, 0.7
    both = q * q + p * q * q  # ab, then cd; cd (ab passed over), then ab
    expected: dict[Cut, float] = {
        ("ab", "cd"): both,
        ("ab", "c", "d"): q * p,
        ("a", "b", "cd"): p * q * p,
        ("a", "b", "c", "d"): p * p,
    }
    assert sum(expected.values()) == pytest.approx(1)
    assert chi_squared(library_cuts(merges, "abcd", p), expected) < 30  # 3 degrees: once in 10**6


@pytest.mark.oracle
def test_where_merges_overlap_the_library_passes_over_fewer():
    # What it has passed over comes back with every entry of its queue, also with those that an
    # earlier merge has made void; in the paper and here, with every merge alone.
    whole = library_cuts(MERGES, "abaab", 0.3)["abaab",] / N
    assert whole > distribution(tuple("abaab"), 0.3)["abaab",] + 0.1


def cut(ids: list[int]) -> Cut:
    return tuple(TOKENIZER.id_to_token(id) for id in ids)


@pytest.fixture(scope="module")
def trained() -> BPETokenizer:
    return train_bpe(["one two three the then nineteen", "and on and on"], vocab_size=290)


@given(text=tricky_text | st.text("onethai "))
def test_without_dropout_it_is_encode(text: str, trained: BPETokenizer):
    assert encode_with_dropout(trained, text, p=0, seed=0) == trained.encode(text)


@given(text=tricky_text)
def test_with_all_merges_dropped_it_is_bytes(text: str, trained: BPETokenizer):
    tokens = [trained.token_bytes[id] for id in encode_with_dropout(trained, text, p=1, seed=0)]
    assert tokens == [bytes([byte]) for byte in text.encode()]


@given(text=tricky_text | st.text("onethai "), p=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_decoding_gives_the_text_back(text: str, p: float, seed: int, trained: BPETokenizer):
    assert trained.decode(encode_with_dropout(trained, text, p=p, seed=seed)) == text


def test_a_seed_gives_the_same_ids_in_another_process():
    ids = encode_with_dropout(TOKENIZER, "abaab" * 20, p=0.5, seed=11)
    program = (
        "from tests.toktools.test_dropout import *\n"
        "print(encode_with_dropout(TOKENIZER, 'abaab' * 20, p=0.5, seed=11))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{ids}\n"
    assert ids != encode_with_dropout(TOKENIZER, "abaab" * 20, p=0.5, seed=12)


def test_a_generator_goes_on_from_text_to_text():
    random = np.random.default_rng(0)
    cuts = {cut(encode_with_dropout(TOKENIZER, "abaab", p=0.5, seed=random)) for _ in range(50)}
    assert len(cuts) > 5


def test_encode_afterwards_is_what_it_was_before(trained: BPETokenizer):
    before = trained.encode("the nineteen")
    for seed in range(20):
        encode_with_dropout(trained, "the nineteen", p=0.7, seed=seed)
    assert trained.encode("the nineteen") == before


def test_a_long_run_is_encoded_in_good_time(trained: BPETokenizer):
    ids = encode_with_dropout(trained, "on" * 20_000, p=0.1, seed=0)
    assert trained.decode(ids) == "on" * 20_000


def test_the_end_of_a_document_is_marked_on_request(trained: BPETokenizer):
    assert encode_with_dropout(trained, "on", p=0.5, seed=0, add_eos=True)[-1] == trained.eos_id


def test_marked_and_normalized_text_is_cut_like_encode():
    tokenizer = train_bpe(
        ["one nine"],
        vocab_size=30,
        byte_level=False,
        end_of_word_suffix="</w>",
        normalizer="lowercase",
    )
    assert tokenizer.decode(encode_with_dropout(tokenizer, "One NINE", p=0.5, seed=3)) == "one nine"


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(p: float, trained: BPETokenizer):
    with pytest.raises(ToktoolsError, match=r"p must be in 0\.\.1"):
        encode_with_dropout(trained, "on", p=p, seed=0)


def test_a_tokenizer_without_merges_is_refused():
    with pytest.raises(ToktoolsError, match="needs the merges of BPE, got a WordPieceTokenizer"):
        encode_with_dropout(train_wordpiece(["a b"], vocab_size=9), "a", p=0.1, seed=0)


def test_a_lone_surrogate_is_refused(trained: BPETokenizer):
    with pytest.raises(ToktoolsError, match="lone surrogate at index 1"):
        encode_with_dropout(trained, "a\ud800", p=0.1, seed=0)
