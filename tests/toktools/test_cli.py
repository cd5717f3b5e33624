"""`toktools` as a person runs it: real processes, real files, real pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tokenizers as hf

from toktools import load

TEXT = "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind\n"


def toktools(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toktools", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a text and a BPE tokenizer trained on it."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "hamlet.txt").write_text(TEXT)
    done = toktools(
        "train-bpe", folder / "hamlet.txt", "--vocab-size", "280", "-o", folder / "bpe.json"
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", ["bpe", "wordpiece", "word", "character"])
def test_every_kind_trains_on_a_built_in_corpus(name: str, tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    done = toktools(f"train-{name}", "human-numbers", "-o", path)
    assert done.returncode == 0, done.stderr
    assert f"{name}: " in done.stderr
    assert "(9,998 documents" in done.stderr
    assert load(path).kind == name
    assert hf.Tokenizer.from_file(str(path)).get_vocab() == load(path).get_vocab()


def test_sentencepiece_trains_on_a_built_in_corpus(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    options = ("--vocab-size", "50", "--model-type", "bpe", "--byte-fallback", "--any-token", "?")
    done = toktools("train-sentencepiece", "human-numbers", *options, "-o", path)
    assert done.returncode != 0
    assert "Vocabulary size is smaller than required_chars. 50 vs" in done.stderr
    done = toktools("train-sentencepiece", "human-numbers", *options[2:], "-o", path)
    assert done.returncode == 0, done.stderr
    assert "sentencepiece: " in done.stderr
    assert load(path).vocabulary.special.any == "?"
    encoded = toktools("encode", "-t", path, "--text", "nine é", "--as", "json")
    assert json.loads(encoded.stdout)["tokens"] == ["▁nine", "▁", "<0xC3>", "<0xA9>"]


def test_training_says_when_the_corpus_ran_out_of_pairs(tmp_path: Path):
    done = toktools("train-bpe", "human-numbers", "-o", tmp_path / "t.json")
    assert "8,000 were asked for; the corpus has no more pairs to merge" in done.stderr


def test_unigram_training_says_that_it_ran_out_of_pieces(tmp_path: Path):
    done = toktools("train-sentencepiece", "human-numbers", "-o", tmp_path / "t.json")
    assert "8,000 were asked for; the corpus has no more likely pieces" in done.stderr


def test_word_training_reports_what_any_replaced(folder: Path):
    done = toktools(
        "train-word", folder / "hamlet.txt", "--min-count", "2", "-o", folder / "w.json"
    )
    assert "words (" in done.stderr
    assert "2 of 2 documents kept that would be lost without it" in done.stderr


def test_a_tokenizer_can_be_piped_to_another_program():
    done = toktools("train-character", "-", "-o", "-", stdin=TEXT)
    assert hf.Tokenizer.from_str(done.stdout).get_vocab_size() > 20


def test_encode_then_decode_gives_the_text_back(folder: Path):
    text = TEXT + "Ünseen 漢字\n\n  indented\n"
    ids = toktools("encode", "-t", folder / "bpe.json", stdin=text)
    assert len(ids.stdout.splitlines()) == len(text.splitlines())
    assert toktools("decode", "-t", folder / "bpe.json", stdin=ids.stdout).stdout == text


def test_encode_reads_files_and_writes_files(folder: Path):
    out = folder / "ids.txt"
    done = toktools("encode", "-t", folder / "bpe.json", folder / "hamlet.txt", "--eos", "-o", out)
    assert done.returncode == 0, done.stderr
    tokenizer = load(folder / "bpe.json")
    lines = [" ".join(map(str, tokenizer.encode(s, add_eos=True))) for s in TEXT.splitlines()]
    assert out.read_text().splitlines() == lines


def test_encode_gives_tokens_and_spans_on_request(folder: Path):
    done = toktools("encode", "-t", folder / "bpe.json", "--text", "né", "--as", "json")
    assert json.loads(done.stdout)["tokens"] == ["n", "Ã", "©"]
    assert json.loads(done.stdout)["spans"] == [[0, 1], [1, 2], [1, 2]]
    done = toktools("encode", "-t", folder / "bpe.json", "--text", "n!", "--as", "tokens")
    assert done.stdout == "n !\n"


def test_inspect_says_what_it_is_and_how_it_cuts(folder: Path):
    done = toktools("inspect", folder / "bpe.json", "--text", "to be é")
    assert "kind" in done.stdout
    assert "280" in done.stdout
    assert "<PAD>=0 <EOS>=1" in done.stdout
    assert "<C3> | <A9>" in done.stdout


def test_inspect_lists_the_vocabulary(folder: Path):
    lines = toktools("inspect", folder / "bpe.json", "--tokens").stdout.splitlines()
    assert lines[:3] == ["0\t<PAD>", "1\t<EOS>", "2\t!"]
    assert len(lines) == 280


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train-bpe", "gone.txt"], "no corpus 'gone.txt'"),
        (["train-bpe", "human-numbers", "--vocab-size", "9"], "vocab_size must be >= 258"),
        (["train-word", "human-numbers", "--min-count", "0"], "min_count must be >= 1"),
        (["train-word", "human-numbers", "-o", "no/such/folder.json"], "cannot be written"),
        (["encode", "-t", "gone.json", "--text", "x"], "gone.json: cannot be read"),
        (["inspect", "gone.json"], "gone.json: cannot be read"),
        (["train-word", "human-numbers", "--pad-token", "<EOS>"], "got '<EOS>' more than once"),
    ],
)
def test_a_mistake_is_one_line_and_a_non_zero_exit(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    done = toktools(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_invalid_utf8_is_named_by_file_and_line(folder: Path):
    (folder / "latin1.txt").write_bytes("fine\nna\xefve\n".encode("latin-1"))
    done = toktools("train-bpe", folder / "latin1.txt", "-o", folder / "never.json")
    assert done.returncode == 1
    assert "latin1.txt:2:" in done.stderr
    assert "--errors replace" in done.stderr
    assert not (folder / "never.json").exists()


def test_replaced_text_is_counted(folder: Path):
    (folder / "latin1.txt").write_bytes("fine\nna\xefve\n".encode("latin-1"))
    done = toktools(
        *("train-character", folder / "latin1.txt", "--errors", "replace"),
        *("-o", folder / "replaced.json"),
    )
    assert "1 documents with invalid text had bytes replaced" in done.stderr


def test_decode_names_the_line_that_is_not_ids(folder: Path):
    done = toktools("decode", "-t", folder / "bpe.json", stdin="2 3\n4 five\n")
    assert "<stdin>:2: expected token ids (whole numbers), got '4 five'" in done.stderr


def test_decode_names_an_id_outside_the_vocabulary(folder: Path):
    done = toktools("decode", "-t", folder / "bpe.json", stdin="2 3\n4 999\n")
    assert (done.returncode, done.stderr) == (1, "error: token id must be in 0..279, got 999\n")


@pytest.mark.parametrize(
    "command",
    [
        "train-bpe",
        "train-wordpiece",
        "train-word",
        "train-character",
        "encode",
        "decode",
        "inspect",
    ],
)
def test_every_command_shows_an_example(command: str):
    assert f"Example:\n    toktools {command}" in toktools(command, "--help").stdout or (
        f"| toktools {command}" in toktools(command, "--help").stdout
    )


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_toktools_imports_neither_torch_nor_numba():
    every_name = "import toktools.cli; [getattr(toktools, name) for name in toktools.__all__]"
    assert not {"torch", "numba", "tokenizers"} & modules_after(every_name)


def test_importing_toktools_alone_imports_nothing_heavy():
    assert not {"numpy", "click", "rich"} & modules_after("import toktools")


def test_help_imports_neither_numpy_nor_rich():
    help_only = "import toktools.cli\ntry: toktools.cli.main(['--help'])\nexcept SystemExit: pass"
    assert not {"numpy", "torch", "rich"} & modules_after(help_only)
