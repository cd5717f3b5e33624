"""Files encoded from memory maps, on threads, give what reading them line by line gives."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

from tests.toktools.conftest import readably
from toktools import ByteTokenizer, ToktoolsError, open_corpus, train_word
from toktools.compiled import texts as compiled_texts
from toktools.compiled.tokenizer import CompiledTokenizer
from toktools.compiled.worth import Least
from toktools.corpus import shards as shards_module
from toktools.corpus.shards import can_be_sharded, shards
from toktools.kernels.room import Room

CONTENTS = [
    b"one two\n\nthree\n",
    b"no line feed at the end",
    b"\xef\xbb\xbfa mark\r\nand carriage returns\r\n\r\r\na\rb\r",
    b"\xef\xbb\xbf\xef\xbb\xbftwo marks\n",
    b"\n\n\n",
    b"\r\n",
    "é 漢字 🙂 \u2028 \u0085 x\x0by\x0cz\n".encode() * 9,
    b"a long line " * 500 + b"\nshort\n",
]


@pytest.fixture(params=["word", "byte"])
def tokenizer(request: pytest.FixtureRequest, prose: list[str]) -> CompiledTokenizer:
    return ByteTokenizer() if request.param == "byte" else train_word(prose[:300])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch):
    """Let small files go through the loops, in pieces of a few bytes."""
    monkeypatch.setattr(compiled_texts, "LEAST", Least(0, 0, 0))
    monkeypatch.setattr(compiled_texts, "LEAST_AGAIN", 0)
    monkeypatch.setattr(shards_module, "SHARD", 40)
    monkeypatch.setattr(shards, "__defaults__", (40,))


def write(folder: Path, contents: list[bytes]) -> list[Path]:
    paths = [folder / f"{i}.txt" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("eos", [False, True])
def test_ids_and_starts_are_those_of_the_lines(
    tokenizer: CompiledTokenizer,
    tmp_path: Path,
    threads: str,
    eos: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("TOKTOOLS_THREADS", threads)
    paths = [path for path in write(tmp_path, CONTENTS) if can_be_sharded(path)]
    lines = [line for path in paths for line in open_corpus(path)]
    expected = [readably(tokenizer, line, add_eos=eos) for line in lines]
    for out in (None, tmp_path / "ids.npy"):
        ids, starts = tokenizer.encode_files(paths, add_eos=eos, out=out)
        assert vars(tokenizer)["_compiled"] is not None
        assert ids.tolist() == [id for document in expected for id in document]
        assert starts.tolist() == [0, *accumulate(map(len, expected))]


@pytest.mark.parametrize("content", CONTENTS)
def test_pieces_of_a_file_are_its_lines(tmp_path: Path, content: bytes):
    path = write(tmp_path, [content])[0]
    if not can_be_sharded(path):
        assert len(content) <= 3
        return
    room = Room(np.uint8)
    pieces = b"".join(shard.read(room).tobytes() for shard in shards(path))
    assert pieces.endswith(b"\n")
    assert pieces[:-1].decode().split("\n") == list(open_corpus(path))


def test_bytes_that_are_not_utf8_are_refused_by_file_and_line(
    tokenizer: CompiledTokenizer, tmp_path: Path
):
    paths = write(tmp_path, [b"good\n" * 30, b"good\n" * 20 + b"b\xffd\n"])
    with pytest.raises(ToktoolsError, match=r"1\.txt:21: byte 2 of the line, 0xff, is not UTF-8"):
        tokenizer.encode_files(paths, out=tmp_path / "ids.npy")
    assert not (tmp_path / "ids.npy").exists()


def test_files_that_are_not_plain_text_are_read_as_elsewhere(
    tokenizer: CompiledTokenizer, tmp_path: Path
):
    import gzip

    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    ids, starts = tokenizer.encode_files(path)
    assert ids.tolist() == readably(tokenizer, "one") + readably(tokenizer, "two")
    assert len(starts) == 3
    (tmp_path / "a.jsonl").write_text("{}")
    with pytest.raises(ToktoolsError, match="field must be given"):
        tokenizer.encode_files(tmp_path / "a.jsonl")
    with pytest.raises(ToktoolsError, match="missing"):
        tokenizer.encode_files(tmp_path / "missing.txt")
    (tmp_path / "empty.txt").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(ToktoolsError, match="empty"):
        tokenizer.encode_files([tmp_path / "empty.txt"])


def test_more_ids_than_bytes_find_room(tmp_path: Path):
    """With an id behind each empty line there may be twice as many ids as bytes."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n" * 500 + b"ab\n" * 50)
    ids, starts = ByteTokenizer().encode_files([path, path], add_eos=True)
    assert ids.tolist() == ([1] * 500 + [99, 100, 1] * 50) * 2
    assert starts.dtype == np.int64


def test_a_number_of_threads_that_is_none_is_refused(
    tokenizer: CompiledTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOKTOOLS_THREADS", "two")
    path = write(tmp_path, [b"text\n" * 9])[0]
    with pytest.raises(ToktoolsError, match="TOKTOOLS_THREADS must be a whole number >= 1, got"):
        tokenizer.encode_files(path)
