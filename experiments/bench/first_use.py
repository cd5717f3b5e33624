"""First use: whole processes, with no kernel compiled yet and with all of them kept on disk.

Cold, each round has an empty folder for compiled kernels (`TOKTOOLS_LOOPS`), and training comes
before encoding, which finds what training compiled; warm, one folder that earlier rounds filled.
Timed: from the start of the process to its end, imports and writing included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from toktools.errors import ToktoolsError

Json = dict[str, Any]
VOCAB_SIZE = 8000
TEXT_BYTES = 3_000_000  # more than `fast_counting.LEAST.new`, so the compiled loops do it
LINE = "To be, or not to be, that is the question."


def measure_first_use(
    text: Path, *, n_rounds: int, say: Callable[[str], object] = lambda _: None
) -> Json:
    """Time whole processes of the command `toktools`, cold and warm in turn.

    Args:    text: what is trained on.
    Returns: {"n_bytes", "vocab_size", "rounds": {"cold": {command: [seconds]}, "warm": {...}}}.
    Raises:  ToktoolsError if the command fails.
    """
    rounds: dict[str, dict[str, list[float]]] = {"cold": {}, "warm": {}}
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder, "warm")
        _round(text, Path(folder), warm)
        for number in range(n_rounds):
            for state in rounds:
                cache = warm if state == "warm" else Path(folder, f"cold-{number}")
                for command, seconds in _round(text, Path(folder), cache).items():
                    rounds[state].setdefault(command, []).append(seconds)
            say(f"first use: round {number + 1} of {n_rounds}")
    return {"n_bytes": text.stat().st_size, "vocab_size": VOCAB_SIZE, "rounds": rounds}


def first_use_table(result: Json) -> str:
    """Return the figures as Markdown: median seconds (lowest to highest)."""
    rounds = result["rounds"]
    out = ["| command | no kernel compiled | kernels on disk |", "| --- | ---: | ---: |"]
    for command in rounds["warm"]:
        cells = (_spread(rounds[state][command]) for state in ("cold", "warm"))
        out.append(f"| `{command}` | {' | '.join(cells)} |")
    return "\n".join(out)


def _spread(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _round(text: Path, folder: Path, cache: Path) -> dict[str, float]:
    bpe = str(folder / "bpe.json")
    commands = {
        f"toktools train-bpe TEXT --vocab-size {VOCAB_SIZE}": [
            *("train-bpe", str(text), "--vocab-size", str(VOCAB_SIZE), "-o", bpe)
        ],
        "toktools encode of one line": ["encode", "-t", bpe, "--text", LINE],
        "toktools encode TEXT": ["encode", "-t", bpe, str(text), "-o", str(folder / "ids.npy")],
        "toktools --help": ["--help"],
    }
    return {name: _seconds(arguments, cache) for name, arguments in commands.items()}


def _seconds(arguments: list[str], cache: Path) -> float:
    environment = {**os.environ, "TOKTOOLS_LOOPS": str(cache)}
    command = [sys.executable, "-m", "toktools", *arguments]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise ToktoolsError(f"toktools {arguments[0]} failed: {last}")
    return seconds
