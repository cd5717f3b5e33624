"""`toktools score`, `compare` and `viz`, as a person runs them."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toktools.test_cli import modules_after, toktools
from toktools import load, train_bpe, train_word
from toktools.metrics import compare, parity, score

TEXT = "the cat sat on the mat\nthe dog sat on the log\n"
ENGLISH, GERMAN = ["the cat", "", "a dog"], ["die Katze", "", "ein Hund"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with texts and two tokenizers."""
    folder = tmp_path_factory.mktemp("score")
    (folder / "text.txt").write_text(TEXT)
    (folder / "en.txt").write_text("\n".join(ENGLISH) + "\n")
    (folder / "de.txt").write_text("\n".join(GERMAN) + "\n")
    train_bpe(TEXT.splitlines(), vocab_size=270).save(folder / "bpe.json")
    train_word(TEXT.splitlines(), min_count=2).save(folder / "word.json")
    return folder


def both(folder: Path) -> list[Path]:
    return [folder / "bpe.json", folder / "word.json"]


def test_score_prints_a_column_for_each_tokenizer(folder: Path):
    done = toktools("score", *both(folder), "-c", folder / "text.txt")
    assert done.returncode == 0, done.stderr
    lines = {line[:27].strip(): line.split()[-2:] for line in done.stdout.splitlines()}
    assert lines["n words"] == ["12", "12"]
    assert lines["shannon efficiency full"]  # no name is wrapped in a pipe
    assert lines["oov rate"] == ["0.0000", "0.3333"]  # cat, mat, dog, log
    assert "\x1b" not in done.stdout


def test_score_as_json_is_what_python_gives(folder: Path):
    done = toktools(
        *("score", *both(folder), "-c", folder / "text.txt"), *("--as", "json", "--alpha", "3")
    )
    found = json.loads(done.stdout)
    assert found["corpus"]["source"] == str(folder / "text.txt")
    for path, row in zip(both(folder), found["rows"], strict=True):
        assert row.pop("tokenizer") == str(path)
        assert row == vars(score(load(path), TEXT.splitlines(), alpha=3))


def test_score_as_csv_has_a_line_for_each_tokenizer(folder: Path):
    done = toktools("score", *both(folder), "-c", "-", "--as", "csv", stdin=TEXT)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["tokenizer"] for row in rows] == [str(path) for path in both(folder)]
    assert [row["oov_rate"] for row in rows] == ["0.0", str(4 / 12)]


def test_score_gives_parity_on_parallel_files(folder: Path):
    done = toktools(
        *("score", folder / "bpe.json", "-c", folder / "en.txt"),
        *("--parallel", folder / "de.txt", "--as", "json"),
    )
    (row,) = json.loads(done.stdout)["rows"]
    assert row["parity"] == parity(load(folder / "bpe.json"), ENGLISH, GERMAN).parity


