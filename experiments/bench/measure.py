"""All rounds of all libraries: each round a process of its own, the libraries in turn.

A group is one job on one text with one number of threads. Its rounds are kept whole, beside the
right answer (`oracle`); after each round the results go to disk, and a run that was stopped can
go on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from experiments.bench.jobs import COPY, JOBS, OURS, Task
from experiments.bench.machine import describe, n_processors
from experiments.bench.one_round import environment
from experiments.bench.peers import PEERS, contestants
from experiments.bench.preparing import WARM_UP_VOCAB, Prepared
from lstm_lm.files import write_text
from toktools.errors import ToktoolsError, lookup

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured.

    Args:
        corpus: path of the text. vocab_size: what is learned. n_rounds: at least 5.
        jobs, peers: names; all by default. sizes: bytes of the texts that show how cost grows.
    Raises: ToktoolsError at an unknown name, or too few rounds.
    """

    corpus: str
    vocab_size: int = 32_000
    n_rounds: int = 5
    jobs: tuple[str, ...] = tuple(JOBS)
    peers: tuple[str, ...] = tuple(PEERS)
    sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.n_rounds < 5:
            raise ToktoolsError(f"a median needs at least 5 rounds, got {self.n_rounds}")
        for job in self.jobs:
            lookup(job, JOBS, what="job")
        for peer in self.peers:
            lookup(peer, PEERS, what="library")


class Group(NamedTuple):
    """One job on one text with one number of threads."""

    job: str
    text: Path
    threads: int


def measure(
    plan: Plan,
    prepared: Prepared,
    *,
    output: Path,
    say: Callable[[str], object],
    resume: bool = False,
) -> Json:
    """Run every round that is not in `output` yet, and return all of them.

    Args:
        output: JSON, written after each round. say: gets lines about what goes on.
        resume: go on with the rounds in `output`, which must be of the same plan and versions.
    Returns: {"config", "machine", "versions", "skipped", "groups": [{"job", "n_bytes", "threads",
             "oracle", "rounds": {library: [{...}]}, "errors", "shared"}]}.
    Raises:  ToktoolsError if this library is at fault, or `output` is of another plan.
    """
    here, skipped = _installed(plan.peers)
    for peer, why in skipped.items():
        say(f"{peer}: skipped, {why}")
    result = _started(plan, prepared, here, skipped, output if resume else None)
    groups = list(_groups(plan, prepared))
    kept = {(g["job"], g["n_bytes"], g["threads"]): g for g in result["groups"]}
    keys = [(group.job, group.text.stat().st_size, group.threads) for group in groups]
    for number, (group, key) in enumerate(zip(groups, keys, strict=True), 1):
        record: Json = kept.get(key) or {"job": key[0], "n_bytes": key[1], "threads": key[2]}
        kept[key] = record
        result["groups"] = [kept[key] for key in keys if key in kept]  # those to come too
        title = f"{number} of {len(groups)}: {JOBS[group.job].title}, {key[1]:,} bytes"
        say(f"{title}, threads {group.threads}")
        peers = [peer for peer in contestants(group.job) if peer in here]
        _Rounds(plan, prepared, group, record, say).run(
            peers, lambda: write_text(output, json.dumps(result, indent=1) + "\n")
        )
    return result


