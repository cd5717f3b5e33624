"""Ids to text: with spans, one at a time, for any sequence of ids."""

from __future__ import annotations

from itertools import pairwise

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from tests.toktools.conftest import MAKERS, tiktoken_encoding, tricky_text
from toktools import ByteTokenizer, SpecialTokens, Tokenizer, ToktoolsError, train_bpe

BYTES = ByteTokenizer(special_tokens=SpecialTokens(pad="[P]", eos="[E]", extra=("[M]",)))


def any_ids(tokenizer: Tokenizer) -> st.SearchStrategy[list[int]]:
    """Ids in no order that an encoder would give, specials and lone bytes among them."""
    ids = sorted(tokenizer.get_vocab().values())
    return st.lists(st.sampled_from(ids[:300]) | st.sampled_from(ids), max_size=30)


def owners(tokenizer: Tokenizer, ids: list[int]) -> list[tuple[int, int]]:
    """The slow oracle: which token each byte is of, and which bytes each character is of."""
    parts = [tokenizer.decode_bytes(ids[:i]) for i in range(len(ids) + 1)]
    data = parts[-1]
    text = data.decode("utf-8", "replace")
    characters: list[int] = []  # of each byte, the character
    n = -1
    for i in range(len(data)):
        # A character begins where cutting the data in two changes nothing.
        n += data[:i].decode("utf-8", "replace") + data[i:].decode("utf-8", "replace") == text
        characters.append(n)
    spans = []
    for before, after in pairwise(parts):
        touched = characters[len(before) : len(after)]
        begun = characters[len(before) - 1] + 1 if before else 0
        spans.append((touched[0], touched[-1] + 1) if touched else (begun, begun))
    return spans


@pytest.mark.parametrize("name", MAKERS)
@given(data=st.data())
def test_a_stream_gives_what_decode_gives_for_any_ids(
    name: str, tokenizers: dict[str, Tokenizer], data: st.DataObject
):
    tokenizer = tokenizers[name]
    ids = data.draw(any_ids(tokenizer))
    stream = tokenizer.decode_stream()
    parts = [*map(stream.feed, ids), stream.finish()]
    assert "".join(parts) == tokenizer.decode(ids)


def test_a_stream_goes_on_over_padding_and_shows_what_decode_shows():
    """Padding once ended the character before it, and extra special tokens were left out."""
    ids = [*BYTES.encode("é")[:1], 0, *BYTES.encode("é")[1:], 2]
    stream = BYTES.decode_stream()
    assert [stream.feed(id) for id in ids] == ["", "", "é", "[M]"]
    assert BYTES.decode(ids) == "é[M]"


def test_a_stream_replaces_broken_bytes_in_the_middle_and_at_the_end():
    first, second, third = BYTES.encode("漢")
    a = BYTES.encode("a")[0]
    stream = BYTES.decode_stream()
    given = [first, second, a, third, first, second]
    assert [stream.feed(id) for id in given] == ["", "", "\ufffda", "\ufffd", "", ""]
    assert stream.finish() == "\ufffd"
    assert stream.finish() == ""


def test_a_stream_goes_on_after_an_id_that_it_refused():
    stream = BYTES.decode_stream()
    with pytest.raises(ToktoolsError, match="must be in"):
        stream.feed(9999)
    assert stream.feed(BYTES.encode("a")[0]) == "a"


@pytest.mark.parametrize("name", MAKERS)
@given(data=st.data())
def test_spans_of_decoded_text_are_those_of_a_slow_oracle(
    name: str, tokenizers: dict[str, Tokenizer], data: st.DataObject
):
    tokenizer = tokenizers[name]
    ids = data.draw(any_ids(tokenizer))
    decoding = tokenizer.decode_with_offsets(ids)
    assert decoding.text == tokenizer.decode(ids)
    assert decoding.spans == owners(tokenizer, ids)


@pytest.mark.parametrize("name", ["byte", "bpe", "bpe-no-specials", "hf-byte-level", "tiktoken"])
@given(text=tricky_text)
def test_of_lossless_tokenizers_the_spans_are_those_of_encoding(
    name: str, tokenizers: dict[str, Tokenizer], text: str
):
    ids, spans = tokenizers[name].encode_with_offsets(text)
    assert tokenizers[name].decode_with_offsets(ids) == (text, spans)


@pytest.mark.oracle
def test_spans_start_where_tiktoken_says(
    tokenizers: dict[str, Tokenizer], prose: list[str], code: list[str]
):
    """It counts a token that begins within a character from the next one on, we from that one."""
    encoding: tiktoken.Encoding = tiktoken_encoding(prose)
    for text in [*prose[:200], *code[:200], "naïve 漢字 🙂!"]:
        ids = encoding.encode_ordinary(text)
        decoding = tokenizers["tiktoken"].decode_with_offsets(ids)
        theirs, starts = encoding.decode_with_offsets(ids)
        assert decoding.text == theirs
        assert [start for start, _ in decoding.spans] == starts


def test_ids_that_add_nothing_have_an_empty_span():
    first, second = BYTES.encode("é")
    decoding = BYTES.decode_with_offsets([0, first, 1, second, 1])
    assert decoding == ("é", [(0, 0), (0, 1), (1, 1), (0, 1), (1, 1)])


def test_special_tokens_that_are_shown_have_their_span():
    ids = BYTES.encode("a[M]b", allowed_special="all", add_eos=True)
    assert BYTES.decode_with_offsets(ids, keep_special=True) == (
        "a[M]b[E]",
        [(0, 1), (1, 4), (4, 5), (5, 8)],
    )


def test_restored_words_have_their_span():
    tokenizer = train_bpe({"ab": 2}, vocab_size=5, byte_level=False)
    decoding = tokenizer.decode_with_offsets(tokenizer.encode("a?b"), hidden=["?!"])
    assert decoding == ("a?!b", [(0, 1), (1, 3), (3, 4)])
