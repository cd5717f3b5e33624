"""The two loops under BPE and WordPiece, against slow and obvious versions of themselves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toktools.errors import ToktoolsError
from toktools.training.likelihood import learn_merges_by_likelihood
from toktools.training.merging import Symbols, apply_merges, learn_merges

words_over_three_letters = st.dictionaries(
    st.text("abc", min_size=1, max_size=8), st.integers(1, 5), min_size=1, max_size=8
)


def apply_slowly(word: list[int], merges: dict[tuple[int, int], tuple[int, int]]) -> list[int]:
    """Look over the whole word for the pair of lowest rank, each time."""
    word = list(word)
    while True:
        found = [(merges[p][0], i) for i, p in enumerate(pairwise(word)) if p in merges]
        if not found:
            return word
        i = min(found)[1]
        word[i : i + 2] = [merges[word[i], word[i + 1]][1]]


@given(counts=words_over_three_letters, text=st.text("abc", max_size=40))
def test_applying_merges_takes_the_lowest_rank_leftmost(counts: dict[str, int], text: str):
    symbols = spelled("abc")
    pairs = learn_merges(*words_of(counts, symbols), symbols, vocab_size=20)
    merges = {pair: (rank, symbols.join(pair)) for rank, pair in enumerate(pairs)}
    word = [symbols.ids[letter] for letter in text]
    assert apply_merges(word, merges) == apply_slowly(word, merges)


def test_a_long_run_of_one_letter_is_merged_in_good_time():
    merges = {(i, i): (i, i + 1) for i in range(12)}
    assert apply_merges([0] * 100_000, merges) == [12] * 24 + [10, 9, 7, 5]


@given(counts=words_over_three_letters)
def test_likelihood_chooses_the_highest_score_at_every_step(counts: dict[str, int]):
    symbols = spelled("abc")
    words, occurrences = words_of(counts, symbols)
    replayed = [list(word) for word in words]
    for pair in learn_merges_by_likelihood(words, occurrences, symbols, vocab_size=12):
        ranks = likelihood_ranks(replayed, occurrences)
        assert ranks[pair] == min(ranks.values())
        replayed = [replace(word, pair, symbols.join(pair)) for word in replayed]
    assert replayed == words


def likelihood_ranks(words: list[list[int]], counts: list[int]) -> dict[tuple[int, int], tuple]:
    """Count everything anew and return (-score, -count, pair) of every pair."""
    single: dict[int, int] = {}
    double: dict[tuple[int, int], int] = {}
    for word, count in zip(words, counts, strict=True):
        for symbol in word:
            single[symbol] = single.get(symbol, 0) + count
        for pair in pairwise(word):
            double[pair] = double.get(pair, 0) + count
    return {p: (-n / (single[p[0]] * single[p[1]]), -n, p) for p, n in double.items()}


def replace(word: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Return `word` with every occurrence of `pair`, from the left, replaced by `new`."""
    result: list[int] = []
    i = 0
    while i < len(word):
        if tuple(word[i : i + 2]) == pair:
            result.append(new)
            i += 2
        else:
            result.append(word[i])
            i += 1
    return result


def test_no_merge_spells_a_special_token():
    symbols = Symbols(["ab"])
    symbols.add_alphabet("abc")
    merges = learn_merges([[1, 2], [2, 3]], [9, 1], symbols, vocab_size=10)
    assert [symbols.joined(pair) for pair in merges] == ["bc"]


def test_a_special_token_that_is_a_character_of_the_text_is_refused():
    with pytest.raises(ToktoolsError, match="special token 'a' is a character of the text"):
        Symbols(["a"]).add_alphabet("ab")


def test_min_frequency_stops_the_merging():
    symbols = spelled("abc")
    merges = learn_merges(
        *words_of({"ab": 3, "bc": 2}, symbols), symbols, vocab_size=9, min_frequency=3
    )
    assert [symbols.joined(pair) for pair in merges] == ["ab"]


def test_ties_go_to_the_lowest_ids():
    symbols = spelled("abc")
    merges = learn_merges(*words_of({"bc": 2, "ab": 2, "ca": 2}, symbols), symbols, vocab_size=9)
    assert [symbols.joined(pair) for pair in merges] == ["ab", "bc", "ca"]


def spelled(letters: str) -> Symbols:
    symbols = Symbols()
    symbols.add_alphabet(letters)
    return symbols


def words_of(counts: dict[str, int], symbols: Symbols) -> tuple[list[list[int]], list[int]]:
    return [[symbols.ids[c] for c in word] for word in counts], list(counts.values())
