"""`rustbpe`: trains from an iterator, so that reading and cutting into lines is in its time."""

from __future__ import annotations

from typing import Any

import rustbpe  # pyright: ignore[reportMissingImports]

from experiments.bench.jobs import GPT2_CUT, Task, Work, lines

N_SPECIAL = 2  # the others count PAD and EOS in the size of the vocabulary


def _train_bpe(task: Task) -> Work:
    library: Any = rustbpe
    tokenizer = library.Tokenizer()

    def run() -> Any:
        size = task.vocab_size - N_SPECIAL
        tokenizer.train_from_iterator(iter(lines(task.text)), size, pattern=GPT2_CUT)
        return tokenizer

    def answer(made: Any) -> list[bytes]:
        ranked = sorted(made.get_mergeable_ranks(), key=lambda item: item[1])
        return [bytes(token) for token, _ in ranked[256:]]

    return Work(run, answer)


JOBS = {"train-bpe": _train_bpe}
