"""One file, two implementations, the same ids: the standing proof that each tokenizer is right."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import tokenizers as hf
from hypothesis import given

from tests.toktools.conftest import OURS, tricky_text
from toktools import ByteTokenizer, Tokenizer, ToktoolsError, load
from toktools.word import WordTokenizer

each_of_ours = pytest.mark.parametrize("name", OURS)


@pytest.fixture(scope="session")
def library(tokenizers: dict[str, Tokenizer], tmp_path_factory) -> dict[str, hf.Tokenizer]:
    """The files of `tokenizers`, opened by the Hugging Face library."""
    folder = tmp_path_factory.mktemp("tokenizers")
    opened = {}
    for name in OURS:
        tokenizers[name].save(folder / f"{name}.json")
        opened[name] = hf.Tokenizer.from_file(str(folder / f"{name}.json"))
    return opened


def assert_same(tokenizer: Tokenizer, theirs: hf.Tokenizer, text: str) -> None:
    """Compare ids, spans and decoded text; the library always honours special tokens in text."""
    expected = theirs.encode(text, add_special_tokens=False)
    ids, spans = tokenizer.encode_with_offsets(text, allowed_special="all")
    assert ids == expected.ids
    assert spans == expected.offsets
    assert tokenizer.encode(text, allowed_special="all") == expected.ids
    known = [id for id in ids if id not in tokenizer.vocabulary.special_ids]
    assert tokenizer.decode(known) == theirs.decode(known)


@pytest.mark.oracle
@each_of_ours
@given(text=tricky_text)
def test_the_library_gives_the_same_ids_spans_and_text(
    name: str, tokenizers: dict[str, Tokenizer], library: dict[str, hf.Tokenizer], text: str
):
    assert_same(tokenizers[name], library[name], text)


@pytest.mark.oracle
@each_of_ours
def test_the_library_gives_the_same_ids_on_corpora(
    name: str,
    tokenizers: dict[str, Tokenizer],
    library: dict[str, hf.Tokenizer],
    prose: list[str],
    code: list[str],
):
    for text in [*prose[::4], *code[::10]]:
        assert_same(tokenizers[name], library[name], text)


@pytest.mark.oracle
def test_the_library_rejects_lone_surrogates_too(library: dict[str, hf.Tokenizer]):
    for theirs in library.values():
        with pytest.raises((UnicodeError, TypeError)):
            theirs.encode("ab\ud800")


@pytest.mark.oracle
@each_of_ours
def test_the_library_knows_the_special_tokens(
    name: str, tokenizers: dict[str, Tokenizer], library: dict[str, hf.Tokenizer]
):
    ours, theirs = tokenizers[name], library[name]
    added = {token.content: id for id, token in theirs.get_added_tokens_decoder().items()}
    assert added == {t: ours.token_to_id(t) for t in ours.vocabulary.special}


def test_a_loaded_tokenizer_is_the_one_saved(
    tokenizer: Tokenizer, tmp_path: Path, prose: list[str], code: list[str]
):
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = load(tmp_path)
    assert type(loaded) is type(tokenizer)
    assert loaded.vocabulary.tokens == tokenizer.vocabulary.tokens
    assert loaded.vocabulary.special == tokenizer.vocabulary.special
    assert loaded.training == json.loads(json.dumps(tokenizer.training))
    for text in [*prose[:200], *code[:200], "Ünseen 漢字 <EOS>"]:
        assert loaded.encode(text) == tokenizer.encode(text)
        assert loaded.encode(text, allowed_special="all") == tokenizer.encode(
            text, allowed_special="all"
        )


def test_saving_a_loaded_tokenizer_gives_the_same_file(tokenizer: Tokenizer, tmp_path: Path):
    tokenizer.save(tmp_path / "a.json")
    load(tmp_path / "a.json").save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_training_is_remembered_with_options_and_digest(tokenizers: dict[str, Tokenizer]):
    training = tokenizers["bpe"].training
    assert training["options"]["vocab_size"] == 2000
    assert re.fullmatch("2:[0-9a-f]{32}", training["corpus"]["digest"])


def test_loading_as_another_kind_is_refused(tmp_path: Path):
    ByteTokenizer().save(tmp_path / "byte.json")
    with pytest.raises(ToktoolsError, match="expected a WordTokenizer, found a ByteTokenizer"):
        WordTokenizer.load(tmp_path / "byte.json")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "tokenizer.json"
    ByteTokenizer().save(path)
    before = path.read_bytes()

    def full_disk(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space left"):
        ByteTokenizer().save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def damaged(change) -> str:
    """Return a file of ours after `change(document)`."""
    from toktools.formats.tokenizer_json import to_json

    document = to_json(ByteTokenizer())
    change(document)
    return json.dumps(document)


BAD_FILES = {
    "empty": ("", "is not a JSON file"),
    "truncated": ('{"model": {"type": "BPE", "vo', "is not a JSON file"),
    "too deep": ("[" * 100_000, "is not a JSON file"),
    "not an object": ("[1, 2]", "expected a JSON object that holds 'model'"),
    "no model": ("{}", "'model' must be a JSON object, got None"),
    "model of a wrong type": ('{"model": 3}', "'model' must be a JSON object, got 3"),
    "another model": ('{"model": {"type": "Unigram"}}', "a model of type 'Unigram'; toktools runs"),
    "an id twice": (
        damaged(lambda d: d["model"]["vocab"].update({"!": 3})),
        "each id must have one token, got",
    ),
    "an id too high": (
        damaged(lambda d: d["model"]["vocab"].update({"!": 10**12})),
        "got 1000000000000 for token '!'",
    ),
    "an id that is no number": (
        damaged(lambda d: d["model"]["vocab"].update({"!": None})),
        "got None for token '!'",
    ),
    "an unknown kind": (
        damaged(lambda d: d["model"]["toktools"].update(kind="magic")),
        "there is no kind of tokenizer 'magic'",
    ),
    "a newer format": (
        damaged(lambda d: d["model"]["toktools"].update(format=99)),
        "has format 99, newer than 1",
    ),
    "a strange merge": (
        damaged(
            lambda d: (d["model"].update(merges=[7]), d["model"]["toktools"].update(kind="bpe"))
        ).replace('"use_regex": false', '"use_regex": true'),
        "a merge must be a pair of tokens, got 7",
    ),
    "a strange pretokenizer": (
        damaged(
            lambda d: (
                d.update(pre_tokenizer={"type": "Magic"}),
                d["model"]["toktools"].update(kind="bpe"),
            )
        ),
        "pre_tokenizer that toktools does not know",
    ),
    "a missing special token": (
        damaged(lambda d: d["model"]["toktools"]["special_tokens"].update(eos="<gone>")),
        "special token '<gone>' is not in the vocabulary",
    ),
    "an unknown special token": (
        damaged(lambda d: d["model"]["toktools"]["special_tokens"].update(bos="<BOS>")),
        "'special_tokens' cannot be read",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_clear_line_that_names_it(name: str, tmp_path: Path):
    content, message = BAD_FILES[name]
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(ToktoolsError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ToktoolsError, match=r"gone\.json: cannot be read: No such file"):
        load(tmp_path / "gone.json")


def test_saving_over_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(ToktoolsError, match="is a directory"):
        ByteTokenizer().save(tmp_path)
