"""Nothing is trained twice: what is finished is taken over where its key is the same."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

import experiments.comparison.jobs.key as key_module
import experiments.comparison.jobs.work as work_module
from experiments.comparison.jobs.job import Job
from experiments.comparison.jobs.key import run_key, text_digest, tokenizer_key
from experiments.comparison.plan import Plan, TokenizerSpec
from experiments.comparison.running import Comparison
from lstm_lm import ModelConfig, TrainingConfig
from lstm_lm.training.outcomes import TrainingInterrupted
from toktools import ToktoolsError

TEXTS = {"train": "a", "validation": "b", "test": "c"}
WORD = Job(TokenizerSpec("word"), 0)


def plan(**changes) -> Plan:
    values = {
        "corpus": {"source": "human-numbers", "limit": 300},
        "tokenizers": (TokenizerSpec("word"),),
        "model": ModelConfig(embedding_size=4, hidden_size=4, n_layers=1),
        "training": TrainingConfig(epochs=0.5, n_validations=2),
        "seeds": (0,),
    }
    return Plan(**{**values, **changes})


class Counting:
    """Runs comparisons, and notes what was said and how many updates were made."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.n_updates = 0
        self.interrupt_at: int | None = None

    def run(self, folder: Path, plan: Plan, **options) -> dict:
        self.said, self.n_updates = [], 0
        comparison = Comparison(folder, plan, say=self.said.append, on_progress=self._count)
        return comparison.run(**options)

    def _count(self, fraction: float, record: object) -> None:
        self.n_updates += 1
        if self.n_updates == self.interrupt_at:
            raise TrainingInterrupted


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def other_code(monkeypatch):
    """Call it, and the code is another one."""

    def change(source: str) -> None:
        code = {**key_module.code_now(), "source": source}
        monkeypatch.setattr(key_module, "code_now", lambda: code)

    return change


def bits(results: dict) -> list[float]:
    return [run["test"]["bits_per_byte"] for run in results["runs"]]


# Keys


def key(plan: Plan, job: Job = WORD, texts=TEXTS, threads=1) -> str:
    return run_key(plan, job, texts, threads=threads).digest


def test_a_key_is_of_configuration_seed_tokenizer_text_threads_and_code(monkeypatch):
    keys = [
        key(plan()),
        key(plan(model=ModelConfig(embedding_size=4, hidden_size=5, n_layers=1))),
        key(plan(training=TrainingConfig(epochs=0.5, n_validations=2, learning_rate=0.1))),
        key(plan(context_bytes=99)),
        key(plan(), Job(WORD.spec, 1)),
        key(plan(), Job(TokenizerSpec("word:min_count=2"), 0)),
        key(plan(), texts={**TEXTS, "test": "d"}),
        key(plan(), threads=2),
    ]
    monkeypatch.setattr(key_module, "code_now", lambda: {"source": "other"})
    keys.append(key(plan()))
    assert len(set(keys)) == len(keys)


def test_a_key_is_not_of_other_jobs_prompts_or_where_the_text_is():
    others = [
        plan(tokenizers=(TokenizerSpec("byte"), TokenizerSpec("word"))),
        plan(seeds=(0, 1)),
        plan(prompts=("two",), analogies=("a - b + c = d",), sample_bytes=20),
        plan(corpus={"source": "elsewhere"}),
    ]
    assert {key(other) for other in others} == {key(plan())}


def test_a_tokenizer_in_a_file_is_known_by_its_bytes(tmp_path: Path):
    keys = []
    for name, text in (("a.json", "one"), ("b.json", "one"), ("b.json", "two")):
        (tmp_path / name).write_text(text)
        keys.append(key(plan(), Job(TokenizerSpec(str(tmp_path / name)), 0)))
    assert keys[0] == keys[1] != keys[2]


def test_the_key_of_a_tokenizer_is_not_of_the_model_nor_of_the_text_that_it_never_saw():
    def tokenizer(plan: Plan, texts=TEXTS) -> str:
        return tokenizer_key(run_key(plan, WORD, texts, threads=1).as_dict()).digest

    assert tokenizer(plan()) == tokenizer(plan(context_bytes=99), {**TEXTS, "test": "d"})
    assert tokenizer(plan()) != tokenizer(plan(), {**TEXTS, "train": "d"})


def test_the_digest_of_a_text_is_of_its_documents_and_their_order():
    texts = (["a", "b"], ["b", "a"], ["ab"], ["a", "b", ""], ["\ud800"])
    assert len({text_digest(documents) for documents in texts}) == 5


# Taking over


def test_a_finished_run_of_another_comparison_is_taken_over(tmp_path: Path, counting: Counting):
    first = counting.run(tmp_path / "all" / "first", plan())
    assert counting.n_updates > 0
    second = counting.run(tmp_path / "second", plan(prompts=("two",)), stores=[tmp_path / "all"])
    assert counting.n_updates == 0
    assert "taken over from" in counting.said[0]
    assert bits(second) == bits(first)
    assert list(second["runs"][0]["samples"]["argmax"][0].split())[:1] == ["two"]
    counting.run(tmp_path / "third", plan(context_bytes=99), stores=[tmp_path / "all"])
    assert counting.n_updates > 0
    assert not any("taken over" in line for line in counting.said)


