"""Our recurrent cells beside torch's: the same weights, the same text, the same optimiser.

Every cell makes the same character model of a built-in text. A cell that torch has too is begun
with torch's weights; then outputs and gradients are compared on one batch with a random state, in
float32 and float64, and the losses of a short training step by step.

What is timed: forward, backward and Adam's update, `steps_a_round` times; each round takes every
cell in turn, after one round that does not count. The clock is the processor's time for this
process, which on one thread is what a clock on the wall would show on an idle machine. Not timed:
making models and batches.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from lstm_lm.cells import copy_from_torch
from lstm_lm.config import CELLS, TORCH_CELLS, ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk, make_batches
from lstm_lm.data.encoded import encode_split
from lstm_lm.model import LanguageModel, State, detach
from lstm_lm.runs.environment import environment
from toktools.character import train_character
from toktools.corpus import open_corpus
from toktools.errors import ToktoolsError

Json = dict[str, Any]
PEERS = {**{cell: cell for cell in TORCH_CELLS}, "lstm-gates": "lstm"}
"""Our cells that torch has too, with torch's name for them."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is measured.

    Raises: ToktoolsError at fewer than 2 steps, 5 rounds or 1 unit.
    """

    corpus: str = "python-docs"
    n_steps: int = 100
    n_rounds: int = 5
    hidden_size: int = 128
    n_layers: int = 2
    batch_size: int = 16
    bptt: int = 64
    learning_rate: float = 2e-3
    seed: int = 0

    def __post_init__(self) -> None:
        least_of = {"n_steps": 2, "n_rounds": 5, "hidden_size": 1, "bptt": 1, "seed": 0}
        for name, least in least_of.items():
            if getattr(self, name) < least:
                flag = name.removeprefix("n_").replace("_", "-")
                raise ToktoolsError(f"--{flag} must be >= {least}, got {getattr(self, name)}")

    @property
    def steps_a_round(self) -> int:
        """Updates that are timed together."""
        return min(8, self.n_steps)


def measure(settings: Settings, *, say: Callable[[str], object]) -> Json:
    """Compare outputs, train, and time every cell.

    Args:    say: gets a line as each part begins.
    Returns: {"settings", "environment", "n_vocab", "cells": [{...}]}: one entry for each of torch's
             cells and each of ours.
    """
    with alone(settings.seed):
        n_vocab, chunks = _text(settings)
        say("comparing outputs and gradients")
        differences = {cell: _differences(settings, cell, n_vocab, chunks[0]) for cell in PEERS}
        variants = [("torch", cell) for cell in TORCH_CELLS] + [("own", cell) for cell in CELLS]
        entries: list[Json] = []
        for implementation, cell in variants:
            say(f"training {cell} ({implementation})")
            model = make_model(settings, implementation, cell, n_vocab)
            learner = Learner(model, chunks, settings.learning_rate)
            entries.append(
                {
                    "cell": cell,
                    "implementation": implementation,
                    "n_parameters": model.n_parameters,
                    "losses_nats": [learner.step() for _ in range(settings.n_steps)],
                    **(differences.get(cell, {}) if implementation == "own" else {}),
                    "steps_per_second": [],
                }
            )
        _time(settings, n_vocab, chunks, entries, say)
        return {
            "settings": dataclasses.asdict(settings),
            "environment": environment(torch.device("cpu")),
            "n_vocab": n_vocab,
            "cells": entries,
        }


@contextmanager
def alone(seed: int) -> Iterator[None]:
    """Run on one thread with random numbers of its own."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(n_threads)


def _text(settings: Settings) -> tuple[int, list[Chunk]]:
    """Return the size of the vocabulary and the batches of the training text."""
    documents = list(open_corpus(settings.corpus).split("train"))
    tokenizer = train_character(documents)
    split = encode_split(tokenizer, documents)
    config = TrainingConfig(batch_size=settings.batch_size, bptt=settings.bptt)
    batches = make_batches(split, config, eos_id=tokenizer.require_eos())
    return tokenizer.n_vocab, list(islice(batches.epoch(0), settings.n_steps))


