"""The built-in corpora, by the facts that are known of them."""

import re
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toktools.corpus import BUILTIN, SPLITS, open_corpus
from toktools.corpus.formal import dyck_word
from toktools.corpus.paragraphs import paragraphs
from toktools.errors import ToktoolsError


def test_human_numbers_has_the_figures_of_the_book():
    lines = list(open_corpus("human-numbers"))
    tokens = " . ".join(lines).split(" ")
    assert (len(lines), len(tokens), len(set(tokens))) == (9998, 63_095, 30)


def test_human_numbers_validation_has_the_figure_of_the_lessons():
    lines = list(open_corpus("human-numbers", split="valid"))
    assert 1 + len(" , ".join(lines).split()) == 13_017  # the 1 is their start token


def test_human_numbers_are_train_then_validation():
    corpus = open_corpus("human-numbers")
    train, validation = list(corpus.split("train")), list(corpus.split("validation"))
    assert train + validation == list(corpus)
    assert (train[0], train[-1]) == ("one", "seven thousand nine hundred ninety nine")
    assert validation[0] == "eight thousand one"
    assert validation[-1] == "nine thousand nine hundred ninety nine"


def test_human_numbers_has_no_test_split():
    with pytest.raises(ToktoolsError, match="human-numbers has the splits train, validation"):
        open_corpus("human-numbers", split="test")


def test_anbn_has_as_many_b_as_a():
    for document in open_corpus("anbn"):
        n = document.count("a")
        assert document == " ".join("a" * n + "b" * n)
        assert 1 <= n <= 11


def test_anbn_is_the_same_for_ever():
    assert [d.count("a") for d in open_corpus("anbn", limit=10)] == [
        7,
        4,
        11,
        8,
        5,
        7,
        10,
        3,
        7,
        11,
    ]


def test_anbn_is_cut_in_order_into_204_26_and_26():
    corpus = open_corpus("anbn")
    parts = [list(corpus.split(name)) for name in SPLITS]
    assert [len(part) for part in parts] == [204, 26, 26]
    assert list(chain(*parts)) == list(corpus)


@pytest.mark.parametrize("name", ["anbncn", "dyck"])
def test_the_other_formal_languages_are_cut_as_anbn_is(name: str):
    corpus = open_corpus(name)
    parts = [list(corpus.split(split)) for split in SPLITS]
    assert [len(part) for part in parts] == [204, 26, 26]
    assert list(chain(*parts)) == list(corpus)


def test_anbncn_has_the_n_of_anbn():
    for two, three in zip(open_corpus("anbn"), open_corpus("anbncn"), strict=True):
        n = two.count("a")
        assert three == " ".join("a" * n + "b" * n + "c" * n)


def depths(word: list[str]) -> list[int]:
    """The brackets open after each one; an error where one closes that was not opened last."""
    stack: list[str] = []
    found: list[int] = []
    for bracket in word:
        if bracket in "([":
            stack.append(bracket)
        else:
            assert stack.pop() + bracket in ("()", "[]")
        found.append(len(stack))
    return found


def test_dyck_words_are_balanced_and_as_long_and_deep_as_promised():
    words = [document.split() for document in open_corpus("dyck")]
    found = [depths(word) for word in words]
    assert {depth[-1] for depth in found} == {0}
    assert max(map(max, found)) == 4
    assert {len(word) // 2 for word in words} == set(range(1, 12))


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 99))
def test_any_dyck_word_is_balanced_and_bounded(n_pairs: int, deepest: int, seed: int):
    word = dyck_word(n_pairs, np.random.RandomState(seed), deepest=deepest)
    found = depths(word)
    assert len(word) == 2 * n_pairs
    assert found[-1] == 0
    assert max(found) <= deepest


def test_dyck_is_the_same_for_ever():
    assert list(open_corpus("dyck", limit=3)) == [
        "[ ] ( ) [ ] ( ) [ ] ( ) ( )",
        "( [ ( ( ) [ ] [ ] [ ] [ ] ) ] )",
        "( [ ( ( ) ) ] ) ( )",
    ]


def test_python_docs_are_clean_paragraphs_each_given_once():
    documents = list(open_corpus("python-docs"))
    assert len(documents) > 1500
    assert len(set(documents)) == len(documents)
    assert not [d for d in documents if re.search(r"\n|  |={9}|^[*|+-] ", d) or d != d.strip()]


def test_paragraphs_lose_rules_tables_and_bullets_and_keep_prose_and_code():
    text = (
        "Heading\n*******\n\n* A non-\n  trivial\n  item.\n\nNote:\n\n  Mind.\n\n"
        "+---+---+\n| a | b |\n+===+===+\n\n   x ::= a\n         | b\n\n-[ Footnotes ]-\n"
    )
    expected = ["Heading", "A non-trivial item.", "Note: Mind.", "x ::= a | b"]
    assert [paragraph for _, paragraph in paragraphs(text)] == expected


def test_stdlib_code_is_lines_with_their_indentation():
    lines = list(open_corpus("stdlib-code", limit=5000))
    assert any(line.startswith("    def ") for line in lines)
    assert not [line for line in lines if "\n" in line]


def test_stdlib_code_can_be_read_by_files():
    lines = list(open_corpus("stdlib-code", limit=100))
    [file] = open_corpus("stdlib-code", documents="file", limit=1)
    assert file.split("\n")[:100] == lines


@pytest.mark.parametrize("name", BUILTIN)
def test_every_built_in_corpus_can_be_read_twice_and_split(name):
    corpus = open_corpus(name, limit=20)
    assert list(corpus) == list(corpus)
    assert len(list(corpus.split("validation"))) == 20


@pytest.mark.parametrize("name", BUILTIN)
def test_a_field_of_a_built_in_corpus_is_refused(name):
    with pytest.raises(ToktoolsError, match="field is for records"):
        open_corpus(name, "text")


@pytest.mark.parametrize("name", ["python-docs", "human-numbers", "anbn", "dyck"])
def test_documents_file_is_refused_where_there_are_no_files(name):
    with pytest.raises(ToktoolsError, match="'file' is for files of text"):
        open_corpus(name, documents="file")
