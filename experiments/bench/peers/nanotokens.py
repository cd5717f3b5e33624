"""`nanotoken`: encodes files as BERT does, documents parted by a line feed.

`WHOLE` makes the file one document; a line feed is white space to BERT, so the ids are the same.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import nanotoken  # pyright: ignore[reportMissingImports]

from experiments.bench.jobs import Task, Work, plain_tokenizer


def _encode_wordpiece(task: Task, *, whole: bool = False) -> Work:
    tokenizer: Any = nanotoken.Tokenizer(str(plain_tokenizer(task, "wordpiece")))
    parallel = task.threads > 1

    def run() -> Any:
        separator = None if whole else b"\n"
        source = nanotoken.TextFileSource([task.text], separator=separator)
        return tokenizer.backend.encode_files(source, add_special_tokens=False, parallel=parallel)

    return Work(run, lambda made: made[0])


WHOLE = {"encode-wordpiece": partial(_encode_wordpiece, whole=True)}
JOBS = {"encode-wordpiece": _encode_wordpiece}