def make_model(
    settings: Settings,
    implementation: str,
    cell: str,
    n_vocab: int,
    dtype: torch.dtype = torch.float32,
) -> LanguageModel:
    """Return a model; ours of a cell that torch has begins with the weights of torch's."""
    config = ModelConfig(
        embedding_size=settings.hidden_size // 2 or 1,
        hidden_size=settings.hidden_size,
        n_layers=settings.n_layers,
        dropout=0.0,
        cell=cell,
        implementation=implementation,
    )
    torch.manual_seed(settings.seed)
    model = LanguageModel(n_vocab, config).to(dtype)
    if implementation == "own" and cell in PEERS:
        theirs = make_model(settings, "torch", PEERS[cell], n_vocab, dtype)
        copy_from_torch(model.recurrent, theirs.recurrent)  # pyright: ignore[reportArgumentType]
        for part in ("embedding", "head"):
            model.get_submodule(part).load_state_dict(theirs.get_submodule(part).state_dict())
    return model


def _differences(settings: Settings, cell: str, n_vocab: int, chunk: Chunk) -> Json:
    """Return the largest differences from torch, by type of float.

    Of outputs and states it is the absolute difference; of gradients it is divided by the largest.
    """
    found: Json = {}
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        ours = make_model(settings, "own", cell, n_vocab, dtype)
        theirs = make_model(settings, "torch", PEERS[cell], n_vocab, dtype)
        state = tuple(torch.randn_like(s) for s in ours.init_state(chunk.x_TB.shape[1]))
        (y, h, gradient), (y2, h2, gradient2) = (
            _outputs(model, chunk, state) for model in (ours, theirs)
        )
        found[f"output_difference_{name}"] = max(_largest(y, y2), _largest(h, h2))
        found[f"gradient_difference_{name}"] = _largest(gradient, gradient2) / float(
            gradient2.abs().max()
        )
    return found


def _outputs(model: LanguageModel, chunk: Chunk, state: State) -> tuple[Tensor, Tensor, Tensor]:
    """Return outputs, last states, and the gradient of the loss at the embedding."""
    features = model.features(chunk.x_TB, state)
    logits_TBV = model.head(features.dropped_TBH)
    loss = functional.cross_entropy(logits_TBV.flatten(0, 1), chunk.y_TB.flatten())
    (gradient,) = torch.autograd.grad(loss, model.embedding.weight)
    return features.raw_TBH, torch.stack(features.state), gradient


def _largest(a: Tensor, b: Tensor) -> float:
    return float((a - b).detach().abs().max())


class Learner:
    """A model, Adam, and the text, over and over; the plain training loop and nothing else."""

    def __init__(self, model: LanguageModel, chunks: list[Chunk], learning_rate: float) -> None:
        self._model, self._chunks = model, cycle(chunks)
        self._optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
        self._state: State = ()

    def step(self) -> float:
        """Make one update; return the loss before it, in nats per token."""
        chunk, model = next(self._chunks), self._model
        fresh = chunk.fresh or not self._state
        state = model.init_state(chunk.x_TB.shape[1]) if fresh else detach(self._state)
        logits_TBV, self._state = model(chunk.x_TB, state)
        loss = functional.cross_entropy(logits_TBV.flatten(0, 1), chunk.y_TB.flatten())
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        self._optimizer.step()
        return loss.item()


def _time(
    settings: Settings,
    n_vocab: int,
    chunks: list[Chunk],
    entries: list[Json],
    say: Callable[[str], object],
) -> None:
    """Add to every entry its steps per second in each round."""
    learners: list[Learner] = []
    for entry in entries:
        model = make_model(settings, entry["implementation"], entry["cell"], n_vocab)
        chunks = chunks[: settings.steps_a_round]
        learners.append(Learner(model, chunks, settings.learning_rate))
    for number in range(settings.n_rounds + 1):
        say(f"timing, round {number} of {settings.n_rounds}" if number else "timing, warming up")
        for entry, learner in zip(entries, learners, strict=True):
            start = time.process_time()
            for _ in range(settings.steps_a_round):
                learner.step()
            if number:
                rate = settings.steps_a_round / (time.process_time() - start)
                entry["steps_per_second"].append(rate)
