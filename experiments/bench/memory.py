"""Training under a memory cap: the same tokenizer, and how much memory each way takes.

`python -m experiments.bench.memory` writes a corpus of made-up words with a long tail, trains byte-
level BPE on it with or without `--max-memory` in a process of its own, and prints the peak of its
resident memory (`VmHWM`, Linux), the seconds, and the digest of the file. The corpus: word number r
is drawn with probability proportional to r**-exponent (Zipf) and spelled by a hash of r, so that
the number of distinct words grows without end.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from toktools.command_line import Group
from toktools.corpus.splits import splitmix64
from toktools.training.memory import parse_size

_LETTERS = "etaoinshrdlucmfwypvbgkqjxz"
_LINE, _BATCH = 20, 200_000  # words


def spell(rank: int) -> str:
    """Return word number `rank` >= 1: eight to twenty letters, the common ones more often.

    Example:
        >>> spell(1) == spell(1) != spell(2)
        True
    """
    bits = splitmix64(1, rank)
    length = 8 + min(rank.bit_length() // 2, 12)
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


_CHILD = """
import sys
from toktools.cli import main
from experiments.bench.memory import peak_bytes
main(sys.argv[1:], standalone_mode=False)
print(peak_bytes())
"""


def train(corpus: Path, output: Path, *options: str, limit: int | None = None) -> dict[str, Any]:
    """Train BPE in a process of its own; return its peak memory in bytes and its seconds.

    Args: limit: bytes of private data (RLIMIT_DATA) that the system is to allow it, None for any.
    """
    arguments = ["train-bpe", str(corpus), "-o", str(output), *options]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=None if limit is None else lambda: _limit_data(limit),
    )
    return {
        "peak_bytes": int(done.stdout.split()[-1]),
        "seconds": time.perf_counter() - start,
        "sha256": hashlib.sha256(output.read_bytes()).hexdigest(),
    }


def peak_bytes() -> int:
    """Return the most memory that this process has held since it was started.

    Not `ru_maxrss`, which counts what the process held that started it.
    """
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) * 1024


def _limit_data(n_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))


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
@click.option("--limit-data", metavar="SIZE", help="Have the system enforce this (RLIMIT_DATA).")
def measure(
    path: Path,
    max_memory: str,
    vocab_size: int,
    folder: Path,
    without: bool,
    limit_data: str | None,
) -> None:
    """Train BPE on PATH once and print peak memory, time and the digest of the file."""
    output = folder / ("without.json" if without else "with.json")
    options = () if without else ("--max-memory", max_memory)
    limit = None if limit_data is None else parse_size(limit_data)
    result = train(path, output, "--vocab-size", str(vocab_size), *options, limit=limit)
    click.echo(json.dumps({"corpus_bytes": path.stat().st_size, "options": options, **result}))


if __name__ == "__main__":
    main()
