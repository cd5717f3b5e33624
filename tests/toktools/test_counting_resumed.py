"""Counting that was stopped goes on where it was and ends with the same file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toktools import Counting, ToktoolsError, open_corpus, train_bpe, train_word
from toktools.formats.tokenizer_json import to_json
from toktools.pretokenizers import Gpt2Split, WhitespaceSplit
from toktools.training.counting import count_pretokens
from toktools.training.interruption import CountingInterrupted
from toktools.training.on_disk.count_folder import RECORD, CountFolder

TEXTS = [f"word{n % 37} of {n % 11} é" for n in range(100)]


class PowerCutError(Exception):
    """The process is gone."""


def cut_after(texts: list[str], n: int) -> Iterator[str]:
    yield from texts[:n]
    raise PowerCutError


@pytest.fixture
def kept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toktools.training.count_table._KEEP_BYTES", 50)


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text("ab é", max_size=9), min_size=1, max_size=20), data=st.data())
def test_the_counts_are_those_of_a_counting_that_was_never_stopped(
    texts: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toktools.training.count_table._KEEP_BYTES", 3)
        for n in sorted(data.draw(st.lists(st.integers(0, len(texts)), max_size=3))):
            with pytest.raises(PowerCutError):
                count_pretokens(
                    cut_after(texts, n), Gpt2Split(), counting=Counting(folder=folder, resume=True)
                )
        counting = Counting(folder=folder, resume=True)
        assert count_pretokens(texts, Gpt2Split(), counting=counting) == count_pretokens(
            texts, Gpt2Split()
        )


@pytest.mark.usefixtures("kept_often")
def test_documents_that_were_counted_are_not_cut_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(PowerCutError):
        count_pretokens(cut_after(TEXTS, 60), Gpt2Split(), counting=Counting(folder=tmp_path))
    n_read = json.loads((tmp_path / RECORD).read_text())["n_read"]
    assert 50 < n_read <= 60
    cut: list[str] = []
    split = Gpt2Split.split
    monkeypatch.setattr(Gpt2Split, "split", lambda *a: (cut.append(a[1]), split(*a))[1])
    train_bpe(TEXTS, vocab_size=300, counting=Counting(folder=tmp_path, resume=True))
    assert cut == TEXTS[n_read:]


def test_a_finished_counting_serves_another_vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    train_bpe(TEXTS, vocab_size=290, counting=Counting(folder=tmp_path))
    expected = to_json(train_bpe(TEXTS, vocab_size=280))
    monkeypatch.setattr(Gpt2Split, "split", lambda *a: 1 / 0)
    resumed = Counting(folder=tmp_path, resume=True)
    assert to_json(train_bpe(TEXTS, vocab_size=280, counting=resumed)) == expected


def test_a_folder_that_holds_a_counting_is_not_overwritten(tmp_path: Path):
    count_pretokens(TEXTS, Gpt2Split(), counting=Counting(folder=tmp_path))
    with pytest.raises(ToktoolsError, match=r"holds an earlier counting; resume it \(--resume\)"):
        count_pretokens(TEXTS, Gpt2Split(), counting=Counting(folder=tmp_path))


def test_resuming_with_other_options_says_what_differs(tmp_path: Path):
    train_word(TEXTS, counting=Counting(folder=tmp_path))
    message = r"counted with normalizer None, got Lowercase\(\); resume with the same options"
    with pytest.raises(ToktoolsError, match=message):
        train_word(TEXTS, lowercase=True, counting=Counting(folder=tmp_path, resume=True))


def test_resuming_with_other_options_of_the_corpus_says_what_differs(tmp_path: Path):
    (tmp_path / "a.txt").write_text("one two\n")
    work = tmp_path / "work"
    train_word(open_corpus(tmp_path / "a.txt"), counting=Counting(folder=work))
    other = open_corpus(tmp_path / "a.txt", documents="file")
    with pytest.raises(ToktoolsError, match=r"was counted with corpus .*'line'.* got .*'file'"):
        train_word(other, counting=Counting(folder=work, resume=True))


@pytest.mark.parametrize(
    ("texts", "got"), [(["other", *TEXTS[1:]], "others"), (TEXTS[:7], "7 in all")]
)
def test_resuming_with_another_corpus_is_refused(texts: list[str], got: str, tmp_path: Path):
    count_pretokens(TEXTS, WhitespaceSplit(), counting=Counting(folder=tmp_path))
    with pytest.raises(ToktoolsError, match=rf"begin with the 100 documents .* got {got}; resume"):
        count_pretokens(texts, WhitespaceSplit(), counting=Counting(folder=tmp_path, resume=True))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 1, "n_pages": 3}'])
def test_a_record_that_is_none_is_told(content: str, tmp_path: Path):
    (tmp_path / RECORD).write_text(content)
    with pytest.raises(ToktoolsError, match="is no record of a counting; name another folder"):
        count_pretokens(TEXTS, Gpt2Split(), counting=Counting(folder=tmp_path, resume=True))


def test_a_run_that_is_gone_is_told(tmp_path: Path):
    count_pretokens(TEXTS, Gpt2Split(), counting=Counting(folder=tmp_path))
    for run in tmp_path.glob("run-*"):
        run.unlink()
    with pytest.raises(ToktoolsError, match="this part of the counts is gone; count anew"):
        count_pretokens(TEXTS, Gpt2Split(), counting=Counting(folder=tmp_path, resume=True))


def test_half_written_files_are_swept_up(tmp_path: Path):
    count_pretokens(TEXTS, Gpt2Split(), counting=Counting(folder=tmp_path))
    expected = sorted(tmp_path.iterdir())
    for name in ("run-000099", ".run-000100.x7f", f".{RECORD}.a1"):
        (tmp_path / name).write_text("half")
    again = Counting(folder=tmp_path, resume=True)
    assert count_pretokens(TEXTS, Gpt2Split(), counting=again).n_documents == 100
    assert len(list(tmp_path.iterdir())) == len(expected)


def test_to_resume_a_folder_must_be_named():
    with pytest.raises(ToktoolsError, match=r"to resume, name the folder .* \(--work-folder\)"):
        Counting(resume=True)


def test_a_signal_that_comes_while_runs_are_merged_is_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    compact = CountFolder.compact
    monkeypatch.setattr(
        CountFolder, "compact", lambda *a: (signal.raise_signal(signal.SIGINT), compact(*a))[1]
    )
    with pytest.raises(CountingInterrupted, match="100 documents are counted and kept in"):
        count_pretokens(TEXTS, Gpt2Split(), counting=Counting(folder=tmp_path))
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


# Real processes

SLOW = """
import sys, time
import toktools.training.count_table
from toktools.cli import main
from toktools.pretokenizers import Gpt2Split
toktools.training.count_table._KEEP_BYTES = 2_000
split = Gpt2Split.split
def slow(self, text):
    time.sleep(0.005)
    return split(self, text)
