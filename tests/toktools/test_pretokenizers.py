"""Where text is cut: our pretokenizers against the library's, and against themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from tokenizers import pre_tokenizers as hf

from tests.toktools.conftest import tricky_text
from toktools.byte_alphabet import byte_spans, spell, unspell
from toktools.errors import ToktoolsError
from toktools.pretokenizers import PRETOKENIZERS, Gpt2Split, pretokenizer

ORACLES = {
    "gpt2": hf.ByteLevel(add_prefix_space=False),
    "whitespace": hf.WhitespaceSplit(),
    "punctuation": hf.BertPreTokenizer(),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", ORACLES)
@given(text=tricky_text)
def test_pieces_are_those_of_the_oracle(name: str, text: str):
    pieces = pretokenizer(name).split(text)
    if name == "gpt2":
        pieces = [spell(piece.encode()) for piece in pieces]
    assert pieces == [piece for piece, _ in ORACLES[name].pre_tokenize_str(text)]


@pytest.mark.parametrize("name", PRETOKENIZERS)
@given(text=tricky_text)
def test_spans_give_the_pieces(name: str, text: str):
    cut = pretokenizer(name)
    assert [text[start:end] for start, end in cut.split_spans(text)] == cut.split(text)


@given(text=tricky_text)
def test_gpt2_loses_nothing(text: str):
    assert "".join(Gpt2Split().split(text)) == text


def test_pieces_of_a_sentence_by_hand():
    assert Gpt2Split().split("I'll pay  $1,200!\n\n ok") == [
        *("I", "'ll", " pay", " ", " $", "1", ",", "200", "!", "\n\n", " ok"),
    ]


def test_an_unknown_name_is_answered_with_the_closest():
    with pytest.raises(ToktoolsError, match="did you mean 'whitespace'"):
        pretokenizer("whitspace")


@given(text=tricky_text)
def test_the_printable_alphabet_spells_every_byte_and_back(text: str):
    assert unspell(spell(text.encode())) == text.encode()


def test_the_alphabet_has_256_printable_characters():
    spelled = spell(bytes(range(256)))
    assert len(set(spelled)) == 256
    assert spelled.isprintable()


def test_byte_spans_share_a_cut_character():
    assert byte_spans("a漢b", [2, 1, 2]) == [(0, 2), (1, 2), (1, 3)]
