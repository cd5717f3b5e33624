"""Where tokens stand in the text, in bytes: exact, whatever the tokenizer cuts."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.toktools.conftest import MAKERS, tricky_text
from toktools import Tokenizer, ToktoolsError, train_bpe
from toktools.bpe import BPETokenizer
from toktools.contract.utf8 import byte_positions, character_starts
from toktools.normalizers import UnicodeForm

BYTE_LEVEL = ["byte", "byte-no-specials", "bpe", "bpe-no-specials", "hf-byte-level", "tiktoken"]
REWRITING = {"word-punctuation-lower", "wordpiece-likelihood", "bpe-prefix-suffix"}
REWRITING |= {"hf-unigram", "hf-wordpiece", "sp-nfkc"}


@pytest.mark.parametrize("name", BYTE_LEVEL)
@given(text=tricky_text)
def test_the_source_bytes_at_the_spans_are_the_tokens_bytes(
    name: str, tokenizers: dict[str, Tokenizer], text: str
):
    tokenizer, data = tokenizers[name], text.encode()
    ids, spans = tokenizer.encode_with_offsets(text, offsets="bytes")
    assert [data[a:b] for a, b in spans] == [tokenizer.token_bytes[id] for id in ids]
    assert b"".join(data[a:b] for a, b in spans) == data


@pytest.mark.parametrize("name", MAKERS)
@given(text=tricky_text)
def test_byte_spans_come_with_the_same_ids_within_the_characters_of_the_others(
    name: str, tokenizers: dict[str, Tokenizer], text: str
):
    tokenizer = tokenizers[name]
    ids, spans = tokenizer.encode_with_offsets(text, offsets="bytes")
    assert ids == tokenizer.encode(text)
    assert spans == sorted(spans)
    positions = byte_positions(text)
    for (a, b), (start, end) in zip(spans, tokenizer.encode_with_offsets(text).spans, strict=True):
        assert positions[start] <= a <= b <= positions[end]


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in REWRITING])
@given(text=tricky_text)
@example(text="##İ")  # the first token's prefix is text, its last byte half a character
def test_byte_spans_never_overlap_where_nothing_is_rewritten(
    name: str, tokenizers: dict[str, Tokenizer], text: str
):
    tokenizer = tokenizers[name]
    spans = tokenizer.encode_with_offsets(text, offsets="bytes").spans
    assert all(spans[i][1] <= spans[i + 1][0] for i in range(len(spans) - 1))


def test_special_tokens_have_their_bytes_too(tokenizers: dict[str, Tokenizer]):
    encoding = tokenizers["byte"].encode_with_offsets(
        "é<EOS>!", offsets="bytes", allowed_special="all"
    )
    assert encoding.spans == [(0, 1), (1, 2), (2, 7), (7, 8)]


def test_a_rewritten_character_is_the_span_of_each_of_its_tokens():
    """NFD makes é an e and an accent of two bytes: three tokens for one character of two bytes."""
    plain = train_bpe(["abc"], vocab_size=258)
    tokenizer = BPETokenizer(
        plain.vocabulary,
        plain.merges,
        normalizer=UnicodeForm("NFD"),
        pretokenizer=plain.pretokenizer,
    )
    assert tokenizer.encode_with_offsets("aé").spans == [(0, 1), (1, 2), (1, 2), (1, 2)]
    spans = tokenizer.encode_with_offsets("aé", offsets="bytes").spans
    assert spans == [(0, 1), (1, 3), (1, 3), (1, 3)]


def test_bytes_in_place_of_a_character_share_it_out(tokenizers: dict[str, Tokenizer]):
    """SentencePiece spells 漢 in three byte tokens, after a space that it may put before text."""
    spans = tokenizers["sp-bpe-bytes"].encode_with_offsets("漢a", offsets="bytes").spans
    assert spans == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_other_units_are_refused(tokenizer: Tokenizer):
    with pytest.raises(ToktoolsError, match="must be 'characters' or 'bytes', got 'words'"):
        tokenizer.encode_with_offsets("a", offsets="words")  # type: ignore[arg-type]


@given(data=st.binary() | st.lists(st.sampled_from([b"\xe6\xbc\xa2", b"\xf0", b"\x9f", b"a"])))
def test_each_character_is_decoded_from_the_bytes_between_its_start_and_the_next(data):
    data = data if isinstance(data, bytes) else b"".join(data)
    starts = character_starts(data)
    text = data.decode("utf-8", "replace")
    assert len(starts) == len(text)
    ends = [*starts, len(data)][1:]
    pieces = [data[a:b].decode("utf-8", "replace") for a, b in zip(starts, ends, strict=True)]
    assert pieces == list(text)
    assert b"".join(data[a:b] for a, b in zip(starts, ends, strict=True)) == data
