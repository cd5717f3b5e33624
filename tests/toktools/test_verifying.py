"""Comparing ids with other implementations: what is found, and how it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiktoken
import tokenizers as hf

from tests.toktools.conftest import OURS, hf_unigram, tiktoken_encoding
from tests.toktools.test_cli import toktools
from toktools import (
    ByteTokenizer,
    HuggingFaceTokenizer,
    TiktokenTokenizer,
    Tokenizer,
    ToktoolsError,
    train_bpe,
    train_word,
    verify,
)

WITH_SPECIAL = ["to be <EOS> or", "<PAD><ANY>", "", "[MASK] it"]


def word_level(words: list[str], *, special: str | None = None) -> hf.Tokenizer:
    ids = {word: id for id, word in enumerate(words)}
    library = hf.Tokenizer(hf.models.WordLevel(ids, unk_token="<ANY>"))
    library.pre_tokenizer = hf.pre_tokenizers.WhitespaceSplit()
    if special:
        library.add_special_tokens([special])
    return library


@pytest.mark.oracle
@pytest.mark.parametrize("name", OURS)
def test_every_tokenizer_of_ours_has_the_ids_of_the_library(
    name: str, tokenizers: dict[str, Tokenizer], prose: list[str]
):
    found = verify(tokenizers[name], [*prose[::20], *WITH_SPECIAL])
    assert (found.n_different, found.first) == (0, None)
    assert found.n_documents == len(prose[::20]) + 4
    assert found.n_tokens > found.n_documents


@pytest.mark.oracle
def test_special_tokens_count_on_both_sides_or_on_none():
    words = train_word(["a b"], min_count=1)
    theirs = word_level(["<PAD>", "<EOS>", "<ANY>", "a", "b"], special="<EOS>")
    assert verify(words, ["a <EOS> b"], theirs).n_different == 0
    theirs.encode_special_tokens = True  # "<EOS>" is a word of theirs then; in ours never
    assert verify(words, ["a <EOS> b"], theirs).first.token == 1  # type: ignore[union-attr]


@pytest.mark.oracle
def test_an_encoding_of_tiktoken_is_asked_for_ordinary_text(prose: list[str]):
    encoding: tiktoken.Encoding = tiktoken_encoding(prose)
    documents = [*prose[::20], "a<|endoftext|>b"]
    found = verify(TiktokenTokenizer(encoding), documents, encoding)
    assert (found.n_documents, found.n_different) == (len(documents), 0)


@pytest.mark.oracle
def test_padding_and_truncation_of_the_oracle_are_left_out_and_it_is_not_changed(prose: list[str]):
    theirs = hf_unigram(tuple(prose))
    before = theirs.to_str()
    assert verify(HuggingFaceTokenizer(theirs), prose[:50], theirs).n_different == 0
    assert theirs.to_str() == before


def test_the_first_difference_is_told_with_its_place():
    ours = train_word(["a b c"], min_count=1)
    theirs = word_level(["<PAD>", "<EOS>", "<ANY>", "a", "c", "b"])
    found = verify(ours, ["a", "a  b a", "c c"], theirs)
    assert (found.n_documents, found.n_tokens, found.n_different) == (3, 6, 2)
    first = found.first
    assert first is not None
    assert (first.document, first.text, first.token, first.character) == (1, "a  b a", 1, 3)
    assert (first.ours, first.theirs) == ([3, 4, 3], [3, 5, 3])
    assert (first.our_tokens, first.their_tokens) == (["a", "b", "a"], ["a", "b", "a"])
    assert str(first).splitlines() == [
        "document 1 (the first is 0), token 1, character 3",
        "  text    a  |b a",
        "  ours    3 'a' | 4 'b', 3 'a'",
        "  theirs  3 'a' | 5 'b', 3 'a'",
    ]


def test_a_document_that_goes_on_on_one_side_only_differs_at_the_end_of_the_other():
    class Longer:
        def encode(self, text: str) -> list[int]:
            return [*ByteTokenizer().encode(text), 7]

    first = verify(ByteTokenizer(), ["ab"], Longer()).first
    assert first is not None
    assert (first.token, first.character) == (2, 2)
    assert "  ours    99 'a', 100 'b' | (end)" in str(first)


def test_a_control_character_is_shown_as_a_picture():
    words = word_level(["<ANY>"])
    assert "text    |a↵␛" in str(verify(ByteTokenizer(), ["a\n\x1b"], words).first)


def test_documents_are_read_in_batches_and_progress_is_told():
    told: list[int] = []
    read: list[int] = []

    def documents():
        for i in range(2500):
            read.append(i)
            yield "a"

    assert verify(ByteTokenizer(), documents(), ByteTokenizer(), told.append).n_documents == 2500
    assert told == [1000, 2000, 2500]
    long = ("a" * 600_000 for _ in range(3))
    told.clear()
    verify(ByteTokenizer(), long, ByteTokenizer(), told.append)
    assert told == [2, 3]


def test_a_file_that_the_library_cannot_read_says_what_to_do(
    tokenizers: dict[str, Tokenizer], tmp_path: Path
):
    with pytest.raises(ToktoolsError, match=r"a sentencepiece tokenizer .* verify\(tokenizer, doc"):
        verify(tokenizers["sp-unigram"], ["a"])
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ToktoolsError, match=r"x\.json: the tokenizers library cannot read it"):
        verify(ByteTokenizer(), ["a"], tmp_path / "x.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A text, a tokenizer, and another that splits otherwise."""
    (tmp_path / "text.txt").write_text("to be\nor not to be\n")
    train_bpe(["to be or not to be"], vocab_size=262).save(tmp_path / "a.json")
    train_bpe(["or not"], vocab_size=262).save(tmp_path / "b.json")
    return tmp_path


def test_verify_prints_what_was_compared(folder: Path):
    done = toktools("verify", folder / "a.json", folder / "text.txt")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 documents, 10 tokens: all the same\n"


def test_verify_shows_the_first_difference_and_exits_with_1(folder: Path):
    done = toktools(
        "verify", folder / "a.json", folder / "text.txt", "--against", folder / "b.json"
    )
    assert done.returncode == 1
    assert done.stdout.startswith("2 documents, 10 tokens: 2 documents differ\ndocument 0 ")
    assert "\n  theirs  " in done.stdout
    assert done.stderr == ""