def test_a_run_is_read_again_for_more_prompts_and_not_trained(tmp_path: Path, counting: Counting):
    counting.run(tmp_path / "c", plan())
    asked = {"prompts": ("two", "ten"), "analogies": ("sixty - six + seven = seventy",)}
    results = counting.run(tmp_path / "c", plan(**asked))
    assert counting.n_updates == 0
    assert len(results["runs"][0]["cut"]) == 2
    assert results["runs"][0]["analogies"][0]["analogy"] == asked["analogies"][0]


def test_what_one_tokenizer_took_serves_its_other_seeds(tmp_path: Path, counting: Counting):
    counting.run(tmp_path / "first", plan())
    counting.run(tmp_path / "second", plan(seeds=(0, 1)), stores=[tmp_path / "first"])
    assert [line for line in counting.said if line.startswith("[")] == ["[1/1] word, seed 1"]
    tokenizers = [tmp_path / f / "tokenizers" / "word.json" for f in ("first", "second")]
    assert tokenizers[0].read_bytes() == tokenizers[1].read_bytes()


def test_a_store_that_is_not_there_is_refused(tmp_path: Path, counting: Counting):
    with pytest.raises(ToktoolsError, match="a store must be a folder with comparisons in it"):
        counting.run(tmp_path / "c", plan(), stores=[tmp_path / "gone"])


# Other code


def test_finished_runs_of_other_code_are_kept_and_trained_anew(
    tmp_path: Path, counting: Counting, other_code
):
    folder = tmp_path / "c"
    before = counting.run(folder, plan())
    old = (folder / "runs/word/seed-0/result.json").read_bytes()
    other_code("b")
    counting.run(folder, plan())
    assert counting.said[0] == (
        "1 finished run is of another version of the code, and trained anew; "
        "--accept-other-code takes what is there"
    )
    assert counting.n_updates > 0
    assert [path.read_bytes() for path in (folder / "earlier").rglob("result.json")] == [old]
    other_code(before["runs"][0]["environment"]["code"])
    counting.run(folder, plan())  # the code has come back, and with it its run
    assert counting.n_updates == 0
    assert (folder / "runs/word/seed-0/result.json").read_bytes() == old


def test_finished_runs_of_other_code_are_taken_on_request(
    tmp_path: Path, counting: Counting, other_code
):
    before = counting.run(tmp_path / "c", plan())
    other_code("b")
    after = counting.run(tmp_path / "c", plan(), accept_other_code=True)
    assert counting.n_updates == 0
    assert after["runs"] == before["runs"]
    assert not (tmp_path / "c" / "earlier").exists()
    counting.run(tmp_path / "d", plan(), stores=[tmp_path / "c"], accept_other_code=True)
    assert counting.n_updates == 0


def test_a_result_without_a_key_counts_as_of_other_code(tmp_path: Path, counting: Counting):
    counting.run(tmp_path / "c", plan())
    path = tmp_path / "c/runs/word/seed-0/config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({name: config[name] for name in config if name != "key"}))
    counting.run(tmp_path / "c", plan(), accept_other_code=True)
    assert counting.n_updates == 0
    counting.run(tmp_path / "c", plan())
    assert counting.said[0].startswith("1 finished run is of another version of the code")
    assert counting.n_updates > 0


@pytest.mark.parametrize("accept", [False, True])
def test_a_begun_run_of_other_code_goes_on_only_on_request(
    tmp_path: Path, counting: Counting, other_code, accept: bool
):
    training = TrainingConfig(epochs=2, batch_size=2, n_validations=2, checkpoint_every="1")
    asked = plan(training=training)
    counting.interrupt_at = 5
    with pytest.raises(TrainingInterrupted):
        counting.run(tmp_path / "c", asked)
    counting.interrupt_at = None
    n_whole = counting.n_updates
    other_code("b")
    counting.run(tmp_path / "c", asked, accept_other_code=accept)
    whole = Counting()
    whole.run(tmp_path / "whole", asked)
    left = whole.n_updates - n_whole + 1  # the update that was interrupted was not saved
    assert counting.n_updates == (left if accept else whole.n_updates)


# In one folder


def test_the_number_of_threads_stays(tmp_path: Path):
    Comparison(tmp_path / "c", plan(), threads=2).run()
    assert Comparison(tmp_path / "c", plan()).threads == 2
    with pytest.raises(ToktoolsError, match="holds a comparison whose threads is 2, got 1"):
        Comparison(tmp_path / "c", plan(), threads=1)


def test_a_budget_of_time_is_warned_of_where_runs_share_the_machine(tmp_path: Path):
    said: list[str] = []
    timed = plan(training=dataclasses.replace(plan().training, minutes=0.001))
    Comparison(tmp_path / "c", timed, say=said.append).run()
    assert not any("warning" in line for line in said)
    Comparison(tmp_path / "c", timed, say=said.append).run(at_once=1)
    assert not any("the budget is time" in line for line in said)
    Comparison(tmp_path / "c", timed, say=said.append).run(at_once=2)
    assert "warning: the budget is time, and 2 runs at once share the machine" in said[-1]


def test_a_run_is_read_again_when_the_code_that_reads_has_changed(
    tmp_path: Path, counting: Counting, monkeypatch
):
    before = counting.run(tmp_path / "c", plan())
    monkeypatch.setattr(work_module, "READING", ("one_run",))
    counting.run(tmp_path / "c", plan(), accept_other_code=True)
    assert counting.said == []
    after = counting.run(tmp_path / "c", plan())
    assert counting.said[0] == "[1/1] word, seed 0"
    assert counting.n_updates == 0
    assert bits(after) == bits(before)