def test_compare_gives_each_pair_once(folder: Path):
    paths = [*both(folder), folder / "bpe.json"]
    done = toktools("compare", *paths, "-c", folder / "text.txt", "--as", "json")
    rows = json.loads(done.stdout)["rows"]
    assert [(row["a"], row["b"]) for row in rows] == [
        (str(paths[i]), str(paths[j])) for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert rows[1]["token_jaccard"] == rows[1]["identical_documents"] == 1.0
    expected = compare(load(paths[0]), load(paths[1]), TEXT.splitlines())
    assert {name: rows[0][name] for name in vars(expected)} == vars(expected)


def test_compare_prints_a_table(folder: Path):
    done = toktools("compare", *both(folder), "-c", folder / "text.txt")
    assert re.search(r"boundary recall +1\.0000", done.stdout)


def test_viz_puts_bars_between_tokens_in_a_pipe(folder: Path):
    done = toktools("viz", *both(folder), "--text", "the cat é\t<b>", "--text", "on")
    assert [line.split(" tokens  ")[1] for line in done.stdout.splitlines() if line] == [
        *("the| |cat| |<C3>|<A9>|⇥|<|b|>", "the|cat|é|<b>"),
        *("on", "on"),
    ]


def test_viz_reads_standard_input(folder: Path):
    done = toktools("viz", folder / "word.json", stdin="the mat\nsat\n")
    assert [line.split("  ")[-1] for line in done.stdout.splitlines()] == ["the|mat", "sat"]


def test_neighbouring_unknown_tokens_are_told_apart(folder: Path):
    done = subprocess.run(
        [sys.executable, "-m", "toktools", "viz", folder / "word.json", "--text", "new one"],
        env={**os.environ, "TERM": "xterm", "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b[97;41mnew\x1b[0m \x1b[97;101mone\x1b[0m" in done.stdout


@pytest.mark.parametrize(("variable", "coloured"), [("FORCE_COLOR", True), ("NO_COLOR", False)])
def test_viz_is_coloured_in_a_terminal(folder: Path, variable: str, coloured: bool):
    done = subprocess.run(
        [sys.executable, "-m", "toktools", "viz", folder / "word.json", "--text", "the cat"],
        env={**os.environ, "TERM": "xterm", variable: "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("\x1b[30;46mthe\x1b[0m " in done.stdout) == coloured
    assert ("the|cat" in done.stdout) != coloured


def test_the_page_holds_the_text_escaped_and_nothing_from_elsewhere(folder: Path):
    text = "the <script>alert('x')</script> & \"cat\" é"
    path = folder / "cut.html"
    done = toktools("viz", *both(folder), "--text", text, "--html", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{path}: 1 documents\n"
    page = path.read_text("utf-8")
    cuts = re.findall(r'<p class="cut" dir="auto">(.*?)</p>', page, re.S)
    assert [html.unescape(re.sub("<[^>]*>", "", cut)) for cut in cuts] == [
        text.replace("é", "<C3><A9>"),
        text,
    ]
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=|https?:", page)
    assert "prefers-color-scheme: dark" in page


def test_the_page_gives_ids_and_offsets_under_the_pointer(folder: Path):
    path = folder / "cut.html"
    assert toktools("viz", folder / "word.json", "--text", "the <b>", "--html", path).stderr
    titles = [html.unescape(t) for t in re.findall(r'title="([^"]*)"', path.read_text("utf-8"))]
    the = load(folder / "word.json").token_to_id("the")
    assert titles == [
        f"id {the}, token the, characters 0 to 3",
        "in no token, characters 3 to 4",
        "id 2, token <ANY>, characters 4 to 7, unknown",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "gone.json", "-c", "text.txt"], "gone.json: cannot be read"),
        (["score", "bpe.json", "-c", "gone.txt"], "no corpus 'gone.txt'"),
        (["score", "bpe.json", "-c", "text.txt", "--alpha", "-1"], "alpha must be >= 0"),
        (["score", "bpe.json", "-c", "text.txt", "--alpha", "inf"], "--alpha must be finite"),
        (["score", "bpe.json", "-c", "en.txt", "--parallel", "text.txt"], "text B ends after 2"),
        (["score", "bpe.json", "-c", "-"], "must hold words, got none"),
        (["compare", "bpe.json", "-c", "text.txt"], "two or more tokenizers, got 1"),
        (["viz", "gone.json", "--text", "a"], "gone.json: cannot be read"),
        (["viz", "bpe.json", "--text", "a", "--html", "no/such.html"], "cannot be written"),
    ],
)
def test_a_mistake_is_one_line_and_a_non_zero_exit(
    arguments: list[str], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder)
    done = toktools(*arguments, stdin="\n")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_parallel_texts_that_lose_lines_are_refused(folder: Path):
    done = toktools(
        *("score", folder / "bpe.json", "-c", folder / "en.txt"),
        *("--parallel", folder / "de.txt", "--normalize", "whitespace"),
    )
    assert done.returncode == 1
    assert "parallel texts must keep every line, got 1 left out" in done.stderr


@pytest.mark.parametrize("command", ["score", "compare", "viz"])
def test_every_command_shows_an_example(command: str):
    assert f"Example:\n    toktools {command}" in toktools(command, "--help").stdout


@pytest.mark.parametrize("command", ["score", "compare", "viz"])
def test_help_imports_neither_numpy_nor_rich(command: str):
    statement = (
        "import toktools.cli\n"
        f"try: toktools.cli.main(['{command}', '--help'])\n"
        "except SystemExit: pass"
    )
    assert not {"numpy", "torch", "rich", "jinja2"} & modules_after(statement)
