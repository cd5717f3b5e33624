"""Normalizers: each against an obvious oracle."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toktools.corpus import open_corpus
from toktools.corpus.normalization import WHITE_SPACE, lowercase, punctuation, whitespace
from toktools.errors import ToktoolsError

spacious = st.text(st.sampled_from("aΣσ \t\n\x1c\x1f\x85\u2009\u3000.,$_é"))


def slow_whitespace(text):
    words = [""]
    for char in text:
        if char in WHITE_SPACE:
            words.append("")
        else:
            words[-1] += char
    return " ".join(word for word in words if word)


def test_white_space_is_the_25_code_points_of_unicode():
    python = {chr(i) for i in range(sys.maxunicode + 1) if chr(i).isspace()}
    assert set(WHITE_SPACE) == python - set("\x1c\x1d\x1e\x1f")
    assert len(WHITE_SPACE) == 25


@given(spacious)
def test_whitespace_is_that_of_the_slow_oracle(text):
    assert whitespace(text) == slow_whitespace(text)


@given(st.text() | spacious)
def test_lowercase_is_that_of_each_code_point(text):
    assert lowercase(text) == "".join(char.lower() for char in text)


def test_punctuation_is_category_p_and_the_ascii_symbols():
    chars = [chr(i) for i in range(sys.maxunicode + 1)]
    apart = {c for c in chars if punctuation(f"a{c}a") == f"a {c} a"}
    assert apart == {c for c in chars if unicodedata.category(c)[0] == "P" or c in "$+<=>^`|~"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("nfc", ["\u00c5 \ufb01", "  "]),
        ("nfkc", ["\u00c5 fi", "  "]),
        ("nfkc,lowercase", ["\u00e5 fi", "  "]),
        (["whitespace"], ["A\u030a \ufb01"]),
        ("punctuation,nfkc", ["\u00c5 fi"]),
        ("", ["A\u030a \ufb01", "  "]),
    ],
)
def test_normalizers_are_applied_in_order_to_each_document(tmp_path, names, expected):
    file = tmp_path / "a"
    file.write_text("A\u030a \ufb01\n  \n", encoding="utf-8")
    assert list(open_corpus(file, normalize=names)) == expected


def test_documents_that_became_empty_are_dropped_and_counted(tmp_path):
    file = tmp_path / "a"
    file.write_text("a\n\n \t\nb\n")
    corpus = open_corpus(file, normalize=["whitespace"])
    assert (list(corpus), corpus.stats.emptied) == (["a", "b"], 2)


def test_bytes_are_counted_after_normalization(tmp_path):
    file = tmp_path / "a"
    file.write_text("  É  É  \n", encoding="utf-8")
    assert open_corpus(file, normalize="whitespace,lowercase").stats.bytes == 5


def test_an_unknown_normalizer_is_refused_with_the_closest_and_the_list(tmp_path):
    with pytest.raises(ToktoolsError, match=r"'whitespace', 'lowercase'.*did you mean 'lowercase'"):
        open_corpus("anbn", normalize="lower")
