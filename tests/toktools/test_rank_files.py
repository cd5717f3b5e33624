"""`.tiktoken` files: the same ids as tiktoken, which reads them too."""

from __future__ import annotations

import base64
from itertools import islice
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given

from tests.toktools.conftest import tricky_text
from tests.toktools.test_pretokenizers import contraction_text
from toktools import Tokenizer, ToktoolsError, load, train_bpe
from toktools.formats.rank_files import load_tiktoken
from toktools.pretokenizers import Gpt2Split, O200kSplit, RegexSplit
from toktools.unicode.byte_alphabet import unspell
from toktools.vocabulary import SpecialTokens

PATTERN = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|[\s\S]"


@pytest.fixture(scope="module")
def pair(prose: list[str], tmp_path_factory) -> tuple[Tokenizer, tiktoken.Encoding]:
    trained = train_bpe(prose[::4], vocab_size=900, special_tokens=SpecialTokens.none())
    ranks = {unspell(token): id for token, id in trained.get_vocab().items()}
    path = tmp_path_factory.mktemp("ranks") / "x.tiktoken"
    path.write_text("".join(f"{base64.b64encode(t).decode()} {i}\n" for t, i in ranks.items()))
    special = {"<|endoftext|>": 900, "<|endofprompt|>": 901}
    theirs = tiktoken.Encoding("x", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)
    cut = RegexSplit(PATTERN)
    return load_tiktoken(path, pretokenizer=cut, special_tokens=special), theirs


@pytest.mark.oracle
@given(text=tricky_text | contraction_text)
def test_ids_are_those_of_tiktoken(pair: tuple[Tokenizer, tiktoken.Encoding], text: str):
    ours, theirs = pair
    assert ours.encode(text) == theirs.encode_ordinary(text)
    text += "<|endoftext|>a"
    assert ours.encode(text, allowed_special="all") == theirs.encode(text, allowed_special="all")


@pytest.mark.oracle
def test_ids_of_corpora_are_those_of_tiktoken(
    pair: tuple[Tokenizer, tiktoken.Encoding], prose: list[str], code: list[str]
):
    ours, theirs = pair
    text = "\n".join([*prose[::10], *code[::10]])
    assert ours.encode(text) == theirs.encode_ordinary(text)
    assert ours.decode(ours.encode(text)) == text
    assert ours.eos_id == 900


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("YQ== 0\nYg==\n", r"x\.tiktoken:2: a line must be '<base64> <rank>', .* got b'Yg=='"),
        ("YQ== 0\nYQ== 1\n", r"x\.tiktoken:2: .* each token once, got b'YQ== 1'"),
        (" 0\n", r"x\.tiktoken:1: a line must be"),
        ("YQ== -1\nYg== 0\n", r"x\.tiktoken: ids must be .* got -1 for token"),
        ("YQ== 99999999999\n", r"x\.tiktoken: ids must be .* got 99999999999 for token 'a'"),
        (f"YQ== {'9' * 5000}\n", r"x\.tiktoken:1: a line must be"),
        ("YQ== 0\n?? 1\n", r"x\.tiktoken:2: a line must be"),
        ("YQ== 2000000000\n", r"x\.tiktoken: ids must be .* got 2000000000 for token 'a'"),
        ("YQ== 0\n", r"x\.tiktoken: a byte-level vocabulary needs all 256 bytes"),
        ("YQ== 0\nYWFh 1\n", r"token b'aaa' \(rank 1\) cannot be merged from lower ranks"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, content: str, message: str):
    path = tmp_path / "x.tiktoken"
    path.write_text(content)
    with pytest.raises(ToktoolsError, match=message):
        load_tiktoken(path, pretokenizer=O200kSplit())


def ranks_file(path: Path, ranks: dict[bytes, int]) -> Path:
    path.write_text("".join(f"{base64.b64encode(t).decode()} {i}\n" for t, i in ranks.items()))
    return path


@pytest.mark.oracle
def test_ids_that_no_token_has_stay_so(tmp_path: Path):
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256}
    special = {"<|endoftext|>": 258, "<|endofprompt|>": 261}
    path = ranks_file(tmp_path / "x.tiktoken", ranks)
    ours = load_tiktoken(path, pretokenizer=RegexSplit(PATTERN), special_tokens=special)
    theirs = tiktoken.Encoding("x", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)
    text = "abc<|endofprompt|>"
    assert ours.n_vocab == theirs.n_vocab == 262
    assert ours.encode(text, allowed_special="all") == theirs.encode(text, allowed_special="all")
    assert ours.decode([256, 261, 97]) == "ab<|endofprompt|>a"
    with pytest.raises(ToktoolsError, match="token id 257 has no token"):
        ours.decode([257])


def test_a_published_file_is_known_by_its_name(tmp_path: Path):
    pairs = ((a, b) for a in range(256) for b in range(256))
    tokens = [*(bytes([byte]) for byte in range(256)), *map(bytes, islice(pairs, 50_000))]
    path = ranks_file(tmp_path / "r50k_base.tiktoken", {t: i for i, t in enumerate(tokens)})
    ours = load(path)
    assert (ours.n_vocab, ours.eos_id, ours.pretokenizer) == (50257, 50256, Gpt2Split())
    renamed = path.rename(tmp_path / "mine.tiktoken")
    with pytest.raises(ToktoolsError, match=r"mine\.tiktoken: holds ranks .*load_tiktoken\('"):
        load(renamed)


def test_a_published_name_on_other_ranks_is_refused(tmp_path: Path):
    path = ranks_file(tmp_path / "cl100k_base.tiktoken", {bytes([b]): b for b in range(256)})
    with pytest.raises(ToktoolsError, match=r"ranks of cl100k_base, about 100,277, got 256;"):
        load(path)
