"""The benchmark shows all rounds, and refuses to praise a wrong answer."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from experiments import bench
from experiments.__main__ import main
from experiments.bench import page
from experiments.bench.corpus import gather
from experiments.bench.jobs import JOBS
from experiments.bench.machine import n_processors
from experiments.bench.measure import Plan, measure
from experiments.bench.oracle import answer
from experiments.bench.peers import PEERS, Peer, contestants
from experiments.bench.preparing import Prepared, parse_sizes, prepare
from experiments.bench.table import full_table, ratio, short_table, verdict, wrong
from toktools import open_corpus
from toktools.errors import ToktoolsError

ROOT = Path(page.ROOT)
QUICK = ("train-bpe",)
LIAR = '''
"""A library that is fast and wrong: ids of tiktoken, each one too high."""
from experiments.bench.jobs import Work
from experiments.bench.peers import openai

def encode(task):
    work = openai.JOBS["encode-bpe"](task)
    return Work(work.run, lambda made: work.answer(made) + 1)

JOBS = {"encode-bpe": encode}
'''


def run_bench(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["bench", *arguments])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "text.txt"
    lines = list(open_corpus("python-docs"))[:300]
    lines[1] += "\r"  # as in files of Windows
    lines[2] = "what '<ANY>' and <EOS> stand for"  # special tokens in a text are text
    path.write_text("\n".join([*lines, "naïve 漢字", "", ""]) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def warmed(corpus: Path) -> Iterator[None]:
    """A short text to warm up with: the kernels are not the subject here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.bench.preparing.WARM_UP", 20_000)
        yield


@pytest.fixture(scope="module")
def prepared(corpus: Path, warmed: None) -> Prepared:
    said: list[str] = []
    return prepare(corpus, [0, 3000], corpus.parent, 400, said.append)


@pytest.fixture(scope="module")
def result(corpus: Path, prepared: Prepared) -> dict[str, Any]:
    plan = Plan(
        corpus=str(corpus), vocab_size=400, jobs=QUICK, peers=("toktools", "tokenizers"), sizes=(1,)
    )
    return measure(plan, one_size(prepared), output=corpus.parent / "r.json", say=lambda _: None)


def one_size(prepared: Prepared) -> Prepared:
    smallest = min(prepared.texts)
    return prepared._replace(texts={smallest: prepared.texts[smallest]})


@pytest.mark.oracle
def test_five_rounds_of_both_libraries_in_processes_give_the_right_answer(result: dict[str, Any]):
    assert {group["threads"] for group in result["groups"]} == {1, n_processors()}
    for group in result["groups"]:
        assert {p: len(r) for p, r in group["rounds"].items()} == {"toktools": 5, "tokenizers": 5}
        assert {p: verdict(group, p) for p in group["rounds"]} == {
            "toktools": "same",
            "tokenizers": "same",
        }
        assert group["shared"] == {"toktools": 1.0, "tokenizers": 1.0}
        assert not group["errors"]
    assert wrong(result) == []


@pytest.mark.oracle
def test_a_run_goes_on_where_it_was_and_refuses_another_plan(
    result: dict[str, Any], corpus: Path, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
):
    def never(*_: object) -> None:
        pytest.fail("a round was run again")

    monkeypatch.setattr("experiments.bench.measure._in_a_process", never)
    output = corpus.parent / "r.json"
    names = {"jobs": QUICK, "peers": ("toktools", "tokenizers"), "sizes": (1,)}
    plan = Plan(corpus=str(corpus), vocab_size=400, **names)
    given = {"output": output, "say": lambda _: None, "resume": True}
    assert measure(plan, one_size(prepared), **given)["groups"] == result["groups"]
    with pytest.raises(ToktoolsError, match="must have the same config"):
        measure(replace(plan, vocab_size=500), one_size(prepared), **given)


