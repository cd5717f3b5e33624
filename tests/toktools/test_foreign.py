"""Files that the Hugging Face library writes, opened here: the same ids as there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers as hf
from hypothesis import given
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.toktools.conftest import tricky_text
from tests.toktools.test_normalizers import marked_text
from tests.toktools.test_pretokenizers import LLAMA3, O200K, contraction_text, split
from toktools import Tokenizer, ToktoolsError, load
from toktools.bpe import BPETokenizer
from toktools.errors import UnsupportedError
from toktools.formats.components import read_pretokenizer, write_pretokenizer
from toktools.formats.normalizer_components import read_normalizer, write_normalizer
from toktools.formats.tokenizer_json import from_json
from toktools.unicode.byte_alphabet import ALPHABET

BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
QWEN2 = LLAMA3.replace("{1,3}", "")


def bpe(cut: hf.pre_tokenizers.PreTokenizer, special: list[str], prose: list[str]) -> hf.Tokenizer:
    tokenizer = hf.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = cut
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        prose,
        trainers.BpeTrainer(vocab_size=900, initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer.add_special_tokens(special)
    return tokenizer


def gpt2(prose: list[str]) -> hf.Tokenizer:
    return bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"], prose)


def llama3(prose: list[str]) -> hf.Tokenizer:
    cut = pre_tokenizers.Sequence([split(LLAMA3), BYTES])
    tokenizer = bpe(cut, ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"], prose)
    document = json.loads(tokenizer.to_str())
    document["model"]["ignore_merges"] = True
    document["model"]["merges"] = document["model"]["merges"][:200]  # so that it matters
    tokenizer = hf.Tokenizer.from_str(json.dumps(document))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A",
        special_tokens=[("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))],
    )
    return tokenizer


def qwen2(prose: list[str]) -> hf.Tokenizer:
    cut = pre_tokenizers.Sequence([split(QWEN2), BYTES])
    tokenizer = bpe(cut, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], prose)
    tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def o200k(prose: list[str]) -> hf.Tokenizer:
    return bpe(pre_tokenizers.Sequence([split(O200K), BYTES]), ["<|endoftext|>"], prose)


def digits(prose: list[str]) -> hf.Tokenizer:
    parts = [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    return bpe(pre_tokenizers.Sequence(parts), ["<s>", "</s>", "<pad>"], prose)


BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert(prose: list[str]) -> hf.Tokenizer:
    tokenizer = hf.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        prose,
        trainers.WordPieceTrainer(vocab_size=900, special_tokens=BERT_SPECIAL, show_progress=False),
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def words(prose: list[str]) -> hf.Tokenizer:
    tokenizer = hf.Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<unk>", "<pad>", "</s>"]
    trainer = trainers.WordLevelTrainer(vocab_size=900, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(prose, trainer)
    return tokenizer


FAMILIES: dict[str, Callable[[list[str]], hf.Tokenizer]] = {
    f.__name__: f for f in (gpt2, llama3, qwen2, o200k, digits, bert, words)
}
PARTS = {
    "gpt2": (None, "<|endoftext|>", None, ()),
    "llama3": (None, "<|end_of_text|>", None, ("<|begin_of_text|>", "<|eot_id|>")),
    "qwen2": (None, "<|endoftext|>", None, ("<|im_start|>", "<|im_end|>")),
    "o200k": (None, "<|endoftext|>", None, ()),
    "digits": ("<pad>", "</s>", None, ("<s>",)),
    "bert": ("[PAD]", "[SEP]", "[UNK]", ("[CLS]", "[MASK]")),
    "words": ("<pad>", "</s>", "<unk>", ()),
}
each_family = pytest.mark.parametrize("name", FAMILIES)
pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def pairs(prose: list[str], tmp_path_factory) -> dict[str, tuple[Tokenizer, hf.Tokenizer]]:
    """Each family's file, opened by us and by the library."""
    folder, opened = tmp_path_factory.mktemp("foreign"), {}
    for name, make in FAMILIES.items():
        theirs = make(prose[::4])
        theirs.save(str(folder / f"{name}.json"))
        opened[name] = load(folder / f"{name}.json"), theirs
    return opened


