"""This library, by its public functions alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import toktools
import toktools.kernels.kernel  # what `import toktools` puts off; so it is in no one's time
from experiments.bench.jobs import Task, Work
from toktools.unicode.byte_alphabet import unspell


def _train_bpe(task: Task) -> Work:
    def run() -> Any:
        corpus = toktools.open_corpus(task.text)
        return toktools.train_bpe(corpus, vocab_size=task.vocab_size)

    return Work(run, lambda made: [unspell(a + b) for a, b in made.merges])


def _train_wordpiece(task: Task) -> Work:
    def run() -> Any:
        corpus = toktools.open_corpus(task.text)
        return toktools.train_wordpiece(corpus, vocab_size=task.vocab_size)

    def answer(made: Any) -> list[bytes]:
        return [token.encode() for token in made.vocabulary.tokens]

    return Work(run, answer)


def _encode(name: str) -> Any:
    def make(task: Task) -> Work:
        tokenizer = toktools.load(Path(task.tokenizers, f"{name}.json"))
        return Work(lambda: tokenizer.encode_files(task.text), lambda made: made.ids)

    return make


def _decode_bpe(task: Task) -> Work:
    tokenizer, ids = toktools.load(Path(task.tokenizers, "bpe.json")), np.load(task.ids)
    return Work(lambda: tokenizer.decode_bytes(ids), bytes)


JOBS = {
    "train-bpe": _train_bpe,
    "train-wordpiece": _train_wordpiece,
    "encode-bpe": _encode("bpe"),
    "encode-wordpiece": _encode("wordpiece"),
    "encode-word": _encode("word"),
    "encode-character": _encode("character"),
    "decode-bpe": _decode_bpe,
}