Gpt2Split.split = slow
main(sys.argv[1:], prog_name="toktools")
"""


def toktools(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toktools", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("resumed") / "text.txt"
    path.write_text("".join(f"line {n} says {n % 17} and {n * n % 101}\n" for n in range(2000)))
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_stopped_can_be_resumed(
    number: signal.Signals, corpus: Path, tmp_path: Path
):
    work, output = tmp_path / "work", tmp_path / "resumed.json"
    arguments = [corpus, "--vocab-size", 400, "--work-folder", work]
    command = [sys.executable, "-c", SLOW, "train-bpe", *map(str, arguments), "-o", str(output)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    waited = time.monotonic() + 60
    while not (work / RECORD).exists() and time.monotonic() < waited:
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate()[1]
    assert not output.exists()
    counted = json.loads((work / RECORD).read_text())["n_read"]
    assert 0 < counted < 2000
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130
        assert said == (
            f"interrupted; {counted:,} documents are counted and kept in {work}; "
            "the same command with --resume goes on\n"
        )
    refused = toktools("train-bpe", *map(str, arguments), "-o", output)
    assert refused.returncode == 1
    assert "holds an earlier counting" in refused.stderr
    done = toktools("train-bpe", *map(str, arguments), "--resume", "-o", output)
    assert done.returncode == 0, done.stderr
    toktools("train-bpe", corpus, "--vocab-size", "400", "-o", tmp_path / "once.json")
    assert output.read_bytes() == (tmp_path / "once.json").read_bytes()


def test_interrupted_without_a_folder_nothing_is_kept_and_that_is_said(
    corpus: Path, tmp_path: Path
):
    command = [sys.executable, "-c", "print(flush=True)" + SLOW, "train-bpe", str(corpus)]
    process = subprocess.Popen(
        [*command, "-o", str(tmp_path / "t.json")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == "interrupted; nothing was kept\n"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's figures")
@pytest.mark.slow
def test_the_whole_process_stays_under_the_cap(tmp_path: Path):
    from experiments.bench.memory import train, write_corpus

    write_corpus(tmp_path / "words.txt", 4_000_000, exponent=1.1)
    options = ("--vocab-size", "1000")
    cap = ("--max-memory", "80MB")
    capped = train(tmp_path / "words.txt", tmp_path / "a.json", *options, *cap)
    free = train(tmp_path / "words.txt", tmp_path / "b.json", *options)
    assert capped["peak_bytes"] < 80e6 < 120e6 < free["peak_bytes"]
    assert capped["sha256"] == free["sha256"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-memory", "2 lots"], "a size must be a number and a unit"),
        (["--max-memory", "1MB"], "max_memory must be at least"),
        (["--resume"], "to resume, name the folder of the earlier counting (--work-folder)"),
    ],
)
def test_a_mistake_in_the_options_is_one_line(options: list[str], message: str, tmp_path: Path):
    done = toktools("train-word", "human-numbers", "-o", tmp_path / "t.json", *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
