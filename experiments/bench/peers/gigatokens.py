"""`gigatoken`: trains from and encodes files, documents parted by a line feed.

`WHOLE` makes the file one document, line feeds and all, which suits this library better.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import gigatoken  # pyright: ignore[reportMissingImports]
import numpy as np

from experiments.bench.jobs import Task, Work, plain_tokenizer


def _train_bpe(task: Task) -> Work:
    def run() -> Any:
        return gigatoken.train_bpe(_source(task), task.vocab_size, ["<PAD>", "<EOS>"])

    return Work(run, lambda made: [bytes(a) + bytes(b) for a, b in made[1]])


def _encode_bpe(task: Task, *, whole: bool = False) -> Work:
    tokenizer, parallel = gigatoken.Tokenizer(plain_tokenizer(task, "bpe")), task.threads > 1

    def run() -> Any:
        source = task.text if whole else _source(task)
        return tokenizer.encode_files(source, parallel=parallel)

    def answer(made: Any) -> Any:
        import awkward  # pyright: ignore[reportMissingImports]

        return awkward.flatten(made, axis=1).to_numpy()

    return Work(run, answer)


def _decode_bpe(task: Task) -> Work:
    tokenizer, ids = gigatoken.Tokenizer(Path(task.tokenizers, "bpe.json")), np.load(task.ids)
    return Work(lambda: tokenizer.decode(ids), bytes)


def _source(task: Task) -> Any:
    return gigatoken.TextFileSource([task.text], separator=b"\n")


WHOLE = {"encode-bpe": partial(_encode_bpe, whole=True)}
JOBS = {"train-bpe": _train_bpe, "encode-bpe": _encode_bpe, "decode-bpe": _decode_bpe}