@pytest.mark.oracle
def test_a_library_that_shifts_its_ids_is_caught_in_a_real_run(
    corpus: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "liar.py").write_text(LIAR)
    (tmp_path / "sitecustomize.py").write_text(
        "from experiments.bench.peers import PEERS, Peer\nPEERS['liar'] = Peer(None, 'liar')\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setitem(PEERS, "liar", Peer(None, "liar"))
    plan = Plan(
        corpus=str(corpus), vocab_size=400, jobs=("encode-bpe",), peers=("tiktoken", "liar")
    )
    output = tmp_path / "r.json"
    result = measure(plan, one_size(prepared), output=output, say=lambda _: None)
    assert verdict(result["groups"][0], "tiktoken") == "same"
    assert verdict(result["groups"][0], "liar") == "wrong"
    assert any(line.startswith("liar: encode byte-level BPE") for line in wrong(result))
    row = next(line for line in full_table(result).splitlines() if "| liar |" in line)
    assert "| wrong |" in row
    assert "**wrong**" in row


@pytest.mark.oracle
@pytest.mark.parametrize("job", list(JOBS))
def test_each_library_here_gives_the_right_answer_to_each_job(
    job: str, prepared: Prepared, corpus: Path
):
    from experiments.bench.jobs import Task
    from experiments.bench.one_round import digest

    text = max(prepared.texts.values(), key=lambda path: path.stat().st_size)
    task = Task(
        job=job,
        peer="toktools",
        text=str(text),
        ids=str(prepared.ids(text)),
        tokenizers=str(prepared.folder),
        vocab_size=400,
        threads=1,
    )
    compared = 0
    for name in contestants(job):
        peer = PEERS[name]
        if not peer.is_installed() or job in peer.differs:
            continue
        work = peer.jobs()[job](replace(task, peer=name))
        right = answer(task, line_feed=peer.line_feed and job == "train-bpe")
        assert digest(work.answer(work.run())) == digest(right), name
        compared += 1
    assert compared


def test_each_job_of_a_library_is_done_or_has_a_reason():
    for name, peer in PEERS.items():
        assert set(peer.absent) <= set(JOBS), name
        if peer.is_installed():
            assert set(peer.jobs()) | set(peer.absent) == set(JOBS), name
            assert not set(peer.jobs()) & set(peer.absent), name


@pytest.mark.oracle
def test_a_library_that_is_missing_is_said_and_skipped(
    corpus: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(PEERS, "tiktoken", PEERS["tiktoken"]._replace(module="no_such_library"))
    plan = Plan(corpus=str(corpus), vocab_size=400, jobs=("encode-bpe",), peers=("tiktoken",))
    said: list[str] = []
    output = tmp_path / "r.json"
    result = measure(plan, one_size(prepared), output=output, say=said.append)
    assert "tiktoken: skipped, not installed" in said[0]
    assert "tiktoken" not in result["groups"][0]["rounds"]


def test_a_library_that_fails_is_said_and_left_out(
    corpus: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "experiments.bench.measure._in_a_process", lambda *_: {"error": "ValueError: no"}
    )
    plan = Plan(corpus=str(corpus), jobs=("encode-word",), peers=("toktools",))
    said: list[str] = []
    output = tmp_path / "r.json"
    result = measure(plan, one_size(prepared), output=output, say=said.append)
    assert result["groups"][0]["errors"] == {"toktools": "ValueError: no"}
    assert sum("failed and left out" in line for line in said) == len(result["groups"])


@pytest.mark.oracle
def test_later_rounds_have_the_memory_at_hand_that_earlier_ones_came_to_hold(
    corpus: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    peaks, asked = iter([9, 4, 7, 5, 6, 1] * 9), []

    def one(module: str, argument: str, threads: int) -> dict[str, Any]:
        if module.endswith("one_round"):
            asked.append(json.loads(argument)[1]["memory"])
        return {"peak_bytes": next(peaks), "seconds": 1.0, "digest": ""}

    monkeypatch.setattr("experiments.bench.measure._in_a_process", one)
    plan = Plan(corpus=str(corpus), jobs=("encode-word",), peers=("memory copy",))
    output = tmp_path / "r.json"
    measure(plan, one_size(prepared), output=output, say=lambda _: None)
    assert asked[:5] == [0, 9, 9, 9, 9]


@pytest.mark.oracle
def test_a_run_that_goes_on_keeps_the_rounds_of_jobs_that_are_yet_to_come(
    corpus: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    n_left = 10**6

    def one(module: str, argument: str, threads: int) -> dict[str, Any]:
        nonlocal n_left
        n_left -= 1
        if not n_left:
            raise KeyboardInterrupt
        return {"peak_bytes": 1, "seconds": 1.0, "digest": ""}

    def run(*, resume: bool) -> None:
        plan = Plan(
            corpus=str(corpus), jobs=("encode-word", "encode-character"), peers=("memory copy",)
        )
        measure(plan, one_size(prepared), output=output, say=lambda _: None, resume=resume)

    monkeypatch.setattr("experiments.bench.measure._in_a_process", one)
    output = tmp_path / "r.json"
    run(resume=False)
    whole = json.loads(output.read_text())
    assert len(whole["groups"]) > 1
    some = whole | {"groups": whole["groups"][1:]}
    output.write_text(json.dumps(some))
    n_left = 4
    with pytest.raises(KeyboardInterrupt):
        run(resume=True)
    stopped = json.loads(output.read_text())["groups"]
    assert stopped[1:] == whole["groups"][1:]
    n_left = 10**6
    run(resume=True)
    assert json.loads(output.read_text())["groups"] == whole["groups"]


def test_memory_at_hand_has_been_touched_and_is_free_again():
    from experiments.bench.memory import peak_bytes
    from experiments.bench.one_round import forget_peak, have_at_hand
    from toktools.training.memory import resident_bytes

    forget_peak()
    held = resident_bytes()
    have_at_hand(100_000_000)
    assert peak_bytes() - held > 90_000_000
    assert resident_bytes() - held < 10_000_000


def group_of(**digests: str) -> dict[str, Any]:
    """A group of five rounds each, with seconds 1, 2, 3 .. for each library in turn."""
    rounds = {
        peer: [
            {"seconds": i + 1.0, "processor_seconds": 1.0, "peak_bytes": 2e6, "digest": digest}
            for _ in range(5)
        ]
        for i, (peer, digest) in enumerate(digests.items())
    }
    return {
        **{"job": "encode-bpe", "n_bytes": 6_000_000, "threads": 2},
        **{"oracle": {"False": {"digest": "a"}}, "rounds": rounds, "errors": {}, "shared": {}},
    }


def test_the_short_table_leaves_wrong_answers_out_however_fast():
    group = group_of(tiktoken="b", toktools="a", tokenizers="a", gigatoken="a")
    table = short_table({"groups": [group]})
    assert table.splitlines()[2] == ("| encode byte-level BPE | 3.00 | 1.50x | 1.50x tokenizers |")
    assert ratio(group, "gigatoken") == 2.0
    ours_wrong = group_of(toktools="b", tokenizers="a")
    assert "| wrong | - | - |" in short_table({"groups": [ours_wrong]})


def test_the_full_table_shows_median_spread_memory_and_verdict():
    group = group_of(toktools="a", tiktoken="b")
    group["rounds"]["toktools"][0]["seconds"] = 0.5
    lines = full_table({"groups": [group], "skipped": {"bpeasy": "not installed"}}).splitlines()
    assert lines[2] == (
        "| encode byte-level BPE | toktools | 2 | 6.00 | 1 (0.5 to 1) | 1 | 2 MB |  | the same |"
    )
    assert "| tiktoken | 2 | wrong | 2 (2 to 2) | 1 | 2 MB | wrong | **wrong** |" in lines[3]
    assert "- bpeasy: skipped, not installed." in lines


def test_a_wrong_answer_of_ours_makes_the_command_fail(
    corpus: Path, tmp_path: Path, warmed: None, monkeypatch: pytest.MonkeyPatch
):
    def one(module: str, argument: str, threads: int) -> dict[str, Any]:
        times = {"seconds": 1.0, "processor_seconds": 1.0, "peak_bytes": 1, "n": 1}
        return {**times, "digest": module}

    monkeypatch.setattr("experiments.bench.measure._in_a_process", one)
    output = str(tmp_path / "r.json")
    only = ("--only", "encode-word", "--peer", "toktools")
    done = run_bench("tokenizers", "-c", str(corpus), *only, "-o", output, "--vocab-size", "300")
    assert done.exit_code == 1
    assert "its times do not count" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rounds", "3"], "at least 5 rounds, got 3"),
        (["--only", "cook"], "job"),
        (["--peer", "tokenizer"], "tokenizers"),
        (["--sizes", "1MB,big"], "a size must be a number and a unit"),
        (["-c", "no-such-file.txt"], "no-such-file.txt"),
    ],
)
def test_bad_arguments_end_in_one_line(arguments: list[str], told: str, tmp_path: Path):
    done = run_bench("tokenizers", "-o", str(tmp_path / "r.json"), *arguments)
    assert done.exit_code != 0
    assert told in done.output
    assert "Traceback" not in done.output


def test_a_corpus_that_is_not_utf8_or_empty_is_refused(tmp_path: Path):
    for name, raw, told in (("a", b"caf\xe9\n", "must be UTF-8"), ("b", b"\n", "must hold text")):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(ToktoolsError, match=told):
            prepare(tmp_path / name, [0], tmp_path, 300, lambda _: None)


def test_sizes_above_the_corpus_are_left_out_and_said(corpus: Path, warmed: None):
    said: list[str] = []
    found = prepare(corpus, [0, 3000, 10**9], corpus.parent, 400, said.append)
    assert sorted(found.texts)[0] <= 3000
    assert len(found.texts) == 2
    assert any("1,000,000,000 bytes: left out" in line for line in said)
    with pytest.raises(ToktoolsError, match="no size is left"):
        prepare(corpus, [10**9], corpus.parent, 400, said.append)


def test_sizes_are_read_in_order():
    assert parse_sizes("10MB,100kB,1MB") == [100_000, 1_000_000, 10_000_000]


def test_a_gathered_corpus_has_each_text_once_and_only_text(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"x = 1\r\n")
    (folder / "copy.md").write_bytes(b"same\n")
    (folder / "copy.txt").write_bytes(b"same")
    (folder / "latin.txt").write_bytes(b"caf\xe9\n")
    (folder / "data.bin").write_bytes(b"not text by its name\n")
    (folder / "zero.txt").write_bytes(b"a\0b\n")
    taken = gather(tmp_path / "out", 1000, [folder])
    assert (tmp_path / "out").read_bytes() == b"same\nx = 1\n"
    assert (taken.n_files, taken.n_equal) == (2, 1)
    with pytest.raises(ToktoolsError, match="there is none"):
        gather(tmp_path / "out", 1000, [tmp_path / "absent"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ToktoolsError, match="no text"):
        gather(tmp_path / "out", 1000, [tmp_path / "empty"])


def test_the_plot_has_a_line_for_each_library_and_needs_two_sizes(tmp_path: Path):
    from experiments.bench.plot import plot

    small = group_of(toktools="a", tokenizers="a", tiktoken="b")
    with pytest.raises(ToktoolsError, match="two sizes"):
        plot({"groups": [small]}, tmp_path / "one.png")
    plot({"groups": [small, {**small, "n_bytes": 60_000_000}]}, tmp_path / "two.png")
    assert (tmp_path / "two.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_first_use_times_every_command_cold_and_warm(tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(list(open_corpus("python-docs"))[:50]), "utf-8")
    out = tmp_path / "first.json"
    done = run_bench("first-use", "--text", str(text), "--rounds", "1", "-o", str(out))
    assert done.exit_code == 0, done.output
    rounds = json.loads(out.read_text())["rounds"]
    assert rounds["cold"].keys() == rounds["warm"].keys()
    assert all(len(seconds) == 1 for state in rounds.values() for seconds in state.values())
    assert "toktools --help" in done.output


def test_the_tables_of_the_pages_are_those_of_the_stored_run():
    stored = page.stored_results()
    assert {"tokenizers", "first use"} <= stored.keys() <= {"tokenizers", "mixed", "first use"}
    for path in (page.PAGE, page.README):
        text = path.read_text("utf-8")
        assert "<!-- speed: end -->" in text
        assert page.rendered(text, stored) == text
    assert not [line for line in wrong(stored["tokenizers"]) if line.startswith("toktools:")]


def test_a_part_of_a_page_is_put_in_anew():
    result = {"groups": [group_of(toktools="a", tokenizers="a")]}
    text = "a\n<!-- speed: short -->\nold\n<!-- speed: end -->\nb"
    new = page.rendered(text, {"tokenizers": result})
    assert "| encode byte-level BPE | 6.00 | 2.00x |" in new
    assert "old" not in new
    assert new.startswith("a\n")
    assert new.endswith("<!-- speed: end -->\nb")
    with pytest.raises(ToktoolsError, match="a part must be one of"):
        page.rendered("<!-- speed: shart -->", {})


@pytest.mark.parametrize(
    "name", [m.name for m in pkgutil.walk_packages(bench.__path__, "experiments.bench.")]
)
def test_the_examples_of_the_benchmark_run(name: str):
    if ".peers." in name and sys.modules.get(name) is None:
        pytest.skip("imports a library that may be missing")
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert failures == 0
