"""From one file to another: the same ids there, in other libraries' readers too."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import tiktoken
import tokenizers as hf

from tests.toktools.test_cli import toktools
from toktools import (
    BPETokenizer,
    ByteTokenizer,
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    Vocabulary,
    convert,
    load,
    load_tiktoken,
    train_bpe,
    train_wordpiece,
)
from toktools.pretokenizers import Gpt2Split, WhitespaceSplit
from toktools.unicode.byte_alphabet import ALPHABET

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
BERT = SpecialTokens(pad="[PAD]", eos="[SEP]", any="[UNK]", extra=("[CLS]", "[MASK]"))
each_bpe = pytest.mark.parametrize("name", ["bpe", "bpe-no-specials", "byte"])


@pytest.mark.oracle
@each_bpe
def test_tiktoken_gives_the_same_ids_from_the_ranks_written(
    name: str, tokenizers: dict[str, Tokenizer], tmp_path: Path, prose: list[str], code: list[str]
):
    ours = tokenizers[name]
    done = convert(ours, tmp_path / "x.tiktoken")
    lines = [line.split() for line in (tmp_path / "x.tiktoken").read_bytes().splitlines()]
    theirs = tiktoken.Encoding(
        "x",
        pat_str=GPT2 if name != "byte" else r"[\s\S]+",
        mergeable_ranks={base64.b64decode(token): int(rank) for token, rank in lines},
        special_tokens={t: ours.vocabulary.ids[t] for t in ours.vocabulary.special},
    )
    for text in [*prose[::20], *code[::200], "ﬁ 漢字 \x00\xff"]:
        assert theirs.encode_ordinary(text) == ours.encode(text)
    assert f"how text is cut: {ours.pretokenizer!r}" in done.not_held
    assert done.n_compared > 256


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["bpe", "byte"])
def test_bpe_of_the_library_reads_vocab_and_merges(
    name: str, tokenizers: dict[str, Tokenizer], tmp_path: Path, prose: list[str]
):
    ours = tokenizers[name]
    done = convert(ours, tmp_path, "vocab-merges")
    assert done.paths == [tmp_path / "vocab.json", tmp_path / "merges.txt"]
    theirs = hf.Tokenizer(hf.models.BPE.from_file(*map(str, done.paths)))
    theirs.pre_tokenizer = hf.pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=name == "bpe"
    )
    for text in [*prose[::20], "ﬁ 漢字"]:
        assert theirs.encode(text).ids == ours.encode(text)


@pytest.mark.oracle
def test_bpe_of_the_library_reads_merges_of_characters(tmp_path: Path):
    vocabulary = Vocabulary(["?", "é", "b", "éb"], SpecialTokens(pad=None, eos=None, any="?"))
    cut = WhitespaceSplit()
    ours = BPETokenizer(vocabulary, [("é", "b")], byte_level=False, pretokenizer=cut)
    done = convert(ours, tmp_path, "vocab-merges")
    assert done.not_held[-1] == "that it is over characters, and ? the unknown"
    model = hf.models.BPE.from_file(*map(str, done.paths), unk_token="?")
    theirs = hf.Tokenizer(model)
    theirs.pre_tokenizer = hf.pre_tokenizers.WhitespaceSplit()
    for text in ["éb bé x", "xx"]:
        assert theirs.encode(text).ids == ours.encode(text)


@pytest.mark.oracle
def test_wordpiece_of_the_library_reads_vocab_txt(tmp_path: Path, prose: list[str]):
    ours = train_wordpiece(
        prose, vocab_size=800, split="punctuation", lowercase=True, special_tokens=BERT
    )
    path = tmp_path / "vocab.txt"
    done = convert(ours, path)
    assert done.not_held == [
        "how text is cut: PunctuationSplit()",
        "how text is rewritten: Lowercase()",
        "which tokens are special: [PAD], [SEP], [UNK], [CLS], [MASK]",
    ]
    bert = hf.BertWordPieceTokenizer(str(path), clean_text=False, handle_chinese_chars=False,
                                     strip_accents=False, lowercase=True)  # fmt: skip
    model = hf.models.WordPiece.from_file(str(path), unk_token="[UNK]")
    assert hf.Tokenizer(model).get_vocab() == ours.get_vocab()
    for text in [*prose[::20], "Été [ok]"]:
        assert bert.encode(text, add_special_tokens=False).ids == ours.encode(text)


def test_round_trips_end_where_they_began(tmp_path: Path, prose: list[str]):
    bpe = train_bpe(prose[::4], vocab_size=400)
    path = tmp_path / "bpe.json"
    convert(bpe, path)
    convert(load(path), tmp_path / "a-vocab.json")
    again = load(tmp_path / "a-merges.txt")
    convert(again, tmp_path / "x.tiktoken")
    special = {"<PAD>": 0, "<EOS>": 1}
    ranks = load_tiktoken(tmp_path / "x.tiktoken", pretokenizer=Gpt2Split(), special_tokens=special)
    assert isinstance(again, BPETokenizer)
    assert again.merges == ranks.merges == bpe.merges
    assert again.vocabulary.tokens == ranks.vocabulary.tokens == bpe.vocabulary.tokens


def bytes_with(tokens: list[str], merges: list[tuple[str, str]], **options: bool) -> BPETokenizer:
    vocabulary = Vocabulary([*ALPHABET, *tokens], SpecialTokens.none())
    return BPETokenizer(vocabulary, merges, **options)


REFUSED = {
    "not in the order of ids": (
        bytes_with(["bc", "ab"], [("a", "b"), ("b", "c")]),
        "x.tiktoken",
        "merge 1 makes the id 256, the one before it 257, .* lowest first",
    ),
    "made otherwise": (
        bytes_with(["ab", "bc", "abc"], [("a", "b"), ("b", "c"), ("a", "bc")]),
        "x.tiktoken",
        r"token b'abc' is made of \(b'a', b'bc'\), not of the parts",
    ),
    "not made": (bytes_with(["ab"], []), "x.tiktoken", "b'ab' is made of nothing"),
    "whole pieces": (
        bytes_with(["ab"], [], ignore_merges=True),
        "vocab.json",
        "the token 'ab' is not what its merges make",
    ),
    "words in bytes": (
        train_wordpiece({"ab": 1}),
        "x.tiktoken",
        "a wordpiece tokenizer is not BPE",
    ),
    "bytes in words": (ByteTokenizer(), "vocab.txt", "a byte tokenizer is not WordPiece"),
    "another prefix": (
        train_wordpiece({"ab": 1}, continuing_subword_prefix="@@"),
        "vocab.txt",
        "no place for another prefix than '##'",
    ),
    "characters": (
        train_bpe({"ab": 2}, vocab_size=10, byte_level=False),
        "x.tiktoken",
        "holds bytes; this tokenizer is over characters",
    ),
    "a space in a merge": (
        train_bpe(["a a a"], vocab_size=10, byte_level=False),
        "vocab.json",
        r"no place for white space in tokens: \(' ', 'a'\)",
    ),
    "no known name": (ByteTokenizer(), "x.bin", r"x\.bin: the name must end with \.json"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_change_the_ids_is_refused_and_nothing_is_written(name: str, tmp_path: Path):
    tokenizer, path, message = REFUSED[name]
    with pytest.raises(ToktoolsError, match=message):
        convert(tokenizer, tmp_path / path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_form_is_answered_with_the_known(tmp_path: Path):
    with pytest.raises(ToktoolsError, match=r"no form to convert to 'vocab.tx'; did you mean"):
        convert(ByteTokenizer(), tmp_path / "x", "vocab.tx")
    with pytest.raises(ToktoolsError, match=r"must be an existing folder, or end with vocab.json"):
        convert(ByteTokenizer(), tmp_path / "x", "vocab-merges")


def test_convert_as_a_person_runs_it(tmp_path: Path):
    train_bpe(["low lower lowest"], vocab_size=262).save(tmp_path / "bpe.json")
    done = toktools("convert", tmp_path / "bpe.json", tmp_path / "bpe.tiktoken")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "not in the file: how text is cut: Gpt2Split()",
        "not in the file: the special tokens: {'<PAD>': 0, '<EOS>': 1}",
        f"{tmp_path}/bpe.json -> {tmp_path}/bpe.tiktoken: 262 tokens, 403 strings compared",
    ]
    back = tmp_path / "back.json"
    done = toktools("convert", tmp_path / "bpe.tiktoken", back)
    assert done.returncode == 1
    assert "holds ranks but not how text is cut" in done.stderr
    ranks = (tmp_path / "bpe.tiktoken").read_text().splitlines()
    (tmp_path / "x.tiktoken").write_text(
        "".join(f"{token} {int(rank) - 2}\n" for token, rank in map(str.split, ranks))
    )
    done = toktools("convert", tmp_path / "x.tiktoken", back, "--pretokenizer", "gpt2")
    assert done.returncode == 0, done.stderr
    assert json.loads(back.read_text())["pre_tokenizer"]["type"] == "ByteLevel"
    ids = load(tmp_path / "bpe.json").encode("lowest")
    assert load(back).encode("lowest") == [id - 2 for id in ids]
