"""Speed of the compiled cuts: `python -m experiments.bench.cuts FILE...`.

For each cut and text: MB (10^6 bytes) a second and nanoseconds a piece, on one thread, of processor
time, so that other programs disturb little. Timed is finding where all pieces begin, chunk after
chunk, from bytes in memory that are known to be valid UTF-8; all rounds are reported as median
(lowest to highest). The readable cut is timed once, over the same text as a `str`, and every piece
compared with its own: a wrong answer is an error. Compiling is not timed.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import median
from time import process_time

import click
import numpy as np
from numpy.typing import NDArray

from toktools.command_line import fail
from toktools.corpus import open_corpus
from toktools.errors import ToktoolsError
from toktools.kernels.cuts import Cut, cut_of
from toktools.kernels.cuts.chunks import CHUNK, cut_chunks
from toktools.pretokenizers import Pretokenizer, pretokenizer

NAMES = ("gpt2", "cl100k", "llama3", "qwen2", "o200k", "whitespace", "punctuation", "digits")
BUILT_IN = ("python-docs", "stdlib-code")


def count_pieces(cut: Cut, text: NDArray[np.uint8], n_bytes: int = CHUNK) -> int:
    """Return how many pieces, and dropped stretches, the compiled cut finds."""
    return sum(len(starts) - 1 for _, starts in cut_chunks(cut, text, n_bytes=n_bytes))


def check(wanted: Pretokenizer, cut: Cut, text: str) -> float:
    """Compare every piece with the readable cut's; return the seconds that took to find its own.

    Raises: ToktoolsError at the first difference.
    """
    start = process_time()
    pieces = wanted.split(text)
    seconds = process_time() - start
    data, i = np.frombuffer(text.encode(), np.uint8), 0
    for chunk, starts in cut_chunks(cut, data):
        spelled, places = chunk.tobytes(), starts.tolist()
        for a, b in pairwise(places):
            if a >= 0:
                piece = spelled[a : max(b, ~b)].decode()
                if i >= len(pieces) or piece != pieces[i]:
                    raise ToktoolsError(f"{wanted}: piece {i} is not {piece!r}")
                i += 1
    if i < len(pieces):
        raise ToktoolsError(f"{wanted}: piece {i}, {pieces[i]!r}, is missing")
    return seconds


def measure(name: str, text: str, rounds: int, n_bytes: int) -> str:
    """Return one line of the table."""
    wanted = pretokenizer(name)
    cut = cut_of(wanted)
    if cut is None:
        raise ToktoolsError(f"there is no compiled cut for {name!r}")
    readable = check(wanted, cut, text)
    data = np.frombuffer(text.encode(), np.uint8)
    seconds, n_pieces = list[float](), 1
    for _ in range(rounds):
        start = process_time()
        n_pieces = count_pieces(cut, data, n_bytes)
        seconds.append(process_time() - start)
    middle, *ends = (len(data) / s / 1e6 for s in (median(seconds), max(seconds), min(seconds)))
    return (
        f"{name:12} {middle:6.0f} ({ends[0]:.0f} to {ends[1]:.0f}) MB/s, "
        f"{median(seconds) / n_pieces * 1e9:5.2f} ns a piece; readable "
        f"{len(data) / readable / 1e6:.1f} MB/s"
    )


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--cut", "cuts", multiple=True, help=f"May be repeated; default {' '.join(NAMES)}.")
@click.option("--rounds", type=click.IntRange(min=5), default=7, show_default=True)
@click.option(
    "--chunk", type=click.IntRange(min=1), default=CHUNK, show_default=True, help="Bytes at a time."
)
def main(paths: tuple[Path, ...], cuts: tuple[str, ...], rounds: int, chunk: int) -> None:
    """Time the compiled cuts on texts; on two built-in corpora if no file is given."""
    try:
        for title, text in read(paths).items():
            click.echo(f"{title} ({len(text.encode()) / 1e6:.1f} MB)")
            for name in cuts or NAMES:
                click.echo(f"  {measure(name, text, rounds, chunk)}")
    except ToktoolsError as e:
        fail(str(e))


def read(paths: tuple[Path, ...]) -> dict[str, str]:
    """Return the texts by name, those of the built-in corpora for no paths."""
    if not paths:
        return {name: "\n".join(open_corpus(name)) for name in BUILT_IN}
    texts: dict[str, str] = {}
    for path in paths:
        try:
            texts[path.name] = path.read_bytes().decode()
        except UnicodeDecodeError as e:
            raise ToktoolsError(f"{path} must be UTF-8, got byte {e.start} of another kind") from e
    return texts


if __name__ == "__main__":
    main()
