"""The options of the training commands reach the trainers, and mistakes are one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tokenizers as hf
from click.testing import CliRunner, Result

from toktools import Tokenizer, count_tokens, load, open_corpus, train_bpe, train_wordpiece
from toktools.cli import main
from toktools.normalizers import NORMALIZERS
from toktools.pretokenizers import PRETOKENIZERS, RegexSplit

TEXT = "The hugs of 1999.\nSome bugs, some pugs\nÉté: hugs\n" * 3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "text.txt").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def trained(command: str, *options: str) -> Tokenizer:
    done = run(command, "text.txt", *options)
    assert done.exit_code == 0, done.stderr
    return load("tokenizer.json")


@pytest.mark.parametrize(
    "sources",
    [
        ["text.txt", "more.txt"],
        ["--corpus", "text.txt", "-c", "more.txt"],
        ["text.txt", "--corpus", "more.txt"],
    ],
)
def test_a_text_may_be_named_as_an_argument_or_with_corpus(folder: Path, sources: list[str]):
    (folder / "more.txt").write_text("zebras\n")
    done = run("train-bpe", *sources, "--character-level", "--vocab-size", "60")
    assert done.exit_code == 0, done.stderr
    expected = train_bpe(open_corpus(["text.txt", "more.txt"]), vocab_size=60, byte_level=False)
    assert load("tokenizer.json").vocabulary.tokens == expected.vocabulary.tokens


def test_a_command_without_a_text_says_how_to_name_one(folder: Path):
    trained("train-bpe", "--vocab-size", "280")
    done = run("extend", "-t", "tokenizer.json", "--vocab-size", "300", "-o", "more.json")
    assert done.exit_code == 1
    assert done.stderr == "error: a text must be named; pass it with --corpus (-c)\n"


def test_every_option_of_train_bpe_is_that_of_the_function(folder: Path):
    by_command = trained(
        "train-bpe",
        *("--vocab-size", "60", "--min-frequency", "2", "--max-token-length", "6"),
        *("--character-level", "--limit-alphabet", "20", "--initial-alphabet", "xy"),
        *("--continuing-subword-prefix", "@@", "--end-of-word-suffix", "_"),
        *("--pretokenizer", "punctuation", "--pretokenizer", "digits"),
        *("--normalizer", "nfkc", "--normalizer", "strip-accents"),
    )
    by_function = train_bpe(
        open_corpus("text.txt"),
        vocab_size=60,
        min_frequency=2,
        max_token_length=6,
        byte_level=False,
        limit_alphabet=20,
        initial_alphabet="xy",
        continuing_subword_prefix="@@",
        end_of_word_suffix="_",
        pretokenizer=["punctuation", "digits"],
        normalizer=["nfkc", "strip-accents"],
    )
    assert by_command.vocabulary.tokens == by_function.vocabulary.tokens
    assert by_command.training == by_function.training


def test_every_option_of_train_wordpiece_is_that_of_the_function(folder: Path):
    by_command = trained(
        "train-wordpiece",
        *("--vocab-size", "540", "--byte-complete", "--criterion", "likelihood"),
        *("--min-frequency", "2", "--continuing-subword-prefix", "▁", "--split", "punctuation"),
        *("--normalizer", "nfkc", "--lowercase"),
    )
    by_function = train_wordpiece(
        open_corpus("text.txt"),
        vocab_size=540,
        byte_complete=True,
        criterion="likelihood",
        min_frequency=2,
        continuing_subword_prefix="▁",
        split="punctuation",
        normalizer=["nfkc"],
        lowercase=True,
    )
    assert by_command.vocabulary.tokens == by_function.vocabulary.tokens
    assert by_command.training == by_function.training


def test_a_regular_expression_cuts_before_the_named_cuts(folder: Path):
    tokenizer = trained(
        "train-bpe", "--split-regex", r"\p{L}+", "--pretokenizer", "digits", "--vocab-size", "270"
    )
    assert tokenizer.pretokenizer.split("ab12") == ["ab", "1", "2"]
    tokenizer = trained("train-word", "--split-regex", r"\p{L}+")
    assert tokenizer.pretokenizer == RegexSplit(r"\p{L}+")
    library = hf.Tokenizer.from_file("tokenizer.json")
    assert library.encode("hugs, hugs").ids == tokenizer.encode("hugs, hugs")


def test_special_tokens_are_named_left_out_and_added(folder: Path):
    tokenizer = trained(
        "train-wordpiece",
        *("--pad-token", "", "--eos-token", "[END]", "--any-token", "[UNK]"),
        *("--special-token", "[MASK]", "--special-token", "[SEP]"),
    )
    assert tokenizer.vocabulary.tokens[:4] == ("[END]", "[UNK]", "[MASK]", "[SEP]")
    assert (tokenizer.pad_id, tokenizer.eos_id, tokenizer.unk_id) == (None, 0, 1)


@pytest.mark.parametrize(
    "command", ["train-bpe", "train-wordpiece", "train-word", "train-character"]
)
def test_token_counts_are_written_beside_the_tokenizer(command: str, folder: Path):
    tokenizer = trained(command, "--token-counts", "counts.tsv")
    rows = [line.split("\t") for line in Path("counts.tsv").read_text().splitlines()]
    assert rows[0] == ["id", "token", "count"]
    tokens = [row[1].replace("\\\\", "\\") for row in rows[1:]]
    assert tokens == list(tokenizer.vocabulary.tokens)
    expected = count_tokens(tokenizer, TEXT.splitlines())
    np.testing.assert_array_equal([int(row[2]) for row in rows[1:]], expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train-bpe", "--pretokenizer", "gtp2"], "no pretokenizer 'gtp2'; did you mean 'gpt2'"),
        (["train-word", "--normalizer", "lower"], "did you mean 'lowercase'"),
        (["train-bpe", "--split-regex", "(a"], "'(a' is not a regular expression"),
        (["train-bpe", "--split-regex", "^a"], "read in different ways"),
        (["train-word", "--split", "whitespace", "--pretokenizer", "gpt2"], "give one of them"),
        (["train-bpe", "--end-of-word-suffix", "_"], "--character-level"),
        (["train-word", "--any-token", ""], "needs an ANY token"),
        (["train-bpe", "--special-token", "<PAD>"], "got '<PAD>' more than once"),
        (["train-bpe", "--token-counts", "no/such/folder.tsv"], "cannot be written"),
        (["train-bpe", "--token-counts", "c.tsv", "-o", "no/such/t.json"], "cannot be written"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    arguments: list[str], message: str, folder: Path
):
    done = run(*arguments[:1], "text.txt", *arguments[1:])
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(folder.iterdir()) == [folder / "text.txt"]


def test_help_names_every_pretokenizer_and_normalizer_and_how_to_leave_a_token_out():
    shown = "".join(run("train-bpe", "--help").stdout.split())  # names may be cut at a hyphen
    cuts = shown[shown.index("Howtextiscut") :]
    assert all(name in cuts for name in PRETOKENIZERS)
    assert all(name in cuts[cuts.index("Rewritetext") :] for name in NORMALIZERS)
    assert "Padding;''fornone" in shown
