"""`tokenizers`: trains from files; encodes a batch of lines, and keeps the ids in its encodings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from experiments.bench.jobs import Task, Work, flat, lines
from toktools.unicode.byte_alphabet import unspell


def bpe_trainer(vocab_size: int) -> tuple[Any, Any]:
    """Return an untrained byte-level BPE and its trainer."""
    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer, trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<PAD>", "<EOS>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )


def wordpiece_trainer(vocab_size: int) -> tuple[Any, Any]:
    """Return an untrained WordPiece, cut at white space, and its trainer."""
    tokenizer: Any = Tokenizer(models.WordPiece(unk_token="<ANY>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer, trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        special_tokens=["<PAD>", "<EOS>", "<ANY>"],
        show_progress=False,
    )


def merges(tokenizer: Any) -> list[bytes]:
    """Return the tokens that merges make, first learned first."""
    return [unspell(a + b) for a, b in json.loads(tokenizer.to_str())["model"]["merges"]]


def vocabulary(tokenizer: Any) -> list[bytes]:
    """Return the tokens in the order of their ids."""
    ids = tokenizer.get_vocab()
    return [token.encode() for token in sorted(ids, key=ids.__getitem__)]


def _train(trainer_of: Any, answer: Any) -> Any:
    def make(task: Task) -> Work:
        tokenizer, trainer = trainer_of(task.vocab_size)

        def run() -> Any:
            tokenizer.train([task.text], trainer)
            return tokenizer

        return Work(run, answer)

    return make


def _encode(name: str) -> Any:
    def make(task: Task) -> Work:
        tokenizer = _load(task, name)

        def run() -> Any:
            return tokenizer.encode_batch_fast(lines(task.text), add_special_tokens=False)

        return Work(run, lambda made: flat(encoding.ids for encoding in made))

    return make


def _decode_bpe(task: Task) -> Work:
    tokenizer, ids = _load(task, "bpe"), np.load(task.ids).tolist()
    return Work(lambda: tokenizer.decode(ids, skip_special_tokens=False), str.encode)


def _load(task: Task, name: str) -> Any:
    """Return a tokenizer for which a special token in a text is text: see `plain_tokenizer`."""
    tokenizer: Any = Tokenizer.from_file(str(Path(task.tokenizers, f"{name}.json")))
    tokenizer.encode_special_tokens = True
    return tokenizer


JOBS = {
    "train-bpe": _train(bpe_trainer, merges),
    "train-wordpiece": _train(wordpiece_trainer, vocabulary),
    "encode-bpe": _encode("bpe"),
    "encode-wordpiece": _encode("wordpiece"),
    "decode-bpe": _decode_bpe,
}
