"""Counting pretokens: with a cap on memory, weights, and in any order, always the same counts."""

from __future__ import annotations

import json
import random
import string
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toktools import (
    Counting,
    Tokenizer,
    ToktoolsError,
    open_corpus,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)
from toktools.formats.tokenizer_json import to_json
from toktools.pretokenizers import Gpt2Split, WhitespaceSplit
from toktools.training.count_table import CountTable
from toktools.training.counting import count_pretokens
from toktools.training.memory import parse_size
from toktools.training.on_disk.runs import StoredCounts, merge_runs, read_run, write_run

TRAINERS: dict[str, Callable[..., Tokenizer]] = {
    "bpe": lambda corpus, **o: train_bpe(corpus, vocab_size=300, **o),
    "bpe-character": lambda corpus, **o: train_bpe(
        corpus, vocab_size=60, byte_level=False, min_frequency=2, max_token_length=5, **o
    ),
    "wordpiece": lambda corpus, **o: train_wordpiece(corpus, vocab_size=90, lowercase=True, **o),
    "word": lambda corpus, **o: train_word(corpus, min_count=2, **o),
    "word-at-most": lambda corpus, **o: train_word(corpus, min_count=1, max_vocab=9, **o),
    "character": lambda corpus, **o: train_character(corpus, max_vocab=12, **o),
}
documents = st.lists(st.text("ab cé漢", max_size=30), min_size=1, max_size=12).filter(
    lambda texts: any(text.split() for text in texts)
)


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """A cap under which the table goes to disk at every second pretoken or so."""
    return cramped(monkeypatch)


def cramped(patch: pytest.MonkeyPatch) -> Counting:
    patch.setattr("toktools.training.count_table.resident_bytes", lambda: 0)
    patch.setattr("toktools.training.count_table.LEAST_ROOM", 0)
    patch.setattr("toktools.training.count_table._STEP", 2)
    return Counting(max_memory=300)


@pytest.mark.parametrize("name", TRAINERS)
@settings(max_examples=15, deadline=None)
@given(texts=documents, seed=st.integers(0, 9))
def test_the_tokenizer_is_the_same_under_a_cap_and_in_any_order(
    name: str, texts: list[str], seed: int
):
    shuffled = random.Random(seed).sample(texts, len(texts))
    expected = to_json(TRAINERS[name](texts))
    with pytest.MonkeyPatch.context() as patch:
        assert to_json(TRAINERS[name](shuffled, counting=cramped(patch))) == expected


def test_the_table_goes_to_disk_and_the_counts_stay_there(
    no_room: Counting, monkeypatch: pytest.MonkeyPatch
):
    spills = []
    spill = CountTable._spill
    monkeypatch.setattr(CountTable, "_spill", lambda *a: (spills.append(1), spill(*a)))
    texts = [f"word {n} of {n % 7}" for n in range(200)]
    counted = count_pretokens(texts, Gpt2Split(), counting=no_room)
    assert len(spills) > 100  # so that runs are merged more than once on the way
    assert isinstance(counted.counts, StoredCounts)
    expected = count_pretokens(texts, Gpt2Split())
    assert dict(counted.counts.items()) == expected.counts
    assert len(counted.counts) == len(expected.counts)
    assert counted.corpus == expected.corpus


def test_the_files_of_a_temporary_folder_go_with_the_counts(no_room: Counting):
    counts = count_pretokens(["a b c d e"] * 9, WhitespaceSplit(), counting=no_room).counts
    assert isinstance(counts, StoredCounts)
    assert counts.path.exists()
    folder = counts.path.parent
    del counts
    assert not folder.exists()


