"""`sentencepiece`: trains a BPE of its own kind from files."""

from __future__ import annotations

import io
from typing import Any

import sentencepiece

from experiments.bench.jobs import Task, Work


def _train_bpe(task: Task) -> Work:
    def run() -> bytes:
        model = io.BytesIO()
        trainer: Any = sentencepiece.SentencePieceTrainer
        trainer.train(
            input=task.text,
            model_writer=model,
            model_type="bpe",
            vocab_size=task.vocab_size,
            byte_fallback=True,
            hard_vocab_limit=False,
            num_threads=task.threads,
            minloglevel=2,
        )
        return model.getvalue()

    def answer(made: bytes) -> list[bytes]:
        processor: Any = sentencepiece.SentencePieceProcessor()
        processor.LoadFromSerializedProto(made)
        pieces = map(processor.IdToPiece, range(processor.GetPieceSize()))
        return [piece.replace("▁", " ").encode() for piece in pieces]

    return Work(run, answer)


JOBS = {"train-bpe": _train_bpe}
