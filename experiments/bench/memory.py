"""Training under a memory cap: the same tokenizer, and how much memory each way takes.

`python -m experiments.bench.memory` writes a corpus of made-up words with a long tail, trains byte-
level BPE on it with and without `--max-memory`, each in a process of its own, and prints the peak
of resident memory (`ru_maxrss` of the finished process), the time, and whether the files are the
same. The corpus: word number r is drawn with probability proportional to r**-exponent (Zipf), and
spelled by a hash of r, so that the number of distinct words grows without end.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from toktools.command_line import Group
from toktools.corpus.splits import splitmix64
from toktools.memory import parse_size

_LETTERS = "etaoinshrdlucmfwypvbgkqjxz"
_LINE, _BATCH = 20, 200_000  # words


def spell(rank: int) -> str:
    """Return word number `rank` >= 1: three to thirteen letters, the common ones more often.

    Example:
        >>> spell(1) == spell(1) != spell(2)
        True
    """
    bits = splitmix64(1, rank)
    length = 3 + min(rank.bit_length() // 2, 10)
    letters: list[str] = []
    for _ in range(length):
        bits, number = divmod(bits, 26 * 26)
        letters.append(_LETTERS[min(divmod(number, 26))])
        bits = bits or splitmix64(2, rank)
    return "".join(letters)


def write_corpus(path: Path, n_bytes: int, *, exponent: float = 1.4, seed: int = 0) -> None:
    """Write about `n_bytes` of text, 20 words a line."""
    rng = np.random.default_rng(seed)
    written = 0
    with path.open("w", encoding="ascii") as file:
        while written < n_bytes:
            ranks = np.minimum(rng.zipf(exponent, _BATCH), 1 << 40)
            distinct, index = np.unique(ranks, return_inverse=True)
            words = np.array([spell(rank) for rank in distinct.tolist()], object)[index].tolist()
            lines = [" ".join(words[i : i + _LINE]) for i in range(0, len(words), _LINE)]
            written += file.write("\n".join(lines) + "\n")


def train(corpus: Path, output: Path, *options: str) -> dict[str, Any]:
    """Train BPE in a process of its own; return its peak memory in bytes and its seconds."""
    command = ["-m", "toktools", "train-bpe", str(corpus), "-o", str(output), *options]
    start = time.perf_counter()
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, *command])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
    scale = 1 if sys.platform == "darwin" else 1024
    return {
        "peak_bytes": usage.ru_maxrss * scale,
        "seconds": time.perf_counter() - start,
        "sha256": hashlib.sha256(output.read_bytes()).hexdigest(),
    }


@click.group(cls=Group)
def main() -> None:
    """Measure training under a memory cap."""


@main.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--size", default="800MB", show_default=True)
@click.option("--exponent", default=1.4, show_default=True, help="Nearer to 1: a longer tail.")
def corpus(path: Path, size: str, exponent: float) -> None:
    """Write a corpus of made-up words."""
    write_corpus(path, parse_size(size), exponent=exponent)


@main.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--max-memory", default="80MB", show_default=True)
@click.option("--vocab-size", default=8000, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("."), show_default=True)
@click.option("--without", "without", is_flag=True, help="Train without the cap.")
def measure(path: Path, max_memory: str, vocab_size: int, folder: Path, without: bool) -> None:
    """Train BPE on PATH once and print peak memory, time and the digest of the file."""
    output = folder / ("without.json" if without else "with.json")
    options = () if without else ("--max-memory", max_memory)
    result = train(path, output, "--vocab-size", str(vocab_size), *options)
    click.echo(json.dumps({"corpus_bytes": path.stat().st_size, "options": options, **result}))


if __name__ == "__main__":
    main()