def assert_same_ids(ours: Tokenizer, theirs: hf.Tokenizer, text: str) -> None:
    expected = theirs.encode(text, add_special_tokens=False).ids
    assert ours.encode(text, allowed_special="all") == expected


@each_family
@given(text=tricky_text | contraction_text | marked_text)
def test_ids_are_those_of_the_library(name: str, pairs: dict[str, Any], text: str):
    assert_same_ids(*pairs[name], text)


@each_family
def test_ids_of_corpora_are_those_of_the_library(
    name: str, pairs: dict[str, Any], prose: list[str], code: list[str]
):
    for text in [*prose[::10], *code[::20], "a [MASK] b<|endoftext|></s> <unk>"]:
        assert_same_ids(*pairs[name], text)


@each_family
def test_parts_are_read_off_the_usual_names(name: str, pairs: dict[str, Any]):
    special = pairs[name][0].vocabulary.special
    assert (special.pad, special.eos, special.any, special.extra) == PARTS[name]


@each_family
def test_what_was_loaded_can_be_saved_and_gives_the_same_ids(
    name: str, pairs: dict[str, Any], tmp_path: Path, prose: list[str]
):
    ours, _ = pairs[name]
    ours.save(tmp_path / "tokenizer.json")
    again, theirs = load(tmp_path), hf.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in [*prose[::50], "Été 1234 It'S\n \n"]:
        assert again.encode(text) == ours.encode(text)
        assert_same_ids(again, theirs, text)


def test_ignoring_merges_matters_in_the_llama3_file(pairs: dict[str, Any], prose: list[str]):
    ours, _ = pairs["llama3"]
    assert isinstance(ours, BPETokenizer)
    merged = BPETokenizer(ours.vocabulary, ours.merges, pretokenizer=ours.pretokenizer)
    text = " ".join(prose[:50])
    assert ours.encode(text) != merged.encode(text)
    assert ours.decode(ours.encode(text)) == text


def changed(change: Callable[[Any], Any]) -> Any:
    document = {
        "added_tokens": [{"id": 1, "content": "<s>"}],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
    }
    change(document)
    return document


