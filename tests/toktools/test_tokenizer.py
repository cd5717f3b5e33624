"""What every tokenizer promises, held against each of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from tests.toktools.conftest import ADAPTED, MAKERS, OURS, tricky_text
from toktools import Tokenizer, ToktoolsError, Vocabulary, train_bpe
from toktools.vocabulary import SpecialTokens

each_tokenizer = pytest.mark.parametrize("name", MAKERS)


@each_tokenizer
@given(text=tricky_text)
def test_lossless_means_that_decoding_gives_the_text_back(
    name: str, tokenizers: dict[str, Tokenizer], text: str
):
    tokenizer = tokenizers[name]
    decoded = tokenizer.decode(tokenizer.encode(text))
    assert decoded == text or tokenizer.lossless is not True


def test_only_tokenizers_over_bytes_are_declared_lossless(tokenizers: dict[str, Tokenizer]):
    lossless = {name for name, tokenizer in tokenizers.items() if tokenizer.lossless is True}
    ours = {"byte", "byte-no-specials", "bpe", "bpe-no-specials", "wordpiece-lossless"}
    assert lossless == ours | {"hf-byte-level", "tiktoken"}


@pytest.mark.parametrize("name", ["word", "wordpiece", "character", "bpe-character"])
def test_hidden_spellings_restore_text_whose_words_are_one_space_apart(
    name: str, tokenizers: dict[str, Tokenizer], prose: list[str]
):
    tokenizer = tokenizers[name]
    for text in [*prose[:500], "a 漢字 word", "🙂 unheard-of"]:
        ids, spans = tokenizer.encode_with_offsets(text)
        hidden = [
            text[slice(*span)]
            for id, span in zip(ids, spans, strict=True)
            if id == tokenizer.unk_id
        ]
        assert tokenizer.decode(ids, hidden=hidden) == text


@each_tokenizer
@given(text=tricky_text)
def test_offsets_come_with_the_same_ids_and_lie_in_the_text(
    name: str, tokenizers: dict[str, Tokenizer], text: str
):
    tokenizer = tokenizers[name]
    ids, spans = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text)
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert all(start < end for start, end in spans) or name in ADAPTED  # a space put before text
    assert spans == sorted(spans)


@each_tokenizer
@given(text=tricky_text)
def test_streamed_decoding_is_decoding(name: str, tokenizers: dict[str, Tokenizer], text: str):
    tokenizer = tokenizers[name]
    ids = tokenizer.encode(text)
    stream = tokenizer.decode_stream()
    assert "".join([*map(stream.feed, ids), stream.finish()]) == tokenizer.decode(ids)


def test_a_stream_never_gives_half_a_character(tokenizers: dict[str, Tokenizer]):
    tokenizer = tokenizers["byte"]
    stream = tokenizer.decode_stream()
    assert [stream.feed(id) for id in tokenizer.encode("é漢")] == ["", "é", "", "", "漢"]


def test_a_broken_character_at_the_end_of_a_stream_is_replaced(tokenizers: dict[str, Tokenizer]):
    stream = tokenizers["byte"].decode_stream()
    assert (stream.feed(tokenizers["byte"].encode("é")[0]), stream.finish()) == ("", "\ufffd")


def test_special_tokens_in_text_are_text_unless_allowed(tokenizer: Tokenizer):
    eos = tokenizer.vocabulary.special.eos
    if eos is None:
        pytest.skip("this one has no special tokens")
    text = f"a {eos} b"
    assert tokenizer.eos_id not in tokenizer.encode(text)
    assert tokenizer.encode(text, allowed_special={eos}).count(tokenizer.eos_id) == 1
    assert tokenizer.encode(text, allowed_special="all").count(tokenizer.eos_id) == 1


def test_allowing_what_is_not_special_is_refused(tokenizer: Tokenizer):
    with pytest.raises(ToktoolsError, match="'the' is not a special token of this tokenizer"):
        tokenizer.encode("the", allowed_special={"the"})


def test_a_lone_surrogate_is_refused_with_its_index(tokenizer: Tokenizer):
    for encode in (tokenizer.encode, tokenizer.encode_with_offsets, tokenizer.encode_array):
        with pytest.raises(ToktoolsError, match="lone surrogate at index 2"):
            encode("ab\ud800")


def test_bytes_are_refused(tokenizer: Tokenizer):
    with pytest.raises(TypeError, match="text must be a str, got bytes"):
        tokenizer.encode(b"ab")  # type: ignore[arg-type]


def test_an_id_outside_the_vocabulary_is_refused(tokenizer: Tokenizer):
    for id in (-1, tokenizer.n_vocab):
        with pytest.raises(ToktoolsError, match=rf"must be in 0\.\.{tokenizer.n_vocab - 1}, got"):
            tokenizer.decode([id])


def test_encode_array_and_batch_are_encode(tokenizer: Tokenizer, prose: list[str]):
    expected = [tokenizer.encode(text) for text in prose[:20]]
    assert tokenizer.encode_batch(prose[:20]) == expected
    arrays = [tokenizer.encode_array(text) for text in prose[:20]]
    assert [array.tolist() for array in arrays] == expected
    assert {str(array.dtype) for array in arrays} == {"uint32"}


def test_documents_are_laid_end_to_end(tokenizer: Tokenizer, prose: list[str]):
    add_eos = tokenizer.eos_id is not None
    ids, starts = tokenizer.encode_documents(prose[:20], add_eos=add_eos)
    assert len(starts) == 21
    for i, text in enumerate(prose[:20]):
        assert ids[starts[i] : starts[i + 1]].tolist() == tokenizer.encode(text, add_eos=add_eos)


def test_files_are_encoded_line_by_line(tokenizer: Tokenizer, tmp_path):
    (tmp_path / "a.txt").write_text("one two\nthree\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("four", encoding="utf-8")
    ids, starts = tokenizer.encode_files([tmp_path / "a.txt", tmp_path / "b.txt"])
    expected = [tokenizer.encode(line) for line in ("one two", "three", "four")]
    assert [ids[a:b].tolist() for a, b in pairwise(starts)] == expected


def test_every_token_has_an_id_and_back(tokenizer: Tokenizer):
    for token, id in tokenizer.get_vocab().items():
        assert tokenizer.token_to_id(token) == id
        assert tokenizer.id_to_token(id) == token
    assert tokenizer.token_to_id("no such token, surely") is None


def test_every_id_adds_some_bytes_or_is_special(tokenizer: Tokenizer):
    assert len(tokenizer.token_bytes) == tokenizer.n_vocab
    silent = {id for id, data in enumerate(tokenizer.token_bytes) if not data}
    holes = set(range(tokenizer.n_vocab)) - set(tokenizer.get_vocab().values())
    assert silent <= tokenizer.vocabulary.special_ids | holes


@pytest.mark.parametrize("name", [*OURS, "sp-unigram", "sp-bpe-bytes", "sp-nfkc"])
def test_special_ids_come_first_in_the_order_pad_eos_any(
    name: str, tokenizers: dict[str, Tokenizer]
):
    tokenizer = tokenizers[name]
    special = [
        id for id in (tokenizer.pad_id, tokenizer.eos_id, tokenizer.unk_id) if id is not None
    ]
    assert special == list(range(len(special)))


def test_end_of_document_needs_a_token_for_it():
    tokenizer = train_bpe(["ab"], vocab_size=256, special_tokens=SpecialTokens.none())
    with pytest.raises(ToktoolsError, match="has no end-of-document token"):
        tokenizer.encode("ab", add_eos=True)


def test_a_vocabulary_refuses_a_token_twice():
    with pytest.raises(ToktoolsError, match="got 'a' twice"):
        Vocabulary(["a", "b", "a"], SpecialTokens.none())


def test_a_vocabulary_names_the_nearest_token():
    vocabulary = Vocabulary(["hello", "world"], SpecialTokens.none())
    with pytest.raises(ToktoolsError, match=r"'hallo' is not a token.*nearest is 'hello'"):
        vocabulary.id("hallo")


def test_special_tokens_must_differ():
    with pytest.raises(ToktoolsError, match="got '<X>' more than once"):
        SpecialTokens(pad="<X>", eos="<X>")
