"""What is named on the command line is opened for what it is."""

from __future__ import annotations

import json
import shutil

import pytest

import lstm_lm
from experiments.play.opening import open_entries
from toktools import ToktoolsError, train_bpe
from toktools.bpe import BPETokenizer


def opened(corpus, *names):
    said: list[str] = []
    return open_entries([str(name) for name in names], corpus, said.append), said


def test_runs_files_and_names_are_opened_in_order(runs, corpus, tmp_path):
    bpe = train_bpe(["a b"], vocab_size=260)
    bpe.save(tmp_path / "tokenizer.json")
    entries, said = opened(corpus, runs[0], tmp_path / "tokenizer.json", tmp_path, "wordpiece:40")
    assert [entry.run is None for entry in entries] == [False, True, True, True]
    run = lstm_lm.load(runs[0])
    assert entries[0].tokenizer.get_vocab() == run.tokenizer.get_vocab()
    assert entries[1].tokenizer.get_vocab() == bpe.get_vocab()
    assert entries[2].tokenizer.get_vocab() == bpe.get_vocab()
    assert entries[3].tokenizer.n_vocab == 40
    assert said == [f"wordpiece:40: training on {corpus.name}"]


def test_a_tokenizer_by_name_is_trained_on_the_train_split_with_its_options(corpus):
    [entry], _ = opened(corpus, "bpe:270,min_frequency=3")
    expected = train_bpe(corpus.split("train"), vocab_size=270, min_frequency=3)
    assert entry.tokenizer.get_vocab() == expected.get_vocab()


def test_a_path_that_is_there_goes_before_a_name(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train_bpe(["a b"], vocab_size=261).save(tmp_path / "word")
    [entry], said = opened(corpus, "word")
    assert isinstance(entry.tokenizer, BPETokenizer)
    assert said == []


def test_a_run_is_asked_what_its_text_was_rewritten_to(entries):
    word, character, bpe = entries
    assert word.read("One TWO") == bpe.read("One TWO") == "one two"
    assert character.read("One TWO") == "One TWO"


def test_a_folder_of_another_program_has_a_config_json_and_is_no_run(corpus, tmp_path):
    train_bpe(["a b"], vocab_size=260).save(tmp_path / "tokenizer.json")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}), "utf-8")
    [entry], _ = opened(corpus, tmp_path)
    assert entry.run is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("runs/none", "runs/none: no such run directory or tokenizer file; and there is no"),
        ("wrod", "did you mean 'word'"),
        ("none/tokenizer.json", "none/tokenizer.json: cannot be read"),
        ("bpe:300,odd", "NAME:SIZE,KEY=VALUE"),
        ("word:min_count=x", "min_count"),
        ("\x00", "no such run directory"),
        ("\ud800", "no such run directory"),
    ],
)
def test_what_cannot_be_opened_is_told_in_one_line(corpus, name, said):
    with pytest.raises(ToktoolsError, match=said) as raised:
        opened(corpus, name)
    assert "\n" not in str(raised.value)


def test_a_run_that_is_damaged_is_no_tokenizer(runs, corpus, tmp_path):
    copy = shutil.copytree(runs[0], tmp_path / "run")
    (copy / "model.safetensors").unlink()
    with pytest.raises(ToktoolsError, match=r"has no model\.safetensors"):
        opened(corpus, copy)
    (copy / "config.json").write_text("{", "utf-8")
    with pytest.raises(ToktoolsError, match=r"config\.json, line 1: not JSON"):
        opened(corpus, copy)


def test_nothing_is_shown_twice(corpus):
    with pytest.raises(ToktoolsError, match="shown once, got 'byte' twice"):
        opened(corpus, "byte", "word", "byte")
