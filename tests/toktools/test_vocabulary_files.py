"""`vocab.json` with `merges.txt`, and `vocab.txt`: written by the library, the same ids here."""

from __future__ import annotations

from pathlib import Path

import pytest
import tokenizers as hf
from hypothesis import given

from tests.toktools.conftest import tricky_text
from tests.toktools.test_foreign import bert, gpt2
from tests.toktools.test_normalizers import marked_text
from toktools import Tokenizer, ToktoolsError
from toktools.formats.vocabulary_files import load_vocab_and_merges, load_vocab_txt

Pair = tuple[Tokenizer, hf.Tokenizer]


@pytest.fixture(scope="module")
def pairs(prose: list[str], tmp_path_factory) -> dict[str, Pair]:
    folder = str(tmp_path_factory.mktemp("vocabularies"))
    theirs = {"bpe": gpt2(prose[::4]), "wordpiece": bert(prose[::4])}
    vocab, merges = theirs["bpe"].model.save(folder)
    [lines] = theirs["wordpiece"].model.save(folder, "bert")
    ours = {"bpe": load_vocab_and_merges(vocab, merges), "wordpiece": load_vocab_txt(lines)}
    return {name: (ours[name], theirs[name]) for name in ours}


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["bpe", "wordpiece"])
@given(text=tricky_text | marked_text)
def test_ids_are_those_of_the_library(name: str, pairs: dict[str, Pair], text: str):
    ours, theirs = pairs[name]
    assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["bpe", "wordpiece"])
def test_ids_of_corpora_are_those_of_the_library(
    name: str, pairs: dict[str, Pair], prose: list[str], code: list[str]
):
    ours, theirs = pairs[name]
    for text in [*prose[::20], *code[::50]]:
        assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids


def test_the_parts_of_bert_are_known(pairs: dict[str, Pair]):
    special = pairs["wordpiece"][0].vocabulary.special
    assert (special.pad, special.eos, special.any) == ("[PAD]", "[SEP]", "[UNK]")


def test_bad_files_are_named(tmp_path: Path):
    vocab, merges = tmp_path / "vocab.json", tmp_path / "merges.txt"
    merges.write_text("#version: 0.2\na b\n")
    for content, message in [
        ("{", r"vocab\.json: is not a JSON file"),
        ("[]", r"vocab\.json: must be a JSON object of tokens and ids, got \[\]"),
        (
            '{"a": 2000000000}',
            r"vocab\.json, .*merges\.txt: ids must be .* got 2000000000 for token 'a'",
        ),
        ('{"a": 0}', r"merges\.txt: merge 0 \('a' \+ 'b'\) needs the token 'b'"),
    ]:
        vocab.write_text(content)
        with pytest.raises(ToktoolsError, match=message):
            load_vocab_and_merges(vocab, merges)
    (tmp_path / "vocab.txt").write_text("a\n##b\n")
    with pytest.raises(ToktoolsError, match=r"vocab\.txt: special token '\[UNK\]' is not in"):
        load_vocab_txt(tmp_path / "vocab.txt")
    with pytest.raises(ToktoolsError, match=r"gone: cannot be read: No such file"):
        load_vocab_txt(tmp_path / "gone")
