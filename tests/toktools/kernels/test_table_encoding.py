"""The compiled encoder of characters and bytes gives the ids of the readable one."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import readably, tricky_text
from toktools import ByteTokenizer, SpecialTokens, train_character
from toktools.compiled import texts as compiled_texts
from toktools.compiled.tokenizer import CompiledTokenizer
from toktools.compiled.worth import Least
from toktools.kernels.table_encoding import CHUNK
from toktools.kernels.utf8 import is_utf8


@pytest.fixture(scope="module", params=["byte", "byte-no-specials", "character", "character-rare"])
def tokenizer(request: pytest.FixtureRequest, prose: list[str]) -> CompiledTokenizer:
    match request.param:
        case "byte":
            return ByteTokenizer()
        case "byte-no-specials":
            return ByteTokenizer(special_tokens=SpecialTokens.none())
        case "character":
            return train_character([*prose[::9], "é漢🙂\n\x00\u3000"])
    return train_character(prose, min_count=50, special_tokens=SpecialTokens(pad="é", any="#"))


@settings(max_examples=200, deadline=None)
@given(text=tricky_text | st.text("aé漢🙂\n", max_size=200))
def test_ids_of_a_text_are_those_of_the_readable_encoder(tokenizer: CompiledTokenizer, text: str):
    encoder = tokenizer.compiled_encoder()
    assert encoder is not None
    assert encoder.encode(text.encode()).tolist() == tokenizer.encode(text)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(tricky_text | st.text("aé漢🙂", max_size=150)))
def test_ids_of_lines_are_those_of_the_readable_encoder(
    tokenizer: CompiledTokenizer, texts: list[str]
):
    encoder = tokenizer.compiled_encoder()
    assert encoder is not None
    texts = [text.replace("\n", "") for text in texts]
    ids, ends = encoder.encode_lines("".join(text + "\n" for text in texts).encode())
    expected = list(map(tokenizer.encode, texts))
    assert ends.tolist() == list(accumulate(map(len, expected)))
    assert ids.tolist() == [id for document in expected for id in document]


@pytest.mark.parametrize("character", ["a", "é", "漢", "🙂", "\n"])
def test_nothing_is_lost_where_chunks_meet(tokenizer: CompiledTokenizer, character: str):
    encoder = tokenizer.compiled_encoder()
    assert encoder is not None
    for n in range(CHUNK - 5, CHUNK + 1):
        text = "a" * n + character * 3 + "b"
        assert encoder.encode(text.encode()).tolist() == tokenizer.encode(text)


def test_large_corpora_go_through_the_loops_and_get_the_same_ids(
    tokenizer: CompiledTokenizer, code: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    documents = [*code[:3000], "two\nlines\n", "", "\u3000 ", "é" * 50_000]
    expected = [readably(tokenizer, document) for document in documents]
    ids, starts = tokenizer.encode_documents(documents)
    assert vars(tokenizer)["_compiled"] is not None
    assert starts.tolist() == [0, *accumulate(map(len, expected))]
    assert ids.tolist() == [id for document in expected for id in document]
    assert tokenizer.encode_batch(documents) == expected


_BROKEN = [b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80"]
_BROKEN += [b"\x80", b"\xff", b"\xe6\xbc", b"\xf5\x80\x80\x80", b"\xc3", "é".encode(), b"a" * 70]


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(st.sampled_from(_BROKEN) | tricky_text.map(str.encode) | st.binary()))
def test_utf8_is_what_decodes(parts: list[bytes]):
    import numpy as np

    data = b"".join(parts)
    try:
        data.decode()
        decodes = True
    except UnicodeDecodeError:
        decodes = False
    assert is_utf8(np.frombuffer(data, np.uint8)) == decodes
