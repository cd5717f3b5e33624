"""Alphabets and marks by hand; how the library does it is in `test_training_parity.py`."""

from __future__ import annotations

import pytest

from toktools import train_bpe
from toktools.errors import ToktoolsError
from toktools.training.alphabet import base_symbols, kept_characters
from toktools.training.marks import Marks


def test_the_least_frequent_characters_go_first_and_of_equals_the_highest():
    words = [("aab", 2), ("c", 2), ("d", 2)]  # a: 4, the others: 2
    assert kept_characters(words, limit=3) == ["a", "b", "c"]


def test_initial_characters_stay_however_rare_and_count_towards_the_limit():
    assert kept_characters([("aaab", 1)], limit=2, initial=["zoo"]) == ["a", "z"]
    assert kept_characters([("aaab", 1)], initial=["b", ""]) == ["a", "b"]


def test_a_limit_below_the_initial_characters_is_refused():
    with pytest.raises(ToktoolsError, match=r"must be >= 2 \(2 characters in initial.*got 1"):
        kept_characters([("a", 1)], limit=1, initial=["x", "y"])


def test_marked_symbols_come_after_all_characters_by_kind_then_code_point():
    words = {"cab": 1, "b": 1, "bbac": 1}
    assert base_symbols(words, "abc", Marks("#", "_")) == [
        *("a", "b", "c"),  # alone
        *("#a", "#b"),  # within a word
        "b_",  # a whole word
        *("#b_", "#c_"),  # at its end
    ]


def test_characters_outside_the_alphabet_are_left_out_but_leave_their_neighbours_marked():
    assert Marks("#", "_").spell("xax", {"a"}) == ["#a"]
    tokenizer = train_bpe({"axb": 3, "ab": 1}, vocab_size=7, byte_level=False, limit_alphabet=2)
    assert tokenizer.vocabulary.tokens[3:] == ("a", "b", "ab")  # a b: 3 + 1


def test_a_given_alphabet_is_the_order_of_ids_and_of_ties():
    def first_merge(alphabet: str) -> tuple[str, str]:
        counts = {"ab": 1, "cd": 1}
        return train_bpe(counts, vocab_size=9, byte_level=False, alphabet=alphabet).merges[0]

    assert first_merge("abcd") == ("a", "b")
    assert first_merge("cdab") == ("c", "d")
