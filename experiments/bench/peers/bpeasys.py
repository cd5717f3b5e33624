"""`bpeasy`: trains from an iterator, so that reading and cutting into lines is in its time."""

from __future__ import annotations

from typing import Any

import bpeasy  # pyright: ignore[reportMissingImports]

from experiments.bench.jobs import GPT2_CUT, Task, Work, lines
from experiments.bench.peers.rustbpes import N_SPECIAL

LONGEST = 1 << 20  # bytes of a token: no bound, as with the others


def _train_bpe(task: Task) -> Work:
    def run() -> Any:
        size = task.vocab_size - N_SPECIAL
        return bpeasy.train_bpe(iter(lines(task.text)), GPT2_CUT, LONGEST, size)

    return Work(run, lambda made: sorted(made, key=made.__getitem__)[256:])


JOBS = {"train-bpe": _train_bpe}
