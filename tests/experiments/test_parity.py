"""Every family gives the ids of its oracle, on thousands of strings here and millions when slow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.parity.drawing import draw
from experiments.parity.families import FAMILIES, Pair
from experiments.parity.measure import compare, measure, table
from toktools import ByteTokenizer, Tokenizer, open_corpus, train_bpe

TEXTS = ["To be, or not to be:", "that is the question."]


@pytest.fixture(scope="module")
def prose() -> list[str]:
    return list(open_corpus("python-docs"))


def doubled(tokenizer: Tokenizer, wrong: str) -> Pair:
    """A pair whose oracle gives one id more wherever `wrong` stands."""

    def encode(texts: list[str]) -> list[list[int]]:
        return [tokenizer.encode(t) + [0] * (wrong in t) for t in texts]

    return Pair(tokenizer, encode)


@pytest.mark.oracle
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_gives_the_ids_of_its_oracle(name: str, prose: list[str]):
    pair = FAMILIES[name].make(prose[:600])
    found = compare(pair, prose[::10], draw(prose, 500, seed=len(name)))
    assert (found["different"], found["first"]) == (0, None)
    assert found["drawn"] == 500
    assert found["tokens"] > 5000


@pytest.mark.slow
@pytest.mark.oracle
def test_ten_million_drawn_strings_get_the_ids_of_the_oracles():
    corpora = {name: name for name in ("python-docs", "stdlib-code", "human-numbers", "anbn")}
    n_drawn = 10_000_000 // (len(FAMILIES) * len(corpora)) + 1
    result = measure(corpora, n_drawn=n_drawn, n_processes=2, say=lambda line: None)
    assert sum(row["drawn"] for row in result["rows"]) >= 10_000_000
    assert [row for row in result["rows"] if row["different"]] == []


def test_a_text_with_other_ids_is_counted_and_the_first_is_kept():
    found = compare(doubled(ByteTokenizer(), "or"), TEXTS, ["more", "less"])
    assert (found["documents"], found["drawn"], found["different"]) == (2, 2, 2)
    assert found["first"] == TEXTS[0]
    assert found["tokens"] == sum(map(len, [*TEXTS, "more", "less"])) + 2


def test_special_tokens_in_the_text_count_on_both_sides():
    tokenizer = train_bpe(TEXTS, vocab_size=260)
    pair = Pair(tokenizer, lambda texts: [[1] for _ in texts])
    assert compare(pair, ["<EOS>"], [])["different"] == 0


def test_drawn_strings_repeat_for_a_seed_and_differ_between_seeds():
    once, again, other = (list(draw(TEXTS, 200, seed)) for seed in (3, 3, 4))
    assert once == again
    assert once != other


def test_drawn_strings_hold_slices_of_the_text_and_code_points_of_many_scripts():
    drawn = list(draw(TEXTS, 5000, seed=0))
    assert sum(text in "\n".join(TEXTS) for text in drawn) > 1500
    assert len({ord(c) >> 8 for text in drawn for c in text}) > 300
    for text in drawn:
        text.encode()  # no lone surrogates


def test_the_table_sums_what_differs_over_the_corpora():
    row = {"family": "byte", "oracle": "tokenizers", "documents": 1500, "drawn": 10, "different": 1}
    rows = [{**row, "corpus": "a"}, {**row, "corpus": "b"}]
    assert table({"rows": rows}).splitlines()[-1] == "| byte | tokenizers | 1,510 | 1,510 | 2 |"


def test_the_command_prints_the_table_and_writes_every_row(tmp_path: Path):
    (tmp_path / "hamlet.txt").write_text("\n".join(TEXTS))
    command = [sys.executable, "-m", "experiments", "parity", "--family", "byte"]
    command += ["-c", f"hamlet={tmp_path / 'hamlet.txt'}", "--drawn", "50"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "rows.json")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        0,
        "1 of 1: byte on hamlet: 52 compared, 0 different\n",
    )
    assert "| byte | tokenizers | 52 | 0 |" in done.stdout
    (row,) = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert (row["documents"], row["drawn"]) == (2, 50)
