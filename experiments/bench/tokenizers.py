"""Training and encoding, ours beside the Hugging Face library's, on the same text.

What is timed: `train` from documents in memory to a trained tokenizer; `encode` from documents in
memory to lists of ids, with a fresh tokenizer each round (its cache begins empty). Each round runs
in a process of its own, the libraries in turn. Not timed: imports, and reading the text. The ids
and merges of both are compared in the same run; a faster wrong answer does not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import chain
from typing import Any

from toktools.corpus import open_corpus
from toktools.errors import ToktoolsError

LIBRARIES = ("toktools", "tokenizers")
Json = dict[str, Any]


def measure(source: str, *, vocab_size: int, n_rounds: int, say: Callable[[str], object]) -> Json:
    """Run every round and return all of them.

    Args:
        source: a corpus; vocab_size: of the BPE that is trained; n_rounds: at least 5.
        say: gets a line after each round.
    Returns: {"source", "n_bytes", "vocab_size", "threads", "rounds": {library: [{...}]}, "same"}.
    Raises:  ToktoolsError if there are fewer than 5 rounds, or a process fails.
    """
    if n_rounds < 5:
        raise ToktoolsError(f"a median needs at least 5 rounds, got {n_rounds}")
    rounds: dict[str, list[Json]] = {library: [] for library in LIBRARIES}
    for number in range(n_rounds):
        for library in LIBRARIES:
            rounds[library].append(_in_a_process(library, source, vocab_size))
        say(f"round {number + 1} of {n_rounds}")
    digests = {r["digest"] for r in chain.from_iterable(rounds.values())}
    return {
        "source": source,
        "n_bytes": rounds["toktools"][0]["n_bytes"],
        "vocab_size": vocab_size,
        "rounds": rounds,
        "same": len(digests) == 1,
    }


def table(result: Json) -> list[tuple[str, str, str]]:
    """Return (job, library, "median (lowest to highest)") rows, with the ratio of medians."""
    lines: list[tuple[str, str, str]] = []
    for job in ("train", "encode"):
        medians: dict[str, float] = {}
        for library in LIBRARIES:
            seconds = [r[f"{job}_seconds"] for r in result["rounds"][library]]
            medians[library] = statistics.median(seconds)
            rate = result["n_bytes"] / medians[library] / 1e6
            text = (
                f"{medians[library]:.3f} s ({min(seconds):.3f} to {max(seconds):.3f}), "
                f"{rate:.1f} MB/s"
            )
            lines.append((job, library, text))
        ratio = medians["tokenizers"] / medians["toktools"]
        lines.append((job, "ratio", f"{ratio:.2f}x the speed of tokenizers"))
    return lines


def _in_a_process(library: str, source: str, vocab_size: int) -> Json:
    command = [sys.executable, "-m", "experiments.bench.tokenizers", library, source]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "true"}
    done = subprocess.run(
        [*command, str(vocab_size)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise ToktoolsError(f"{library}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def _round(library: str, source: str, vocab_size: int) -> Json:
    """Train and encode once with one library, in this process."""
    documents = list(open_corpus(source))
    train, encode = {"toktools": _ours, "tokenizers": _theirs}[library](vocab_size)
    start = time.perf_counter()
    train(documents)
    trained = time.perf_counter()
    ids = encode(documents)
    encoded = time.perf_counter()
    return {
        "n_bytes": sum(len(document.encode()) for document in documents),
        "train_seconds": trained - start,
        "encode_seconds": encoded - trained,
        "digest": hashlib.sha256(json.dumps(ids).encode()).hexdigest(),
    }


def _ours(vocab_size: int) -> tuple[Callable[..., Any], Callable[..., list[list[int]]]]:
    from toktools import train_bpe

    trained: list[Any] = []
    return (
        lambda documents: trained.append(train_bpe(documents, vocab_size=vocab_size)),
        lambda documents: trained[0].encode_batch(documents),
    )


def _theirs(vocab_size: int) -> tuple[Callable[..., Any], Callable[..., list[list[int]]]]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<PAD>", "<EOS>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return (
        lambda documents: tokenizer.train_from_iterator(documents, trainer),
        lambda documents: [e.ids for e in tokenizer.encode_batch_fast(documents)],
    )


if __name__ == "__main__":
    print(json.dumps(_round(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
