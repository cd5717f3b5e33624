"""Bad files end in one clear line: nothing runs on, nothing is half-written."""

from __future__ import annotations

import base64
import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.test_cli import toktools
from toktools import (
    ByteTokenizer,
    Tokenizer,
    ToktoolsError,
    load,
    load_tiktoken,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)
from toktools.formats.reading import MAX_BYTES, read_json
from toktools.formats.tokenizer_json import from_json, to_json
from toktools.normalizers import EnsurePrefix, Lowercase, NormalizerSequence, Replace, Strip
from toktools.pretokenizers import Gpt2Split, MetaspaceSplit, PunctuationMarkSplit, SplitSequence

Json = dict[str, Any]


def ours() -> Iterator[Tokenizer]:
    """Yield a small one of each kind, with the parts that a file may have."""
    counts = {"aba": 3, "ab": 2}
    yield ByteTokenizer()
    yield train_bpe(counts, vocab_size=260)
    yield train_bpe(counts, vocab_size=6, byte_level=False)
    yield train_character(["ab"])
    word = train_word(["a b"], min_count=1, lowercase=True)
    word.normalizer = NormalizerSequence(Strip(), Lowercase(), Replace(" ", "▁"), EnsurePrefix("▁"))
    word.pretokenizer = SplitSequence(MetaspaceSplit(), PunctuationMarkSplit())
    yield word
    yield train_wordpiece({"ab": 1}, split="punctuation", lowercase=True)


DOCUMENTS = [json.loads(json.dumps(to_json(tokenizer))) for tokenizer in ours()]
for _document in DOCUMENTS[:]:
    _foreign = copy.deepcopy(_document)  # as if another program had written it
    del _foreign["model"]["toktools"]
    DOCUMENTS.append(_foreign)