def test_real_text_gives_the_same_file_under_a_cap(
    no_room: Counting, prose: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("toktools.training.count_table._STEP", 500)
    train_bpe(prose[:2000], vocab_size=1000).save(tmp_path / "without.json")
    train_bpe(prose[:2000], vocab_size=1000, counting=no_room).save(tmp_path / "with.json")
    assert (tmp_path / "with.json").read_bytes() == (tmp_path / "without.json").read_bytes()


def test_likelihood_says_at_once_that_it_needs_a_work_folder():
    def never() -> Iterator[str]:
        raise AssertionError
        yield ""

    with pytest.raises(ToktoolsError, match=r"name a folder that keeps the counts"):
        train_wordpiece(never(), criterion="likelihood", counting=Counting(max_memory=1 << 40))


def test_likelihood_says_how_much_memory_it_needs_and_keeps_the_counts(
    no_room: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    texts = ["low lower lowest", "new newer newest"] * 20
    capped = Counting(max_memory=300, folder=tmp_path)
    options: dict[str, Any] = {"criterion": "likelihood", "vocab_size": 40}
    with pytest.raises(ToktoolsError, match=r"needs about 0 MB for 6 distinct words.* kept in "):
        train_wordpiece(texts, counting=capped, **options)
    resumed = Counting(folder=tmp_path, resume=True)
    again = train_wordpiece(texts, counting=resumed, **options)
    assert to_json(again) == to_json(train_wordpiece(texts, **options))


def test_too_small_a_cap_is_refused_with_the_least_that_would_do():
    with pytest.raises(ToktoolsError, match=r"max_memory must be at least [\d,]+ MB .*got 1 MB"):
        count_pretokens(["a"], Gpt2Split(), counting=Counting(max_memory=1_000_000))


# Weights


@pytest.mark.parametrize("name", TRAINERS)
@settings(max_examples=15, deadline=None)
@given(weighted=st.lists(st.tuples(st.text("ab c", max_size=9), st.integers(1, 4)), min_size=1))
def test_a_weight_is_as_many_of_the_same_document(name: str, weighted: list[tuple[str, int]]):
    repeated = [text for text, weight in weighted for _ in range(weight)]
    assert to_json(TRAINERS[name](weighted)) == to_json(TRAINERS[name](repeated))


@pytest.mark.parametrize("weight", [0, -1, 1.5, True, "2"])
def test_a_weight_that_is_no_positive_int_is_refused(weight: Any):
    with pytest.raises(ToktoolsError, match="weight of a document must be a positive int, got"):
        count_pretokens([("a", weight)], Gpt2Split())


# Progress


def test_progress_is_told_in_bytes_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("toktools.training.count_table._TELL_BYTES", 100)
    (tmp_path / "a.txt").write_text("to be or not to be\n" * 50)
    told: list[tuple[int, int | None]] = []
    counting = Counting(progress=lambda done, total: told.append((done, total)))
    train_word([tmp_path / "a.txt"], counting=counting)
    done = [d for d, _ in told]
    assert {total for _, total in told} == {950}
    assert done == sorted(done)
    assert 100 <= done[0] < 150
    assert done[-1] == 950


def test_progress_has_no_total_where_only_reading_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("toktools.training.count_table._TELL_BYTES", 10)
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "to be or not"}) + "\n")
    told: list[tuple[int, int | None]] = []
    counting = Counting(progress=lambda done, total: told.append((done, total)))
    train_word(open_corpus(tmp_path / "a.jsonl", "text"), counting=counting)
    assert told == [(13, None)]


# Runs


@given(st.dictionaries(st.text(max_size=5).filter(bool), st.integers(1, 2**63)))
def test_a_run_gives_back_what_was_written(tmp_path_factory: Any, counts: dict[str, int]):
    path = tmp_path_factory.mktemp("runs") / "run"
    write_run(path, sorted(counts.items()))
    assert list(read_run(path)) == sorted(counts.items())


def test_merged_runs_add_up(tmp_path: Path):
    rng = random.Random(0)
    parts = [Counter(rng.choices(string.ascii_letters + "é漢🙂", k=100)) for _ in range(7)]
    for i, part in enumerate(parts):
        write_run(tmp_path / str(i), sorted(part.items()))
    merged = list(merge_runs(sorted(tmp_path.iterdir())))
    assert merged == sorted(sum(parts, Counter()).items())


@pytest.mark.parametrize("n_kept", [5, 20, 40, 60])
def test_a_run_that_was_cut_short_is_told(n_kept: int, tmp_path: Path):
    write_run(tmp_path / "run", [("a", 1), ("bcd", 2), ("é", 3)])
    (tmp_path / "run").write_bytes((tmp_path / "run").read_bytes()[:n_kept])
    with pytest.raises(ToktoolsError, match="damaged or cut short"):
        list(read_run(tmp_path / "run"))


# Sizes


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("2GB", 2 * 10**9), ("1.5 mib", 3 << 19), ("100kb", 10**5), ("7B", 7), ("1TiB", 1 << 40)],
)
def test_sizes_are_read_as_people_write_them(text: str, n_bytes: int):
    assert parse_size(text) == n_bytes


@pytest.mark.parametrize("text", ["2", "GB", "2 GBs", "-1GB", "", "1e3MB", "2iB"])
def test_a_size_that_cannot_be_read_is_told(text: str):
    with pytest.raises(ToktoolsError, match="a size must be a number and a unit"):
        parse_size(text)
