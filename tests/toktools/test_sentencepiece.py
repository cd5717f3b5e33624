"""SentencePiece behind our contract: nothing skipped in training, nothing changed in text."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from toktools import (
    SentencePieceTokenizer,
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    load,
    train_sentencepiece,
)
from toktools.adapters.sentencepiece_model import model_settings

NAMES = ["sp-unigram", "sp-bpe-bytes", "sp-nfkc"]
each = pytest.mark.parametrize("name", NAMES)
TEXT = ["the cat sat on the mat", "a rose is a rose is a rose"] * 20


def library_of(tokenizer: Tokenizer) -> sentencepiece.SentencePieceProcessor:
    assert isinstance(tokenizer, SentencePieceTokenizer)
    return sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model)


@pytest.mark.oracle
@each
@given(text=tricky_text | st.sampled_from(["<0x41>", "a<0xE6> ▁ <unk>", "[END][MASK]"]))
def test_ids_are_the_librarys(name: str, tokenizers: dict[str, Tokenizer], text: str):
    assert tokenizers[name].encode(text) == library_of(tokenizers[name]).encode(text)


@pytest.mark.oracle
@each
def test_ids_and_decoded_text_are_the_librarys_on_prose(
    name: str, tokenizers: dict[str, Tokenizer], prose: list[str]
):
    ours = tokenizers[name]
    theirs = library_of(ours)
    for text in prose[::3]:
        ids = ours.encode(text)
        assert ids == theirs.encode(text)
        if ours.unk_id not in ids:
            assert ours.decode(ids) == theirs.decode(ids)


@given(text=tricky_text)
def test_with_bytes_only_the_space_mark_is_lost(tokenizers: dict[str, Tokenizer], text: str):
    ours = tokenizers["sp-bpe-bytes"]
    assert ours.decode(ours.encode(text)) == text.replace("▁", " ")


@given(text=tricky_text)
def test_hidden_spellings_restore_the_text(tokenizers: dict[str, Tokenizer], text: str):
    ours = tokenizers["sp-unigram"]
    ids, spans = ours.encode_with_offsets(text)
    hidden = [text[a:b] for id, (a, b) in zip(ids, spans, strict=True) if id == ours.unk_id]
    assert ours.decode(ids, hidden=hidden) == text.replace("▁", " ")


@each
@given(text=tricky_text)
def test_spans_of_text_that_is_not_normalized_cover_all_of_it(
    name: str, tokenizers: dict[str, Tokenizer], text: str
):
    if name != "sp-nfkc":
        _, spans = tokenizers[name].encode_with_offsets(text)
        assert {i for start, end in spans for i in range(start, end)} == set(range(len(text)))


def test_every_byte_of_a_character_has_its_span(tokenizers: dict[str, Tokenizer]):
    _, spans = tokenizers["sp-bpe-bytes"].encode_with_offsets("漢é")
    assert spans == [(0, 1)] * 3 + [(1, 2)] * 2


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_a_long_document_is_not_skipped(model_type: str):
    """The library's default leaves out sentences of more than 4,192 bytes without a word."""
    documents = [*TEXT, "zebra crossing " * 1000]
    tokenizer = train_sentencepiece(documents, vocab_size=60, model_type=model_type)
    assert tokenizer.unk_id not in tokenizer.encode("zebra crossing")


@pytest.mark.parametrize(("character", "name"), [("\u2585", "U+2585"), ("\0", "U+0000")])
def test_a_document_that_the_trainer_would_skip_is_refused(character: str, name: str):
    message = re.escape(f"document 40 holds the character {name}")
    with pytest.raises(ToktoolsError, match=message):
        train_sentencepiece([*TEXT, f"a{character}b"], vocab_size=60)


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_training_twice_gives_the_same_model(model_type: str, prose: list[str]):
    models = [
        train_sentencepiece(prose[:1500], vocab_size=300, model_type=model_type).model
        for _ in range(2)
    ]
    assert models[0] == models[1]


def test_a_corpus_that_gives_fewer_tokens_is_no_error():
    assert train_sentencepiece(iter(TEXT), vocab_size=5000, model_type="bpe").n_vocab < 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocab_size": 5}, "Vocabulary size is smaller than required_chars"),
        ({"model_type": "word"}, "model_type must be 'unigram' or 'bpe', got 'word'"),
        ({"normalization_rule_name": "zzz"}, "No precompiled charsmap is found: zzz"),
        ({"character_coverage": 2.0}, "SentencePiece cannot train: .*character_coverage"),
        ({"special_tokens": SpecialTokens(any=None)}, "needs an ANY token"),
    ],
)
def test_impossible_options_are_one_clear_line(options: dict, message: str):
    with pytest.raises(ToktoolsError, match=message) as caught:
        train_sentencepiece(TEXT, **options)
    assert "\n" not in str(caught.value)


def test_no_text_and_counts_are_refused():
    with pytest.raises(ToktoolsError, match="needs text to learn from, got 0 documents"):
        train_sentencepiece([])
    with pytest.raises(ToktoolsError, match="got counts; pass the documents"):
        train_sentencepiece({"a": 1})


def test_a_model_file_opens_by_its_path_and_is_saved_as_ours(
    tmp_path: Path, tokenizers: dict[str, Tokenizer], prose: list[str]
):
    """This one has the library's own defaults: begin, end and unknown, no padding."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(prose[:1500]),
        model_prefix=str(tmp_path / "theirs"),
        vocab_size=300,
        minloglevel=2,
    )
    opened = load(tmp_path / "theirs.model")
    assert (opened.unk_id, opened.eos_id, opened.pad_id) == (0, 2, None)
    assert opened.vocabulary.special.extra == ("<s>",)
    assert "nmt_nfkc" in str(opened.lossless)
    opened.save(tmp_path / "tokenizer.json")
    for text in [*prose[::50], "ﬁne  print"]:
        ids = library_of(opened).encode(text)
        assert load(tmp_path).encode(text) == opened.encode(text) == ids


def test_a_bad_model_is_named(tmp_path: Path):
    (tmp_path / "bad.model").write_bytes(b"\xffnonsense")
    with pytest.raises(ToktoolsError, match=r"bad\.model: is not a SentencePiece model"):
        load(tmp_path / "bad.model")
    with pytest.raises(ToktoolsError, match=r"gone\.model: cannot be read: No such file"):
        load(tmp_path / "gone.model")


def test_a_damaged_file_of_ours_is_named(tmp_path: Path, tokenizers: dict[str, Tokenizer]):
    path = tmp_path / "tokenizer.json"
    tokenizers["sp-unigram"].save(path)
    document = json.loads(path.read_text())
    document["model"]["data"] = "no base64!"
    path.write_text(json.dumps(document))
    with pytest.raises(ToktoolsError, match=r"tokenizer\.json: the SentencePiece model cannot be"):
        load(path)


def test_settings_are_read_from_the_model(tokenizers: dict[str, Tokenizer]):
    ours = tokenizers["sp-bpe-bytes"]
    assert isinstance(ours, SentencePieceTokenizer)
    settings = model_settings(ours.model)
    assert settings.byte_fallback
    assert settings.normalization == "identity"
    assert not settings.rewrites
    assert not settings.add_dummy_prefix
    assert not settings.remove_extra_whitespaces


@given(data=st.binary(max_size=60))
def test_settings_of_no_model_never_crash(data: bytes):
    with suppress(ToktoolsError):
        model_settings(data)