VALUES = st.sampled_from(
    [None, True, 0, 1, -1, 7, 10**30, 1.5, "", "a", "\x00", [], ["a"], [["a", "b"]], {}, {"a": 0}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value; of the vocabulary only a few entries."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in [*keys[:3], *keys[-3:]] if len(keys) > 20 else keys:
        yield (*path, key)
        if isinstance(value[key], dict | list):
            yield from places(value[key], (*path, key))


PLACES = [(i, place) for i, document in enumerate(DOCUMENTS) for place in places(document)]


@settings(max_examples=1500, deadline=None)
@given(place=st.sampled_from(PLACES), value=VALUES, change=st.sampled_from(["set", "del", "again"]))
def test_a_file_with_one_thing_wrong_is_read_or_refused(
    place: tuple[int, tuple[Any, ...]], value: Any, change: str
):
    i, path = place
    document = copy.deepcopy(DOCUMENTS[i])
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    if change == "set":
        inside[path[-1]] = value
    elif change == "del":
        del inside[path[-1]]
    elif isinstance(inside, list):
        inside.append(inside[path[-1]])
    else:
        inside["again"] = inside[path[-1]]
    try:
        tokenizer = from_json(document)
    except ToktoolsError as e:
        if "\n" in str(e):
            raise
        return
    tokenizer.decode(tokenizer.encode("ab a, b\n"))
    to_json(tokenizer)


def nested(depth: int) -> str:
    document = copy.deepcopy(DOCUMENTS[4])
    text = json.dumps(document)
    start, end = '{"type": "Sequence", "pretokenizers": [', "]}"
    cut = json.dumps(document["pre_tokenizer"])
    return text.replace(cut, start * depth + cut + end * depth)


BAD = {
    "empty.json": (b"", "is not a JSON file"),
    "cut-off.json": (json.dumps(DOCUMENTS[0]).encode()[:-20], "is not a JSON file"),
    "not-utf8.json": (b'{"model": "\xff"}', "is not UTF-8 text"),
    "nul.json": (b"\x00" * 100, "is not a JSON file"),
    "key-twice.json": (b'{"model": {"vocab": {"a": 0, "a": 1}}}', "the key 'a' stands twice"),
    "nan.json": (b'{"model": NaN}', "NaN is not a number in JSON"),
    "digits.json": (b'{"model": ' + b"9" * 5000 + b"}", "is not a JSON file: Exceeds the limit"),
    "half-character.json": (b'{"model": {"a": "\\ud800"}}', "is not a JSON file: .*surrogates"),
    "deep.json": (b"[" * 100_000, "is not a JSON file"),
    "vocab.txt": (b"", r"special token '\[UNK\]' is not in the vocabulary"),
    "twice-vocab.txt": (b"[UNK]\na\na\n", "holds each token once, got 'a' twice"),
    "alone-vocab.json": (b"{}", "alone-merges.txt: cannot be read.*beside .*alone-vocab.json"),
    "empty.model": (b"", "is not a SentencePiece model"),
    "huge-field.model": (b"\x0a\xff\xff\xff\xff\x07abc", "is not a SentencePiece model"),
    "endless-number.model": (b"\x0a" + b"\xff" * 5000, "is not a SentencePiece model"),
    "noise.model": (bytes(range(256)), "is not a SentencePiece model"),
    "cl100k_base.tiktoken": (
        b"YQ== 2147483648\n",
        r"ids must be whole numbers in .* got 2147483648 for token 'a'",
    ),
    "r50k_base.tiktoken": (b"\x00\xff 0\n", "r50k_base.tiktoken:1: a line must be"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_content_is_one_line_that_names_the_file(name: str, tmp_path: Path):
    content, message = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ToktoolsError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("depth", [10, 300, 480])
def test_cuts_within_cuts_are_run_or_refused(depth: int, tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    path.write_text(nested(depth))
    try:
        tokenizer = load(path)
    except ToktoolsError as e:
        assert depth > 10, e  # noqa: PT017
        return
    assert tokenizer.encode("a, b") == from_json(DOCUMENTS[4]).encode("a, b")


@pytest.mark.parametrize("name", ["x.json", "x.model", "r50k_base.tiktoken", "vocab.txt"])
def test_what_is_no_ordinary_file_is_refused_at_once(name: str, tmp_path: Path):
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(ToktoolsError, match="is not an ordinary file"):
        load(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ToktoolsError, match="is not an ordinary file"):
        load(path)
    with pytest.raises(ToktoolsError, match="is not an ordinary file"):
        load_tiktoken(path, pretokenizer=Gpt2Split())


def test_a_file_too_large_is_not_read(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ToktoolsError, match="must be at most 536,870,912 bytes, got 536,870,913"):
        load(path)


def test_names_that_are_no_files(tmp_path: Path):
    with pytest.raises(ToktoolsError, match="this one holds none of them"):
        load(tmp_path)
    (tmp_path / "x.model").mkdir()
    with pytest.raises(ToktoolsError, match="this one holds none of them"):
        load(tmp_path / "x.model")
    with pytest.raises(ToktoolsError, match="cannot be read"):
        read_json("nul\0.json")
    with pytest.raises(ToktoolsError, match="cannot be read"):
        load("huggingface:gone.json")


def test_a_surrogate_pair_is_a_character(tmp_path: Path):
    path = tmp_path / "x.json"
    path.write_text('["\\ud83d\\ude42"]')
    assert read_json(path) == ["🙂"]


MERGES = {
    "absent": ([["a", "b"]], r"merge 0 \('a' \+ 'b'\) needs the token 'ab'"),
    "no pair": ([["a", "b", "c"]], "a merge must be a pair of tokens"),
    "a string of three": (["a b c"], "a merge must be a pair of tokens"),
    "of numbers": ([[1, 2]], "a merge must be a pair of tokens"),
}


@pytest.mark.parametrize("name", MERGES)
def test_merges_that_cannot_be_are_refused(name: str):
    merges, message = MERGES[name]
    document = copy.deepcopy(DOCUMENTS[0])
    document["model"].update(
        merges=merges, toktools={**document["model"]["toktools"], "kind": "bpe"}
    )
    with pytest.raises(ToktoolsError, match=message):
        from_json(document)


@pytest.mark.parametrize("name", ["cut-off.json", "deep.json", "huge-field.model", "nul.json"])
@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_the_command_line_says_one_line_and_exits_with_1(command: str, name: str, tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(BAD[name][0])
    done = toktools(command, path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {path}: ")
    assert done.stderr.count("\n") == 1


def test_a_conversion_that_fails_writes_nothing(tmp_path: Path):
    path = tmp_path / "x.json"
    path.write_text("{")
    done = toktools("convert", path, tmp_path / "y.tiktoken")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert list(tmp_path.iterdir()) == [path]


def test_base64_with_a_line_in_it_is_no_rank(tmp_path: Path):
    path = tmp_path / "x.tiktoken"
    path.write_bytes(base64.b64encode(b"a") + b"\x85 0\n")
    with pytest.raises(ToktoolsError, match=r"x\.tiktoken:1: a line must be"):
        load_tiktoken(path, pretokenizer=Gpt2Split())
