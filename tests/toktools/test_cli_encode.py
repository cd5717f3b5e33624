"""`toktools encode` and `decode` with files: every form, there and back."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from toktools import Tokenizer, load, train_bpe
from toktools.compiled.decoding import LEAST

LINES = ["To be, or not to be", "", "naïve 漢字 🙂", "  that is  the question"]
TEXT = "".join(f"{line}\n" for line in LINES)


def toktools(
    *arguments: str | Path, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "toktools", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
    )


def done(*arguments: str | Path, stdin: bytes | None = None) -> bytes:
    process = toktools(*arguments, stdin=stdin)
    assert process.returncode == 0, process.stderr.decode()
    return process.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("encode")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8")
    train_bpe(LINES, vocab_size=300).save(folder / "bpe.json")
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return load(folder / "bpe.json")


@pytest.mark.parametrize(
    ("name", "option"),
    [
        *(("ids.txt", "--eos"), ("ids.jsonl", "--eos")),
        *(("ids.npy", "--eos"), ("ids.bin", "--eos")),
        *(("ids.npy", "--starts"), ("ids.bin", "--starts")),
    ],
)
def test_what_a_form_holds_decodes_to_the_text(folder: Path, tmp_path: Path, name, option):
    """Arrays need one of the two options to say where lines end."""
    done("encode", "-t", folder / "bpe.json", folder / "text.txt", option, "-o", tmp_path / name)
    assert done("decode", "-t", folder / "bpe.json", tmp_path / name).decode() == TEXT


def test_an_array_holds_the_ids_end_to_end_in_as_few_bytes_as_will_do(
    folder: Path, tokenizer: Tokenizer
):
    out = folder / "a.npy"
    done("encode", "-t", folder / "bpe.json", folder / "text.txt", "--starts", "-o", out)
    ids, starts = np.load(out), np.load(folder / "a.starts.npy")
    assert (ids.dtype, starts.dtype) == (np.uint16, np.int64)
    found = [ids[a:b].tolist() for a, b in pairwise(starts)]
    assert found == tokenizer.encode_batch(LINES)
    wide = ("--dtype", "uint32", "-o", out)
    done("encode", "-t", folder / "bpe.json", folder / "text.txt", *wide)
    assert np.load(out).dtype == np.uint32
    assert np.load(out).tolist() == ids.tolist()


def test_without_starts_none_are_written(folder: Path, tmp_path: Path):
    done("encode", "-t", folder / "bpe.json", folder / "text.txt", "-o", tmp_path / "a.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


@pytest.mark.parametrize("dtype", [(), ("--dtype", "uint32")])
def test_bare_integers_go_through_pipes(folder: Path, tokenizer: Tokenizer, dtype):
    command = ("-t", folder / "bpe.json", "--as", "raw", *dtype)
    raw = done("encode", *command, "--eos", stdin=TEXT.encode())
    ids = np.frombuffer(raw, dtype="<u4" if dtype else "<u2").tolist()
    assert ids == [id for line in LINES for id in tokenizer.encode(line, add_eos=True)]
    assert done("decode", *command, stdin=raw).decode() == TEXT


def test_an_array_without_ends_is_one_document(folder: Path, tmp_path: Path):
    out = tmp_path / "a.npy"
    done("encode", "-t", folder / "bpe.json", folder / "text.txt", "-o", out)
    assert done("decode", "-t", folder / "bpe.json", out).decode() == "".join(LINES) + "\n"


def test_json_lines_hold_ids(folder: Path, tokenizer: Tokenizer):
    out = done("encode", "-t", folder / "bpe.json", "--as", "jsonl", stdin=TEXT.encode())
    found = [json.loads(line)["ids"] for line in out.splitlines()]
    assert found == tokenizer.encode_batch(LINES)
    rich = done("encode", "-t", folder / "bpe.json", "--as", "json", stdin=TEXT.encode())
    back = ("decode", "-t", folder / "bpe.json", "--as", "jsonl")
    assert done(*back, stdin=rich).decode() == TEXT
    assert done(*back, stdin=b"[2, 3]\n").decode() == tokenizer.decode([2, 3]) + "\n"


def test_the_count_goes_to_standard_error(folder: Path, tmp_path: Path):
    out = tmp_path / "a.npy"
    process = toktools("encode", "-t", folder / "bpe.json", folder / "text.txt", "-o", out)
    assert process.stdout == b""
    n = len(np.load(out))
    assert process.stderr.decode() == f"{n} tokens of 4 documents, uint16\n"


def test_a_device_is_written_to_and_stays_one(folder: Path):
    done("encode", "-t", folder / "bpe.json", folder / "text.txt", "-o", "/dev/null")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["encode", "--as", "npy"], b"a\n", "cannot go to a pipe; write it to a file"),
        (["encode", "--starts"], b"a\n", "--starts goes with arrays in a file"),
        (["encode", "--dtype", "uint16"], b"a\n", "--dtype goes with --as npy and --as raw"),
        (["encode", "-o", "a.npy"], b"\xff\n", "<stdin>:1:"),
        (["encode", "-o", "no/a.npy"], b"a\n", "no/a.npy: cannot be written"),
        (["decode", "--as", "raw"], b"\x02\x00\x03", "must hold whole numbers of 2 bytes"),
        (["decode", "--as", "raw"], b"\xff\xff", "token id must be in 0..296, got 65535"),
        (["decode", "--as", "npy"], b"", "a .npy file must be named"),
        (["decode", "--as", "jsonl"], b'[2]\n{"id": 2}\n', "<stdin>:2: expected a list of token"),
        (["decode"], b"\xff 3\n", "<stdin>:1: expected token ids"),
        (["decode", "gone.txt"], b"", "gone.txt: No such file"),
        (["decode", "gone.npy"], b"", "gone.npy: cannot be read: No such file"),
        (["decode", "bpe.json", "--as", "npy"], b"", "bpe.json: is not a .npy file of ids"),
        (["decode", "matrix.npy"], b"", "one row of whole numbers, got float64 of shape (2, 2)"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing_half_written(
    folder: Path, tmp_path: Path, monkeypatch, arguments: list[str], stdin: bytes, message: str
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bpe.json").write_bytes((folder / "bpe.json").read_bytes())
    np.save(tmp_path / "matrix.npy", np.zeros((2, 2)))
    process = toktools(arguments[0], "-t", "bpe.json", *arguments[1:], stdin=stdin)
    error = process.stderr.decode()
    assert process.returncode == 1
    assert error.startswith("error: ")
    assert message in error
    assert len(error.splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"bpe.json", "matrix.npy"}


MEASURE = """
import resource, sys
from toktools.cli import main
try:
    main(["encode", "-t", sys.argv[1], sys.argv[2], "--starts", "-o", sys.argv[3]])
