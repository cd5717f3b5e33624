"""tiktoken encodings behind our contract."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given
from tiktoken_ext import openai_public

from tests.toktools.conftest import tiktoken_encoding, tricky_text
from toktools import SpecialTokens, TiktokenTokenizer, Tokenizer, ToktoolsError, load

BYTES = {bytes([byte]): byte for byte in range(256)}


@pytest.fixture(scope="module")
def encoding(prose: list[str]) -> tiktoken.Encoding:
    return tiktoken_encoding(prose)


@pytest.mark.oracle
@given(text=tricky_text)
def test_ids_and_text_are_the_librarys(
    encoding: tiktoken.Encoding, tokenizers: dict[str, Tokenizer], text: str
):
    ours, ids = tokenizers["tiktoken"], encoding.encode_ordinary(text)
    assert ours.encode(text) == ids
    assert ours.decode(ids) == encoding.decode(ids) == text
    marked = f"{text}<|endoftext|>{text}"
    assert ours.encode(marked, allowed_special="all") == encoding.encode(
        marked, allowed_special="all"
    )


@pytest.mark.oracle
def test_ids_are_the_librarys_on_prose(
    encoding: tiktoken.Encoding, tokenizers: dict[str, Tokenizer], prose: list[str]
):
    assert tokenizers["tiktoken"].encode_batch(prose) == encoding.encode_ordinary_batch(prose)


def test_spans_cover_every_character(tokenizers: dict[str, Tokenizer]):
    _, spans = tokenizers["tiktoken"].encode_with_offsets("é the")
    assert spans[:2] == [(0, 1), (0, 1)]
    assert {i for start, end in spans for i in range(start, end)} == set(range(5))


def test_ids_without_a_token_are_counted_and_said_to_be_holes(tokenizers: dict[str, Tokenizer]):
    ours = tokenizers["tiktoken"]
    assert (ours.n_vocab, len(ours.get_vocab()), ours.eos_id) == (604, 602, 600)
    with pytest.raises(ToktoolsError, match="token id 601 has no token"):
        ours.decode([601])


def test_text_that_the_pattern_would_leave_out_is_refused():
    """The library drops it without a word."""
    encoding = tiktoken.Encoding("w", pat_str=r"\w+", mergeable_ranks=BYTES, special_tokens={})
    assert encoding.encode_ordinary("a b") == [97, 98]
    with pytest.raises(ToktoolsError, match=r"leaves out 1 bytes of 'a b'"):
        TiktokenTokenizer(encoding).encode("a b")


def test_roles_of_special_tokens_that_one_names_are_saved(
    tmp_path: Path, encoding: tiktoken.Encoding
):
    special = SpecialTokens(pad="<|tool|>", eos="<|endoftext|>", any=None)
    TiktokenTokenizer(encoding, special_tokens=special).save(tmp_path / "tokenizer.json")
    loaded = load(tmp_path)
    assert isinstance(loaded, TiktokenTokenizer)
    assert (loaded.pad_id, loaded.eos_id) == (603, 600)
    assert loaded.pattern == encoding._pat_str


def write_ranks(path: Path, ranks: dict[bytes, int]) -> Path:
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items())
    path.write_text("".join(lines))
    return path


def test_a_file_of_ranks_opens_with_its_pattern_and_is_saved_as_ours(
    tmp_path: Path, encoding: tiktoken.Encoding
):
    path = write_ranks(tmp_path / "mine.tiktoken", encoding._mergeable_ranks)
    with pytest.raises(ToktoolsError, match=r"mine\.tiktoken: holds ranks but not how text is cut"):
        load(path)
    special = {"<|endoftext|>": 600}
    ours = TiktokenTokenizer.from_file(path, pattern=encoding._pat_str, special_tokens=special)
    ours.save(tmp_path / "tokenizer.json")
    assert load(tmp_path).encode("the end 漢") == encoding.encode_ordinary("the end 漢")


@pytest.mark.parametrize(
    ("name", "cut"),
    [("r50k_base", ["in", " 2019", ",", " It", "'s"]), ("cl100k_base", None)],
)
def test_published_files_are_cut_as_their_name_says(tmp_path: Path, name: str, cut):
    """With these ranks whatever the pattern leaves together is one token, if it is listed."""
    tokens = [b"in", b" 2019", b" 201", b"9", b",", b" It", b"'s", b" ", b"201"]
    extra = [token for token in tokens if len(token) > 1]
    ranks = dict(BYTES)
    for token in extra:
        for end in range(2, len(token) + 1):
            ranks.setdefault(token[:end], len(ranks))
    ours = TiktokenTokenizer.open(write_ranks(tmp_path / f"{name}.tiktoken", ranks))
    pieces = [ours.decode([id]) for id in ours.encode("in 2019, It's")]
    assert pieces == (cut or ["in", " ", "201", "9", ",", " It", "'s"])
    assert ours.eos_id is not None


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["r50k_base", "p50k_base", "cl100k_base", "o200k_base"])
def test_published_files_have_the_special_tokens_and_the_cut_of_tiktoken(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    texts = ["end \n  ", "It's CamelCase", " \n\n x", "12345", "a  b", "ſ'ſ"]
    ranks = dict(BYTES)
    for data in map(str.encode, texts):  # whatever a cut leaves together is one token
        for size in range(2, len(data) + 1):
            for start in range(len(data) - size + 1):
                ranks.setdefault(data[start : start + size], len(ranks))
    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", lambda *args, **options: ranks)
    published = {**openai_public.ENCODING_CONSTRUCTORS[name](), "explicit_n_vocab": None}
    theirs = tiktoken.Encoding(**published)
    ours = TiktokenTokenizer.open(write_ranks(tmp_path / f"{name}.tiktoken", ranks))
    assert ours.get_vocab().items() >= theirs._special_tokens.items()
    assert set(ours.vocabulary.special) == set(theirs._special_tokens)
    for text in texts:
        assert ours.encode(text) == theirs.encode_ordinary(text)


def test_a_bad_line_is_named(tmp_path: Path):
    path = tmp_path / "r50k_base.tiktoken"
    path.write_text("IQ== 0\nnonsense\n")
    with pytest.raises(ToktoolsError, match=r"r50k_base\.tiktoken:2: expected a token in base64"):
        TiktokenTokenizer.open(path)
    write_ranks(path, {b"!": 0})
    with pytest.raises(ToktoolsError, match="must hold all 256 bytes, got none for 0x00"):
        TiktokenTokenizer.open(path)
