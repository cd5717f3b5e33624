"""A memory copy: the bytes of the text, or of the ids, put into new memory once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.bench.jobs import Task, Work


def _read(task: Task) -> Work:
    return Work(Path(task.text).read_bytes, bytes)


def _copy_ids(task: Task) -> Work:
    return Work(np.load(task.ids).copy, bytes)


JOBS = {"encode-word": _read, "encode-character": _read, "decode-bpe": _copy_ids}
