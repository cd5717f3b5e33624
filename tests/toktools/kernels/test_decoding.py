"""The compiled decoder gives the bytes of the readable one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import NAMED
from toktools import (
    BPETokenizer,
    ByteTokenizer,
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    Vocabulary,
    WordTokenizer,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)
from toktools.compiled import decoding as compiled_decoding
from toktools.compiled.worth import Least
from toktools.kernels import decoder as decoder_module
from toktools.kernels.decoder import Decoder

KINDS = ["byte", "character", "word", "word-gpt2", "wordpiece", "wordpiece-bytes", "bpe", "prefix"]
LONG = "an-uncommonly-long-token-of-more-than-sixteen-bytes"


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest, prose: list[str]) -> Tokenizer:
    text = [*prose[::4], *[f"é 漢字 {LONG}"] * 3]
    match request.param:
        case "byte":
            return ByteTokenizer(special_tokens=SpecialTokens(extra=("<X>",)))
        case "character":
            return train_character(text)
        case "word":
            return train_word(text, special_tokens=NAMED)
        case "word-gpt2":
            return train_word(text, pretokenizer="gpt2")
        case "wordpiece":
            return train_wordpiece(text, vocab_size=700, special_tokens=NAMED)
        case "wordpiece-bytes":
            return train_wordpiece(text, vocab_size=700, byte_complete=True)
        case "bpe":
            return train_bpe(text, vocab_size=700, special_tokens=NAMED.without_any())
    return train_bpe(text, vocab_size=900, byte_level=False, continuing_subword_prefix="##")


def readable(tokenizer: Tokenizer, ids: list[int], keep_special: bool) -> bytes:
    return b"".join(tokenizer.iter_bytes(ids, keep_special=keep_special))


@settings(max_examples=100, deadline=None)
@given(data=st.data(), keep_special=st.booleans())
def test_bytes_are_those_of_the_readable_decoder(
    tokenizer: Tokenizer, data: st.DataObject, keep_special: bool
):
    assert tokenizer.decodes_by_table
    few = st.integers(0, min(6, tokenizer.n_vocab - 1))
    ids = data.draw(st.lists(few | st.integers(0, tokenizer.n_vocab - 1), max_size=80))
    decoder = compiled_decoding.decoder_of(tokenizer, keep_special)
    array = np.array(ids, data.draw(st.sampled_from([np.uint16, np.uint32, np.int64])))
    assert decoder.decode(array) == readable(tokenizer, ids, keep_special)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), keep_special=st.booleans(), size=st.integers(1, 20))
def test_lines_are_those_of_the_readable_decoder(
    tokenizer: Tokenizer, data: st.DataObject, keep_special: bool, size: int
):
    """With slices of a few ids, so that documents are cut, and parts for several threads."""
    ids = st.lists(st.integers(0, tokenizer.n_vocab - 1) | st.integers(0, 3), max_size=30)
    documents = data.draw(st.lists(ids, max_size=8))
    flat = np.array([id for document in documents for id in document], np.uint32)
    starts = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    decoder = compiled_decoding.decoder_of(tokenizer, keep_special)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder_module, "_SLICE", size)
        patch.setattr(decoder_module, "_PART", 1 + size // 4)
        patch.setenv("TOKTOOLS_THREADS", "3")
        found = b"".join(part.tobytes() for part in decoder.lines(flat, starts))
        whole = decoder.decode(flat)
    each = [readable(tokenizer, document, keep_special) for document in documents]
    assert found == b"".join(document + b"\n" for document in each)
    assert whole == readable(tokenizer, flat.tolist(), keep_special)


def test_much_goes_through_the_loop_and_gives_the_same_text(
    tokenizer: Tokenizer, prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    ids = tokenizer.encode_documents(prose[:300], add_eos=True).ids
    expected = readable(tokenizer, ids.tolist(), False)
    monkeypatch.setattr(compiled_decoding, "LEAST", Least(100, 100, 100))
    monkeypatch.setattr(compiled_decoding, "LEAST_AGAIN", 100)
    used: list[int] = []
    decode = Decoder.decode
    monkeypatch.setattr(Decoder, "decode", lambda *a: used.append(len(a[1])) or decode(*a))
    assert tokenizer.decode_bytes(ids) == expected
    assert tokenizer.decode(ids.astype(np.uint16)) == expected.decode("utf-8", "replace")
    assert tokenizer.decode(ids.tolist()) == expected.decode("utf-8", "replace")
    assert tokenizer.decode(ids[::-1][::-1]) == expected.decode("utf-8", "replace")
    assert used == [len(ids)] * 4


def test_what_stood_for_unknown_words_is_left_to_the_readable_code(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(compiled_decoding, "LEAST", Least(1, 1, 1))
    monkeypatch.setattr(compiled_decoding, "LEAST_AGAIN", 1)
    word = train_word(["a b a b"], min_count=1)
    assert word.decode([3, 2, 4], hidden=["x"]) == "a x b"


def test_a_space_behind_words_is_left_to_the_readable_code(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiled_decoding, "LEAST", Least(1, 1, 1))
    monkeypatch.setattr(compiled_decoding, "LEAST_AGAIN", 1)
    bpe = train_bpe(["one two"], vocab_size=20, byte_level=False, end_of_word_suffix="</w>")
    assert bpe.decode(np.array(bpe.encode("one") + bpe.encode("two"))) == "one two"


@pytest.mark.parametrize("at", [0, 30, 1500])
@pytest.mark.parametrize("wrong", [9, -1, 4, 1 << 40])
def test_the_first_id_without_a_token_is_refused_as_elsewhere(
    wrong: int, at: int, monkeypatch: pytest.MonkeyPatch
):
    vocabulary = Vocabulary(["<PAD>", "<EOS>", "<ANY>", "a", "", "b"], SpecialTokens())
    word = WordTokenizer(vocabulary)
    ids = np.array([0, 3, 5] * 1000 + [-7], np.int64)
    ids[at] = wrong
    with pytest.raises(ToktoolsError) as readable_error:
        word.decode(iter(ids.tolist()))
    monkeypatch.setattr(compiled_decoding, "LEAST", Least(1, 1, 1))
    monkeypatch.setattr(compiled_decoding, "LEAST_AGAIN", 1)
    with pytest.raises(ToktoolsError) as error:
        word.decode(ids)
    assert str(error.value) == str(readable_error.value)


def test_iterators_and_other_numbers_are_left_to_the_readable_code(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(compiled_decoding, "LEAST", Least(1, 1, 1))
    monkeypatch.setattr(compiled_decoding, "LEAST_AGAIN", 1)
    monkeypatch.setattr(compiled_decoding, "decoder_of", lambda *_: pytest.fail("was used"))
    tokenizer = ByteTokenizer()

    def ids() -> Iterator[int]:
        yield from [106, 107]

    assert tokenizer.decode(ids()) == "hi"
    assert tokenizer.decode(np.array([106, 107], np.uint64)) == "hi"
    assert tokenizer.decode(np.array([106, 107], ">i4")) == "hi"


def test_tokenizers_without_a_table_of_bytes_do_not_claim_one(prose: list[str]):
    suffix = train_bpe(prose[:50], vocab_size=150, byte_level=False, end_of_word_suffix="</w>")
    assert isinstance(suffix, BPETokenizer)
    assert not suffix.decodes_by_table
