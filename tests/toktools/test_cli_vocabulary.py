"""The command lines `extend`, `prune`, `inspect --audit` and `encode --dropout`, on real files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from toktools import load
from toktools.cli import main

OLD = "To be, or not to be, that is the question\n"
NEW = "Whether 'tis nobler in the mind to suffer\nThe slings and arrows\n"


def toktools(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), input=stdin)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with two texts, a tokenizer trained on the first and one extended on the second."""
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / "old.txt").write_text(OLD)
    (folder / "new.txt").write_text(NEW)
    bpe, extended = folder / "bpe.json", folder / "extended.json"
    toktools("train-bpe", folder / "old.txt", "--vocab-size", "270", "-o", bpe)
    done = toktools("extend", "-t", bpe, folder / "new.txt", "--vocab-size", "280", "-o", extended)
    assert done.exit_code == 0, done.stderr
    assert f"bpe: 270 tokens and 10 new -> {extended}" in done.stderr
    return folder


def test_extend_keeps_ids_and_says_so_on_inspection(folder: Path):
    old, new = load(folder / "bpe.json"), load(folder / "extended.json")
    assert new.vocabulary.tokens[:270] == old.vocabulary.tokens
    shown = toktools("inspect", folder / "extended.json").stdout
    assert "extend of 270 tokens: vocab_size=280 min_frequency=1" in shown


def test_extend_says_when_there_was_no_more_to_learn(folder: Path):
    done = toktools(
        *("extend", "-t", folder / "bpe.json", folder / "old.txt", "--vocab-size", "900"),
        *("-o", folder / "all.json"),
    )
    assert "900 were asked for; the corpus has no more to learn" in done.stderr


def test_prune_writes_a_tokenizer_and_the_map_of_ids(folder: Path):
    done = toktools(
        "prune", "-t", folder / "extended.json", folder / "old.txt", "-o", folder / "small.json"
    )
    assert done.exit_code == 0, done.stderr
    old, new = load(folder / "extended.json"), load(folder / "small.json")
    id_map = np.load(folder / "small.ids.npy")
    assert f"{new.n_vocab} of 280 tokens kept" in done.stderr
    assert new.n_vocab < 280
    assert new.encode(OLD) == id_map[old.encode(OLD)].tolist()


def test_prune_needs_no_corpus_for_a_size_and_keeps_what_it_is_told_to(folder: Path):
    out, map_path = folder / "s.json", folder / "map.npy"
    options = ("--vocab-size", "260", "--keep", "Ġth", "-o", out, "--id-map", map_path)
    done = toktools("prune", "-t", folder / "bpe.json", *options)
    assert done.exit_code == 0, done.stderr
    assert load(out).vocabulary.tokens[258:] == ("Ġt", "Ġth")
    assert np.load(map_path).shape == (270,)


def test_prune_with_nothing_to_go_by_writes_nothing(folder: Path):
    done = toktools("prune", "-t", folder / "bpe.json", "-o", folder / "never.json")
    assert done.exit_code == 1
    assert (
        done.stderr == "error: pruning needs a corpus, tokens to keep or a vocab_size, got none\n"
    )
    assert not list(folder.glob("never*"))


def test_prune_writes_both_files_or_neither(folder: Path):
    (folder / "taken.json").mkdir()
    done = toktools(
        *("prune", "-t", folder / "bpe.json", "--vocab-size", "265"),
        *("-o", folder / "taken.json", "--id-map", folder / "alone.npy"),
    )
    assert done.exit_code == 1
    assert "is a directory" in done.stderr
    assert not list(folder.glob("*alone*"))


def test_an_audit_replays_every_training_on_the_corpus_that_the_file_names(folder: Path):
    done = toktools("inspect", folder / "extended.json", "--audit")
    assert done.exit_code == 0, done.stderr
    lines = [line.split(None, 1) for line in done.stdout.splitlines()]
    assert lines[:2] == [["tokens", "280"], ["unreachable", "none"]]
    assert lines[2][1].startswith("12 merges, each the best at its step or tied for it, counts ")
    assert lines[3][1].startswith("1 ")


def test_an_audit_ends_with_one_line_and_status_1_at_a_fault(folder: Path):
    document = json.loads((folder / "bpe.json").read_text())
    merges = document["model"]["merges"]
    merges[0], merges[-1] = merges[-1], merges[0]
    (folder / "swapped.json").write_text(json.dumps(document))
    done = toktools("inspect", folder / "swapped.json", "--audit", "-c", folder / "old.txt")
    assert done.exit_code == 1
    fault = "merge 3 ('Ġt' + 'h') needs 'Ġt', which merge 11 makes, after it"
    assert done.stderr == f"error: {folder / 'swapped.json'}: {fault}\n"
    assert f"fault         {fault}" in done.stdout


def test_dropout_is_seeded_and_decodes_to_the_text(folder: Path):
    def ids(seed: str) -> str:
        return toktools(
            *("encode", "-t", folder / "bpe.json", folder / "old.txt"),
            *("--dropout", "0.5", "--seed", seed),
        ).stdout

    assert ids("1") == ids("1")
    assert ids("1") != ids("2")
    assert toktools("decode", "-t", folder / "bpe.json", stdin=ids("1")).stdout == OLD


def test_dropout_gives_no_spans(folder: Path):
    done = toktools(
        "encode", "-t", folder / "bpe.json", "--text", "a", "--dropout", "0.5", "--as", "json"
    )
    assert done.exit_code == 1
    assert "--dropout goes with --as ids" in done.stderr