REFUSED = {
    "truncation": (lambda d: d.update(truncation={"max_length": 5}), "asks for truncation"),
    "padding": (lambda d: d.update(padding={}), "asks for padding"),
    "Unigram": (lambda d: d["model"].update(type="Unigram"), "a model of type 'Unigram'"),
    "lstrip": (lambda d: d["added_tokens"][0].update(lstrip=True), "'<s>' with lstrip"),
    "normalized": (lambda d: d["added_tokens"][0].update(normalized=True), "normalized text"),
    "fallback": (lambda d: d["model"].update(type="BPE", byte_fallback=True), "byte_fallback"),
    "dropout": (lambda d: d["model"].update(type="BPE", dropout=0.1), "BPE model with dropout"),
    "drops characters": (
        lambda d: d["model"].update(type="BPE", unk_token=None),
        "a BPE model over characters without unk_token",
    ),
    "fused": (lambda d: d["model"].update(type="BPE", fuse_unk=True), "characters with fuse_unk"),
    "prefix space": (
        lambda d: d.update(
            pre_tokenizer={
                "type": "Sequence",
                "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "ByteLevel"}],
            }
        ),
        "add_prefix_space behind another pre_tokenizer",
    ),
    "bytes": (
        lambda d: d.update(pre_tokenizer={"type": "ByteLevel", "add_prefix_space": False}),
        "a ByteLevel pre_tokenizer before a model that is not BPE",
    ),
    "a byte is special": (
        lambda d: d.update(
            pre_tokenizer={"type": "ByteLevel", "add_prefix_space": False},
            model={"type": "BPE", "vocab": {c: i for i, c in enumerate(ALPHABET)}, "merges": []},
            added_tokens=[{"id": ALPHABET.index("é"), "content": "é"}],
            normalizer=None,
        ),
        "the added token 'é', which is also the token of byte 0xE9",
    ),
    "first": (
        lambda d: d.update(
            pre_tokenizer={"type": "Metaspace", "replacement": "_", "prepend_scheme": "first"}
        ),
        "Metaspace pre_tokenizer with prepend_scheme 'first' and added tokens",
    ),
    "scripts": (lambda d: d.update(pre_tokenizer={"type": "UnicodeScripts"}), "'UnicodeScripts'"),
    "empty matches": (
        lambda d: d.update(
            normalizer={"type": "Replace", "pattern": {"Regex": "x*"}, "content": "y"}
        ),
        r"pattern 'x\*' that matches nothing at all in some places",
    ),
    "made by the normalizer": (
        lambda d: d["model"]["vocab"].update({"<s>": 1}),
        "an added token '<s>' among the tokens of its model, which the normalizer can make",
    ),
    "overlapping rounds": (
        lambda d: d.update(
            normalizer=None,
            added_tokens=[
                {"id": 1, "content": "ab", "normalized": True},
                {"id": 2, "content": "bc", "normalized": False},
            ],
        ),
        "the added tokens 'bc' and 'ab', which overlap",
    ),
    "pattern": (
        lambda d: d.update(
            pre_tokenizer={
                "type": "Split",
                "pattern": {"Regex": "^a"},
                "behavior": "Isolated",
                "invert": False,
            }
        ),
        r"holds '\^', which regular-expression libraries read in different ways",
    ),
    "normalizer": (lambda d: d.update(normalizer={"type": "Precompiled"}), "'Precompiled'"),
    "no unknown": (lambda d: d["model"].update(unk_token=None), "unk_token is None, which its"),
    "no prefix": (
        lambda d: d["model"].update(type="WordPiece", continuing_subword_prefix=""),
        "WordPiece model whose continuing_subword_prefix is ''",
    ),
    "unknown in text": (
        lambda d: d["model"].update(type="WordPiece"),
        r"the unknown token '\[UNK\]' in its model but not among the added tokens",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_run_exactly_is_refused_by_name(name: str):
    change, message = REFUSED[name]
    with pytest.raises(UnsupportedError, match=message):
        from_json(changed(change))


def test_a_refusal_says_how_the_library_runs_the_file(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(changed(REFUSED["lstrip"][0])))
    with pytest.raises(UnsupportedError, match="with lstrip") as caught:
        load(path)
    assert f"toktools.HuggingFaceTokenizer.open({str(path)!r}), " in str(caught.value)
    assert str(caught.value).endswith(f"on the command line huggingface:{path}")


DAMAGED = {
    "another id": (lambda d: d["added_tokens"][0].update(id=7), "'<s>' must have the id 1 .* 7"),
    "twice": (lambda d: d["added_tokens"].append(d["added_tokens"][0]), "'<s>' stands there twice"),
    "a hole too far": (
        lambda d: d.update(
            added_tokens=[], model={**d["model"], "vocab": {"[UNK]": 0, "a": 2**31}}
        ),
        r"ids must be whole numbers in .* got 2147483648 for token 'a'",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_not_one_for_the_library(name: str):
    change, message = DAMAGED[name]
    with pytest.raises(ToktoolsError, match=message) as caught:
        from_json(changed(change))
    assert not isinstance(caught.value, UnsupportedError)


def test_every_pretokenizer_and_normalizer_is_read_as_written():
    from tests.toktools.test_normalizers import PAIRS as NORMALIZERS
    from tests.toktools.test_pretokenizers import PAIRS as PRETOKENIZERS
    from toktools.pretokenizers import Cl100kSplit

    for cut in [*(ours for ours, _ in PRETOKENIZERS.values()), Cl100kSplit()]:
        assert read_pretokenizer(json.loads(json.dumps(write_pretokenizer(cut)))) == cut
    for ours, _ in NORMALIZERS.values():
        assert read_normalizer(json.loads(json.dumps(write_normalizer(ours)))) == ours
