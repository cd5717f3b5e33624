"""`gigabpe`: trains from files.

It starts from the bytes that it sees, not from all 256, so that a text without some of them gets as
many more merges; the size that it is given is less by that, so that all learn equally many.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gigabpe  # pyright: ignore[reportMissingImports]

from experiments.bench.jobs import Task, Work
from toktools.unicode.byte_alphabet import unspell


def _train_bpe(task: Task) -> Work:
    unseen = 256 - len(set(Path(task.text).read_bytes()))

    library: Any = gigabpe

    def run() -> Any:
        return library.train_bpe(
            [task.text],
            task.vocab_size - unseen,
            special_tokens=["<PAD>", "<EOS>"],
            pretokenizer="bytelevel",
            threads=task.threads,
        )

    return Work(run, lambda made: [unspell(a + b) for a, b in made[1]])


JOBS = {"train-bpe": _train_bpe}
