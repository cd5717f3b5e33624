"""Training steps in NumPy, a second: `python -m experiments.bench.numpy_lm`.

What is timed: forward, backward, clipping by norm and Adam on a batch that is in memory, as the
trainer does it, in float32; tokens are characters, drawn at random, which changes no time. Each
round is a process of its own that throws its first steps away. Not timed: imports, validation,
files. Torch's LSTM of the same sizes, trained the same way, stands beside ours. On a machine that
others use too, look at the rate per second of processor time (all threads together): the other
one says how busy the machine was.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

N_UNITS, N_LAYERS = 100, 2
N_VOCAB, BATCH_SIZE, BPTT = 65, 32, 100
N_WARM_UP, N_STEPS, N_ROUNDS = 5, 25, 5
CONTESTANTS = ("numpy:lstm-cifg", "numpy:lstm", "numpy:gru", "numpy:rnn", "torch:lstm")


def numpy_step(cell: str) -> Callable[[], object]:
    """Return a function that makes one update of a model in NumPy."""
    from lstm_lm.numpy_lm.clipping import clip_norm
    from lstm_lm.numpy_lm.config import NumpyModelConfig
    from lstm_lm.numpy_lm.model import NumpyLanguageModel
    from lstm_lm.numpy_lm.optimizers import Adam

    model = NumpyLanguageModel(
        N_VOCAB,
        NumpyModelConfig(cell=cell, embedding_size=N_UNITS, hidden_size=N_UNITS, n_layers=N_LAYERS),
    )
    optimizer, state, ids_TB = Adam(model.parameters, 1e-3), model.init_state(BATCH_SIZE), _ids()

    def step() -> None:
        nonlocal state
        _, gradients, state = model.loss_and_gradients(ids_TB[:-1], ids_TB[1:], state)
        clip_norm(gradients, 1.0)
        optimizer.step(gradients)

    return step


def torch_step() -> Callable[[], object]:
    """Return a function that makes one update of torch's LSTM."""
    import torch
    from torch.nn import functional

    from lstm_lm.config import ModelConfig
    from lstm_lm.model import LanguageModel, detach

    model = LanguageModel(
        N_VOCAB,
        ModelConfig(embedding_size=N_UNITS, hidden_size=N_UNITS, n_layers=N_LAYERS, dropout=0.0),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    state, ids_TB = model.init_state(BATCH_SIZE), torch.from_numpy(_ids())

    def step() -> None:
        nonlocal state
        logits_TBV, state = model(ids_TB[:-1], detach(state))
        optimizer.zero_grad()
        functional.cross_entropy(logits_TBV.flatten(0, 1), ids_TB[1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def _ids() -> np.ndarray:
    return np.random.default_rng(0).integers(0, N_VOCAB, (BPTT + 1, BATCH_SIZE))


def one_round(contestant: str) -> dict[str, float]:
    """Return the characters a second of one round, by the median step, on both clocks."""
    backend, _, cell = contestant.partition(":")
    step = numpy_step(cell) if backend == "numpy" else torch_step()
    wall: list[float] = []
    processor: list[float] = []
    for _ in range(N_WARM_UP + N_STEPS):
        start = time.perf_counter(), time.process_time()
        step()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    clocks = {"wall": wall, "processor": processor}
    return {
        name: BATCH_SIZE * BPTT / statistics.median(seconds[N_WARM_UP:])
        for name, seconds in clocks.items()
    }


def measure() -> dict[str, Any]:
    """Run every round, the contestants in turn; return all rounds and the load of the machine."""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "1")
    environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
    environment.setdefault("GOMP_SPINCOUNT", "2000")  # as lstm_lm.commands.threads sets it
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    before = os.getloadavg()[0]
    for number in range(N_ROUNDS):
        print(f"round {number + 1} of {N_ROUNDS}", file=sys.stderr)
        for name in CONTESTANTS:
            command = [sys.executable, "-m", "experiments.bench.numpy_lm", name]
            done = subprocess.run(command, env=environment, capture_output=True, check=True)
            rounds[name].append(json.loads(done.stdout))
    return {"threads": threads, "load": [before, os.getloadavg()[0]], "rounds": rounds}


def main() -> None:
    """Print one round of a contestant as JSON, or measure all of them and print a table."""
    if len(sys.argv) > 1:
        print(json.dumps(one_round(sys.argv[1])))
        return
    result = measure()
    print(f"threads {result['threads']}, load {result['load'][0]:.1f} to {result['load'][1]:.1f}")
    for name, rounds in result["rounds"].items():
        for clock in ("wall", "processor"):
            rates = [r[clock] for r in rounds]
            print(
                f"{name:16} {statistics.median(rates):9,.0f} characters per {clock} second, median "
                f"of {len(rates)} rounds ({min(rates):,.0f} to {max(rates):,.0f})"
            )


if __name__ == "__main__":
    main()
