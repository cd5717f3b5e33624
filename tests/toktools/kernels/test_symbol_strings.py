"""Strings of many symbols at once, beside those that are joined one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toktools.kernels.symbol_strings import SymbolStrings
from toktools.training.merging import Symbols

ALPHABET = ["a", "#", "##", "##a", "é", "##é", "日", "##😀", "\ud800", "##b"]


def symbols_of(prefix: str) -> Symbols:
    symbols = Symbols(["<EOS>"], prefix)
    symbols.add_alphabet(ALPHABET)
    return symbols


@settings(max_examples=200, deadline=None)
@given(
    prefix=st.sampled_from(["", "##"]),
    choices=st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 1 << 30))),
    cut=st.integers(0, 100),
)
def test_strings_are_those_of_joining_one_by_one(prefix: str, choices: list, cut: int):
    expected, symbols = symbols_of(prefix), symbols_of(prefix)
    merges = []
    for left, right in choices:
        pair = left % len(expected), right % len(expected)
        merges.append((*pair, expected.join(pair)))
    strings = SymbolStrings(symbols, len(expected))
    for part in merges[:cut], merges[cut:]:
        assert strings.join(np.array(part, np.int32).reshape(-1, 3))
    assert symbols.strings == expected.strings
    assert symbols.ids == expected.ids


def test_long_strings_get_room():
    symbols = Symbols()
    symbols.add_alphabet(["ab"])
    merges = np.array([[i, i, i + 1] for i in range(20)], np.int32)
    assert SymbolStrings(symbols, 21).join(merges)
    assert [len(string) for string in symbols.strings] == [2 << i for i in range(21)]


@pytest.mark.parametrize(
    "merges",
    [
        [[0, 1, 3], [0, 1, 4]],  # spelled before
        [[0, 1, 2]],  # "c" is spelled otherwise
        [[0, 1, 3], [1, 0, 3]],
    ],
)
def test_ids_that_joining_would_not_give_are_told(merges: list):
    symbols = Symbols()
    symbols.add_alphabet("abc")
    assert not SymbolStrings(symbols, 5).join(np.array(merges, np.int32))
