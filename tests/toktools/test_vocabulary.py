"""Ids and tokens, and ids that no token has."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import tiktoken
import tokenizers as hf
from hypothesis import given

from tests.toktools.conftest import tricky_text
from toktools import BPETokenizer, SpecialTokens, ToktoolsError, Vocabulary, load
from toktools.formats.rank_files import load_tiktoken
from toktools.pretokenizers import Cl100kSplit
from toktools.vocabulary import tokens_by_id

RANKS = {bytes([byte]): byte for byte in range(256)} | {b"th": 256, b"the": 257, b" the": 259}
SPECIAL = {"<|endoftext|>": 261, "<|endofprompt|>": 264}
HOLES = (258, 260, 262, 263)
PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """A file of ranks with holes, like that of cl100k_base."""
    path = tmp_path_factory.mktemp("holes") / "x.tiktoken"
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in RANKS.items())
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def tokenizer(path: Path) -> BPETokenizer:
    return load_tiktoken(path, pretokenizer=Cl100kSplit(), special_tokens=SPECIAL)


@pytest.fixture(scope="module")
def encoding() -> tiktoken.Encoding:
    return tiktoken.Encoding("x", pat_str=PATTERN, mergeable_ranks=RANKS, special_tokens=SPECIAL)


@pytest.mark.oracle
@given(text=tricky_text)
def test_ids_around_holes_are_those_of_tiktoken(
    tokenizer: BPETokenizer, encoding: tiktoken.Encoding, text: str
):
    text = f" the{text}<|endofprompt|> the"
    ids = tokenizer.encode(text, allowed_special="all")
    assert ids == encoding.encode(text, allowed_special="all")
    assert tokenizer.decode(ids) == text.replace("<|endoftext|>", "")


def test_holes_are_counted_but_hold_nothing(tokenizer: BPETokenizer, encoding: tiktoken.Encoding):
    assert tokenizer.n_vocab == encoding.n_vocab == 265
    assert len(tokenizer.get_vocab()) == 261
    for id in HOLES:
        assert tokenizer.token_bytes[id] == b""
        with pytest.raises(ToktoolsError, match=f"token id {id} has no token: .* leaves a hole"):
            tokenizer.id_to_token(id)
        with pytest.raises(ToktoolsError, match=f"token id {id} has no token"):
            tokenizer.decode([id])
    assert tokenizer.token_to_id("") is None


def test_a_saved_tokenizer_keeps_its_holes_here_and_in_the_library(
    tokenizer: BPETokenizer, tmp_path: Path
):
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = load(tmp_path)
    assert loaded.vocabulary.tokens == tokenizer.vocabulary.tokens
    theirs = hf.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in (" the the", "thé <|endofprompt|> then", "123 4"):
        ids = tokenizer.encode(text, allowed_special="all")
        assert loaded.encode(text, allowed_special="all") == ids
        assert theirs.encode(text).ids == ids


def test_holes_in_a_file_of_another_program_are_read(tokenizer: BPETokenizer, tmp_path: Path):
    tokenizer.save(tmp_path / "tokenizer.json")
    document = json.loads((tmp_path / "tokenizer.json").read_text("utf-8"))
    del document["model"]["toktools"]
    (tmp_path / "tokenizer.json").write_text(json.dumps(document))
    loaded = load(tmp_path)
    assert isinstance(loaded, BPETokenizer)
    assert loaded.vocabulary.tokens == tokenizer.vocabulary.tokens


@pytest.mark.parametrize("id", [2_000_000_000, -1, 2.0, True, "7"])
def test_an_id_far_off_or_no_id_at_all_is_refused(id):
    with pytest.raises(ToktoolsError, match=rf"whole numbers in 0\.\..*got {id!r} for token 'b'"):
        tokens_by_id({"a": 0, "b": id})


def test_two_tokens_with_one_id_are_named():
    with pytest.raises(ToktoolsError, match="got 'a' and 'b' for 0"):
        tokens_by_id({"a": 0, "b": 0})


def test_a_hole_at_the_end_is_refused_since_no_file_could_keep_it():
    with pytest.raises(ToktoolsError, match="the last id of a vocabulary must have a token"):
        Vocabulary(["a", ""], SpecialTokens.none())


def test_a_token_twice_is_named_among_holes():
    with pytest.raises(ToktoolsError, match="got 'a' twice"):
        Vocabulary(["a", "", "", "a"], SpecialTokens.none())
