"""Hugging Face tokenizers behind our contract: the library's ids, our manners."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tokenizers as hf
from hypothesis import given

from tests.toktools.conftest import hf_byte_level, hf_unigram, hf_wordpiece, tricky_text
from toktools import HuggingFaceTokenizer, SpecialTokens, Tokenizer, ToktoolsError, load

THEIRS = {
    "hf-byte-level": hf_byte_level,
    "hf-unigram": hf_unigram,
    "hf-wordpiece": hf_wordpiece,
}
each = pytest.mark.parametrize("name", THEIRS)


def original(name: str, documents: list[str]) -> hf.Tokenizer:
    """Return a copy of one of them, as it came from its trainer."""
    return hf.Tokenizer.from_str(THEIRS[name](tuple(documents)).to_str())


@pytest.fixture(scope="module")
def theirs(prose: list[str]) -> dict[str, hf.Tokenizer]:
    """The same tokenizers without us, asked for text and nothing but text."""
    opened = {name: original(name, prose) for name in THEIRS}
    for tokenizer in opened.values():
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.post_processor = None
        tokenizer.encode_special_tokens = True
    return opened


@pytest.mark.oracle
@each
@given(text=tricky_text)
def test_ids_and_spans_are_the_librarys(
    name: str, tokenizers: dict[str, Tokenizer], theirs: dict[str, hf.Tokenizer], text: str
):
    expected = theirs[name].encode(text, add_special_tokens=False)
    assert tuple(tokenizers[name].encode_with_offsets(text)) == (expected.ids, expected.offsets)


@pytest.mark.oracle
@each
def test_ids_and_decoded_text_are_the_librarys_on_prose(
    name: str,
    tokenizers: dict[str, Tokenizer],
    theirs: dict[str, hf.Tokenizer],
    prose: list[str],
):
    ours = tokenizers[name]
    for text in prose[::3]:
        expected = theirs[name].encode(text, add_special_tokens=False).ids
        assert ours.encode(text) == expected
        assert ours.decode(expected) == theirs[name].decode(expected, skip_special_tokens=False)


@pytest.mark.parametrize("name", ["[SEP]", "</s>", "<pad>"])
def test_a_special_token_spelled_in_text_is_not_one(name: str, tokenizers: dict[str, Tokenizer]):
    """The models themselves find such a string among their pieces."""
    model = hf.models.WordLevel({"[SEP]": 0, "</s>": 1, "<pad>": 2, "?": 3}, unk_token="?")
    word_level = hf.Tokenizer(model)
    word_level.add_special_tokens(["[SEP]", "</s>", "<pad>"])
    ours = HuggingFaceTokenizer(word_level)
    assert ours.encode(name) == [3]
    assert ours.encode(name, allowed_special="all") == [ours.token_to_id(name)]


def test_the_object_given_is_not_changed(prose: list[str]):
    given = original("hf-unigram", prose)
    before = given.to_str()
    HuggingFaceTokenizer(given).encode("the end")
    assert given.to_str() == before
    assert not given.encode_special_tokens


def test_a_foreign_file_that_ours_cannot_run_is_opened_when_asked_for(
    tmp_path: Path, prose: list[str]
):
    foreign = original("hf-unigram", prose)
    path = tmp_path / "tokenizer.json"
    foreign.save(str(path))
    with pytest.raises(ToktoolsError, match=r"asks for truncation.*huggingface:"):
        load(path)
    for ours in (
        load(f"huggingface:{path}"),
        load(f"huggingface:{tmp_path}"),
        HuggingFaceTokenizer.open(path),
    ):
        assert isinstance(ours, HuggingFaceTokenizer)
        assert ours.encode(prose[1]) == HuggingFaceTokenizer(foreign).encode(prose[1])


@pytest.mark.oracle
@each
def test_the_library_opens_the_file_that_we_save(
    name: str, tokenizers: dict[str, Tokenizer], tmp_path: Path, prose: list[str]
):
    """Template, padding and truncation, which we do not apply, are still in it."""
    tokenizers[name].save(tmp_path / "tokenizer.json")
    again = hf.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert again.encode(prose[2]).ids == original(name, prose).encode(prose[2]).ids


def test_roles_of_special_tokens_that_one_names_are_saved(tmp_path: Path, prose: list[str]):
    special = SpecialTokens(pad=None, eos="<|tool|>", extra=("<|pad|>",))
    ours = HuggingFaceTokenizer(original("hf-byte-level", prose), special_tokens=special)
    ours.save(tmp_path / "tokenizer.json")
    loaded = load(tmp_path)
    assert (loaded.pad_id, loaded.eos_id, loaded.unk_id) == (None, 2, None)
    assert loaded.encode("a", add_eos=True)[-1] == 2


def test_without_an_end_of_document_the_error_says_how_to_name_one():
    model = hf.models.WordLevel({"a": 0, "?": 1}, unk_token="?")
    ours = HuggingFaceTokenizer(hf.Tokenizer(model))
    with pytest.raises(ToktoolsError, match=r"no end-of-document token .*SpecialTokens\(pad="):
        ours.encode("a", add_eos=True)


def test_dropout_is_refused_for_its_ids_differ_from_call_to_call():
    with pytest.raises(ToktoolsError, match=r"got a BPE dropout of 0\.5"):
        HuggingFaceTokenizer(hf.Tokenizer(hf.models.BPE(dropout=0.5)))


def test_a_prefix_space_makes_byte_level_bpe_lossy(prose: list[str]):
    tokenizer = original("hf-byte-level", prose)
    tokenizer.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=True)
    assert HuggingFaceTokenizer(tokenizer).lossless is not True


def test_ids_without_a_token_are_counted_and_said_to_be_holes(tmp_path: Path):
    path = tmp_path / "gap.json"
    model = hf.models.WordLevel({"a": 0, "?": 5}, unk_token="?")
    path.write_text(json.dumps(json.loads(hf.Tokenizer(model).to_str())))
    ours = HuggingFaceTokenizer.open(path)
    assert (ours.n_vocab, ours.encode("b")) == (6, [5])
    with pytest.raises(ToktoolsError, match="token id 3 has no token"):
        ours.id_to_token(3)


def test_bytes_in_place_of_unknown_characters_decode_as_in_the_library(prose: list[str]):
    """The components of Llama's file: a space before the text, bytes as <0x..>, one space off."""
    bpe = hf.Tokenizer(hf.models.BPE(byte_fallback=True))
    bpe.normalizer = hf.normalizers.Sequence(
        [hf.normalizers.Prepend("▁"), hf.normalizers.Replace(" ", "▁")]
    )
    decoders = hf.decoders
    bpe.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    alphabet = [f"<0x{byte:02X}>" for byte in range(256)]
    bpe.train_from_iterator(
        prose[:200],
        hf.trainers.BpeTrainer(vocab_size=500, special_tokens=alphabet, show_progress=False),
    )
    document = json.loads(bpe.to_str())
    ours = HuggingFaceTokenizer(json.dumps({**document, "added_tokens": []}))
    for text in ["the 漢字 é", "  two  spaces ", " ", "<0x41>", *prose[:100]]:
        assert ours.decode(ours.encode(text)) == text
    assert ours.encode_with_offsets("é漢").spans[-3:] == [(1, 2)] * 3


def test_word_ends_become_spaces():
    """GPT's first file: the library leaves the space off after the last word, we cannot."""
    vocab = {"the</w>": 0, "c": 1, "at</w>": 2, "?": 3}
    bpe = hf.Tokenizer(hf.models.BPE(vocab, [], unk_token="?", end_of_word_suffix="</w>"))
    bpe.decoder = hf.decoders.BPEDecoder()
    assert HuggingFaceTokenizer(bpe).decode([0, 1, 2]) == "the cat "
    assert bpe.decode([0, 1, 2]) == "the cat"


def test_what_unknown_tokens_hid_is_restored(tokenizers: dict[str, Tokenizer]):
    for name, text in (("hf-wordpiece", "a 漢字 b"), ("hf-unigram", "a 漢字 b")):
        ours = tokenizers[name]
        ids, spans = ours.encode_with_offsets(text)
        hidden = [text[a:b] for id, (a, b) in zip(ids, spans, strict=True) if id == ours.unk_id]
        assert hidden
        assert ours.decode(ids, hidden=hidden).replace(" ", "") == text.replace(" ", "")
