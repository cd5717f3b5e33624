"""Trainings in processes of their own, which kill themselves at a given moment with SIGKILL.

They are forked, so that each starts quickly: see `tests/forked.py`.
"""

import json
import os
import signal
from pathlib import Path

import torch

import lstm_lm
import lstm_lm.files
import lstm_lm.numpy_lm.run
import lstm_lm.runs.finishing
from lstm_lm import ModelConfig
from lstm_lm.files import read_tensors
from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
from lstm_lm.runs.directory import RunDirectory
from tests.forked import fork
from toktools import load

TIMES = ("training_seconds", "tokens_per_second")
MODEL = ModelConfig(embedding_size=6, hidden_size=8, n_layers=2, dropout=0.2)
NUMPY_MODEL = NumpyModelConfig(cell="lstm-cifg", embedding_size=6, hidden_size=8, n_layers=2)


def start(path, folder, training, *, resume=False, kill=None, **options):
    """Run `go` in a process of its own; return its exit code (-9 where it was killed)."""
    process = fork(go, path, folder, training, resume, kill, **options)
    process.join(60)
    return process.exitcode


def go(path, folder, training, resume, kill, **options):
    """Train on the text in `folder`.

    kill: None, ("update", n): after the n-th update; ("write", n): halfway through the n-th file
    that is written; ("renamed", n): just after it; ("line", n): halfway through the n-th line.
    """
    torch.set_num_threads(1)
    lstm_lm.runs.finishing.save_curves = lambda *args, **kwargs: None  # longer than the training
    what, count = kill or ("nothing", 0)
    moments = iter(range(1, 10**9))
    if what in ("write", "renamed"):
        _break_writing(what, lambda: next(moments) == count)
    if what == "line":
        _break_lines(lambda: next(moments) == count)
    texts = json.loads((folder / "texts.json").read_text())
    in_numpy = isinstance(training, NumpyTrainingConfig)
    train = lstm_lm.numpy_lm.run.train if in_numpy else lstm_lm.train
    train(
        path,
        texts,
        load(folder / "tokenizer.json"),
        model=NUMPY_MODEL if in_numpy else MODEL,
        training=training,
        resume=resume,
        **options,
        stop=lambda: what == "update" and next(moments) == count and die(),
    )


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def _break_writing(what, now):
    whole = lstm_lm.files.write_bytes

    def write_bytes(path, data):
        if now():
            if what == "write":
                Path(path).with_name(f".{path.name}.half").write_bytes(data[: len(data) // 2])
            else:
                whole(path, data)
            die()
        whole(path, data)

    lstm_lm.files.write_bytes = write_bytes


def _break_lines(now):
    whole = RunDirectory.append_metrics

    def append_metrics(self, record):
        if now():
            with self.metrics.open("a") as file:
                file.write(json.dumps(record)[:30])
            die()
        whole(self, record)

    RunDirectory.append_metrics = append_metrics


def result(path):
    """Return all that a finished run holds except what tells the time: lines, tensors, position."""
    run = RunDirectory(path)
    lines = [{k: v for k, v in r.items() if k not in TIMES} for r in run.read_metrics()]
    last, header = read_tensors(run.last)
    position = json.loads(header["position"])
    for name in ("seconds", "new_seconds", "metrics_size"):
        del position[name]
    tensors = {"last": last, "best": read_tensors(run.best)[0]}
    bits = {
        f: {k: (t.dtype, t.numpy().tobytes()) for k, t in ts.items()} for f, ts in tensors.items()
    }
    return lines, position, bits