except SystemExit as e:
    assert not e.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kilobytes(folder: Path, megabytes: int) -> int:
    """Return the peak memory of encoding this much text with few distinct words."""
    source, out = folder / f"{megabytes}.txt", folder / f"{megabytes}.npy"
    line = "to be or not {} to be, that is the question {}\n"
    lines = "".join(line.format(i % 9, i) for i in range(22_000))
    with source.open("w") as file:
        for _ in range(megabytes):
            file.write(lines)
    command = [sys.executable, "-c", MEASURE, folder / "bpe.json", source, out]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(np.load(out, mmap_mode="r")) > megabytes * 200_000
    source.unlink()
    return int(process.stdout)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_input(folder: Path):
    small, large = peak_kilobytes(folder, 4), peak_kilobytes(folder, 40)
    assert large < small + 16_000


@pytest.mark.parametrize(("name", "starts"), [("long.npy", True), ("long.bin", False)])
def test_long_arrays_are_decoded_by_the_loops_to_the_same_text(
    folder: Path, tmp_path: Path, tokenizer: Tokenizer, name: str, starts: bool
):
    """More ids than `LEAST`: the same lines over and over, in several slices."""
    once = tokenizer.encode_documents(LINES, add_eos=not starts)
    n = LEAST.new // len(once.ids) + 1
    ids = np.tile(once.ids, n).astype("<u2")
    if starts:
        np.save(tmp_path / "long.starts.npy", np.cumsum([0, *np.tile(np.diff(once.starts), n)]))
        np.save(tmp_path / name, ids)
    else:
        ids.tofile(tmp_path / name)
    assert done("decode", "-t", folder / "bpe.json", tmp_path / name).decode() == TEXT * n
