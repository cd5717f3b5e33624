"""Processes forked from a server that has imported what is slow to import, and runs nothing else.

A test process has one such server, whoever asks first; so what all need is imported here.
"""

import multiprocessing
from multiprocessing.process import BaseProcess

import pytest

SLOW_TO_IMPORT = [
    *("pytest", "torch", "torch._dynamo", "matplotlib.pyplot"),
    *("lstm_lm.runs.run", "lstm_lm.numpy_lm.run", "experiments.comparison.running"),
]


def fork(target, *args, **options) -> BaseProcess:
    """Start a process that calls a function of a module, on one thread; return it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(SLOW_TO_IMPORT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # torch reads it as the server loads it
        process = context.Process(target=target, args=args, kwargs=options)
        process.start()
    return process
