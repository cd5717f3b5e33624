"""Our character classes against those of the Hugging Face library, code point by code point."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tokenizers import Regex
from tokenizers import normalizers as hf_normalizers
from tokenizers import pre_tokenizers as hf

from toktools.normalizers import Lowercase
from toktools.unicode.case import lower_letters, marks, upper_letters
from toktools.unicode.tables import WHITE_SPACE, digits, letters, numbers, punctuation

pytestmark = pytest.mark.oracle
CODE_POINTS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def ours(character_class: str) -> set[str]:
    matches = re.compile(f"[{character_class}]").fullmatch
    return {character for character in CODE_POINTS if matches(character)}


def removed_by(pattern: str) -> set[str]:
    split = hf.Split(Regex(pattern), "removed")
    return {character for character in CODE_POINTS if not split.pre_tokenize_str(character)}


def test_letters_are_those_of_the_oracle():
    assert ours(letters()) == removed_by(r"\p{L}")


def test_numbers_are_those_of_the_oracle():
    assert ours(numbers()) == removed_by(r"\p{N}")


@pytest.mark.parametrize(
    ("character_class", "pattern"),
    [
        (upper_letters, r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}]"),
        (lower_letters, r"[\p{Ll}\p{Lm}\p{Lo}]"),
        (marks, r"\p{M}"),
    ],
)
def test_cases_and_marks_are_those_of_the_oracle(character_class: Callable[[], str], pattern: str):
    assert ours(character_class()) == removed_by(pattern)


def test_digits_are_what_the_digits_pretokenizer_isolates():
    split = hf.Digits(individual_digits=True)
    assert ours(digits()) == {c for c in CODE_POINTS if len(split.pre_tokenize_str(f"a{c}a")) == 3}


def test_white_space_is_that_of_the_oracle():
    assert ours(WHITE_SPACE) == removed_by(r"\s")


def test_punctuation_is_what_the_bert_pretokenizer_isolates():
    split = hf.BertPreTokenizer()
    isolated = {c for c in CODE_POINTS if len(split.pre_tokenize_str(f"a{c}a")) == 3}
    assert ours(punctuation()) == isolated


def test_lowercase_is_that_of_the_oracle():
    mine, theirs = Lowercase(), hf_normalizers.Lowercase()
    assert [c for c in CODE_POINTS if mine.normalize(c) != theirs.normalize_str(c)] == []
