"""`nanotoken`: encodes files as BERT does, documents parted by a line feed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nanotoken  # pyright: ignore[reportMissingImports]

from experiments.bench.jobs import Task, Work


def _encode_wordpiece(task: Task) -> Work:
    tokenizer: Any = nanotoken.Tokenizer(str(Path(task.tokenizers, "wordpiece.json")))
    parallel = task.threads > 1

    def run() -> Any:
        source = nanotoken.TextFileSource([task.text], separator=b"\n")
        return tokenizer.backend.encode_files(source, add_special_tokens=False, parallel=parallel)

    return Work(run, lambda made: made[0])


JOBS = {"encode-wordpiece": _encode_wordpiece}