def _installed(peers: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the libraries that are there, and why the others are skipped."""
    here = [peer for peer in peers if PEERS[peer].is_installed()]
    why = "not installed (pip install '.[bench]')"
    return here, {peer: why for peer in peers if peer not in here}


def _started(
    plan: Plan, prepared: Prepared, here: list[str], skipped: dict[str, str], old: Path | None
) -> Json:
    """Return the results so far: those of `old`, if it is given and fits."""
    config = asdict(plan) | {"corpus": Path(plan.corpus).name, "sha256": prepared.sha256}
    config = json.loads(json.dumps(config))
    machine, versions = describe({PEERS[peer].module or "numpy" for peer in here})
    if old is not None and old.exists():
        result = json.loads(old.read_text("utf-8"))
        for name, value in (("config", config), ("versions", versions)):
            if result[name] != value:
                raise ToktoolsError(
                    f"{old} must have the same {name} to go on with, got {result[name]} there and "
                    f"{value} here; start anew without --resume"
                )
        return result
    return {
        "config": config,
        "machine": machine,
        "versions": versions,
        "skipped": skipped,
        "groups": [],
    }


def _groups(plan: Plan, prepared: Prepared) -> Iterator[Group]:
    """Yield each job on beginnings of the text with all threads, on the whole with one too."""
    *smaller, whole = (prepared.texts[size] for size in sorted(prepared.texts))
    most = n_processors()
    for job in plan.jobs:
        for text in smaller:
            yield Group(job, text, most)
        for threads in sorted({1, most}):
            yield Group(job, whole, threads)


class _Rounds:
    """The rounds of one group."""

    def __init__(
        self,
        plan: Plan,
        prepared: Prepared,
        group: Group,
        record: Json,
        say: Callable[[str], object],
    ) -> None:
        self._plan, self._prepared, self._group, self._say = plan, prepared, group, say
        self.record = record
        for name in ("oracle", "rounds", "errors", "shared"):
            record.setdefault(name, {})

    def run(self, peers: list[str], save: Callable[[], object]) -> None:
        """Run what is missing: the right answers first, then the libraries in turn."""
        if not peers:
            return
        for line_feed in sorted({self._line_feed(peer) for peer in peers if peer != COPY}):
            if str(line_feed) not in self.record["oracle"]:
                self._ask_oracle(line_feed)
        if OURS in peers and not self._rounds(OURS):
            self._run_one(self._task(OURS))  # which compiles the loops, on a machine's first use
        start = time.perf_counter()
        for number in range(self._plan.n_rounds):
            done_before = number < min(len(self._rounds(peer)) for peer in peers)
            for peer in peers:
                if len(self._rounds(peer)) <= number and peer not in self.record["errors"]:
                    self._one(peer)
                    save()
            if not done_before:
                self._tell(number + 1, time.perf_counter() - start)

    def _rounds(self, peer: str) -> list[Json]:
        return self.record["rounds"].setdefault(peer, [])

    def _line_feed(self, peer: str) -> bool:
        return PEERS[peer].line_feed and self._group.job == "train-bpe"

    def _tell(self, n_done: int, seconds: float) -> None:
        left = seconds / n_done * (self._plan.n_rounds - n_done)
        self._say(f"  round {n_done} of {self._plan.n_rounds}; this job: {left:.0f} s left")

    def _ask_oracle(self, line_feed: bool) -> None:
        task = replace(self._task(OURS), made=self._made(f"oracle-{line_feed}"))
        self._say("  the right answer, from readable code or the tokenizers library")
        asked = json.dumps([task.to_json(), line_feed])
        answer = _in_a_process("experiments.bench.oracle", asked, self._group.threads)
        if "error" in answer:
            self._say(f"  no answer, so nothing is checked: {answer['error']}")
        self.record["oracle"][str(line_feed)] = answer

    def _one(self, peer: str) -> None:
        """Run one round of one library; a library that fails is said and left out."""
        held = max((kept["peak_bytes"] for kept in self._rounds(peer)), default=0)
        task = replace(self._task(peer), memory=held)
        if not self._rounds(peer):
            task = replace(task, made=self._made(peer))
        answer = self._run_one(task)
        if "error" in answer:
            self.record["errors"][peer] = answer["error"]
            self._say(f"  {peer}: failed and left out: {answer['error']}")
            return
        self._rounds(peer).append(answer)
        if task.made:
            self._compare_made(peer, Path(task.made))

    def _run_one(self, task: Task) -> Json:
        """Return what a process says of a task, which it has warmed up for."""
        warm_up = replace(
            task,
            text=str(self._prepared.warm_up),
            ids=str(self._prepared.ids(self._prepared.warm_up)),
            vocab_size=min(WARM_UP_VOCAB, task.vocab_size),
            made="",
        )
        tasks = json.dumps([warm_up.to_json(), task.to_json()])
        return _in_a_process("experiments.bench.one_round", tasks, self._group.threads)

    def _compare_made(self, peer: str, made: Path) -> None:
        """Note which part of the right tokens a trainer learned too, in whatever order."""
        right = Path(self._made(f"oracle-{self._line_feed(peer)}"))
        if right.exists() and made.exists():
            expected = set(right.read_text().split())
            shared = expected & set(made.read_text().split())
            self.record["shared"][peer] = len(shared) / max(len(expected), 1)

    def _task(self, peer: str) -> Task:
        prepared = self._prepared
        return Task(
            job=self._group.job,
            peer=peer,
            text=str(self._group.text),
            ids=str(prepared.ids(self._group.text)),
            tokenizers=str(prepared.folder),
            vocab_size=self._plan.vocab_size,
            threads=self._group.threads,
        )

    def _made(self, name: str) -> str:
        if not self._group.job.startswith("train-"):
            return ""
        return str(self._prepared.folder / f"{self._group.text.stem}.{self._group.job}.{name}.hex")


def _in_a_process(module: str, argument: str, threads: int) -> Json:
    """Return what a module prints, as JSON; {"error": its last line} if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, argument],
        capture_output=True,
        text=True,
        env=environment(threads),
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        return {"error": said[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])
