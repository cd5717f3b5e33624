"""`tiktoken`: takes lists of texts, so that reading and cutting into lines is in its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tiktoken import Encoding
from tiktoken.load import load_tiktoken_bpe

from experiments.bench.jobs import GPT2_CUT, Task, Work, flat, lines


def _encode_bpe(task: Task) -> Work:
    encoding = _load(task)

    def run() -> Any:
        return encoding.encode_ordinary_batch(lines(task.text), num_threads=task.threads)

    return Work(run, flat)


def _decode_bpe(task: Task) -> Work:
    encoding, ids = _load(task), np.load(task.ids).tolist()
    return Work(lambda: encoding.decode_bytes(ids), bytes)


def _load(task: Task) -> Encoding:
    ranks = load_tiktoken_bpe(str(Path(task.tokenizers, "bpe.tiktoken")))
    special = {"<PAD>": 0, "<EOS>": 1}
    return Encoding("bench", pat_str=GPT2_CUT, mergeable_ranks=ranks, special_tokens=special)


JOBS = {"encode-bpe": _encode_bpe, "decode-bpe": _decode_bpe}
