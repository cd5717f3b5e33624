"""Recurrent networks learn to count: the experiment of DTU's notebook on a^n b^n.

A word is an update, in the order of the corpus. The networks in NumPy descend along the gradient of
the word's summed loss, clipped to a norm of 0.25; torch's follows Adam on the mean loss. All read
one-hot vectors and begin each word with a state of zeros. Two more networks tell causes apart: the
LSTM in NumPy with torch's Adam, and the RNN with the LSTM's rate and epochs.

What is timed: forward, backward and update, by the processor's time of this process on one thread.
Not timed: looking at the losses.

Source: N. Hansen, P. E. Christensen and A. R. Johansen, How to build RNNs and LSTMs from scratch
        (DTU 02456), for data, sizes, rates, clipping and epochs.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from experiments.reproduce.cells import alone
from experiments.reproduce.counting import (
    LANGUAGES,
    LENGTHS,
    LONGER,
    Ids,
    Language,
    encode,
    lowest_loss,
    matches,
    no_model_below,
)
from experiments.reproduce.learners import Learner, Recipe, make_learner
from lstm_lm.data.encoded import IGNORED
from lstm_lm.runs.environment import environment
from toktools.errors import ToktoolsError

Json = dict[str, Any]


RECIPES = (
    Recipe("numpy", "rnn", "sgd", 1e-3, 1000, 0.25),
    Recipe("numpy", "lstm", "sgd", 1e-1, 200, 0.25),
    Recipe("torch", "lstm", "adam", 1e-3, 200),
    Recipe("numpy", "lstm", "adam", 1e-3, 200, note="Adam"),
    Recipe("numpy", "rnn", "sgd", 1e-1, 200, 0.25, note="rate 0.1"),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is measured; `epochs` multiplies the notebook's, `harder_epochs` the other languages'.

    Raises: ToktoolsError if a size is below 1 or a share is not above 0.
    """

    n_seeds: int = 3
    hidden_size: int = 50
    epochs: float = 1.0
    harder_epochs: float = 0.25

    def __post_init__(self) -> None:
        for name in ("n_seeds", "hidden_size"):
            if getattr(self, name) < 1:
                flag = name.removeprefix("n_").replace("_", "-")
                raise ToktoolsError(f"--{flag} must be >= 1, got {getattr(self, name)}")
        for name in ("epochs", "harder_epochs"):
            if not 0 < getattr(self, name) <= 10:
                flag = name.replace("_", "-")
                raise ToktoolsError(f"--{flag} must be in (0, 10], got {getattr(self, name)}")

    def runs(self, recipes: Sequence[Recipe] = RECIPES) -> list[tuple[str, Recipe, int]]:
        """Return language, recipe and seed of every training with one of `recipes`."""
        return [
            (language, recipe, seed)
            for language in LANGUAGES
            for recipe in (RECIPES if language == "anbn" else RECIPES[1:3])
            if recipe in recipes
            for seed in range(self.n_seeds)
        ]

    def n_epochs(self, language: str, recipe: Recipe) -> int:
        """Return how often a training sees all words, at least once."""
        share = self.epochs * (1 if language == "anbn" else self.harder_epochs)
        return max(1, round(recipe.epochs * share))


def measure(
    settings: Settings, *, say: Callable[[str], object], recipes: Sequence[Recipe] = RECIPES
) -> Json:
    """Train every network on every language.

    Args:    say: gets a line as each training begins. recipes: only networks with one of these.
    Returns: {"settings", "environment", "lowest_loss_nats", "no_model_below_nats", "runs"}; the
             two bounds by split of a^n b^n, `runs` a list with one entry for each training.
    """
    with alone(0):
        runs: list[Json] = []
        for name, recipe, seed in settings.runs(recipes):
            say(f"training: {name}, {recipe.title}, seed {seed}")
            runs.append(measure_one(settings, name, recipe, seed))
        return summary(settings, runs)


def summary(settings: Settings, runs: list[Json]) -> Json:
    """Return the trainings with all that is needed to read them."""
    words = {split: LANGUAGES["anbn"].split(split) for split in ("train", "validation")}
    return {
        "settings": dataclasses.asdict(settings),
        "environment": environment(torch.device("cpu")),
        "lowest_loss_nats": {split: lowest_loss(some) for split, some in words.items()},
        "no_model_below_nats": {split: no_model_below(some) for split, some in words.items()},
        "runs": runs,
    }


def measure_one(settings: Settings, name: str, recipe: Recipe, seed: int) -> Json:
    """Train one network; return its curve, and which words of every n it gets right."""
    language, n_epochs = LANGUAGES[name], settings.n_epochs(name, recipe)
    learner = make_learner(recipe, len(language.tokens), settings.hidden_size, seed)
    curve = train(learner, language, n_epochs)
    return {
        "language": name,
        "title": recipe.title,
        "recipe": dataclasses.asdict(recipe),
        "seed": seed,
        "n_epochs": n_epochs,
        "curve": curve,
        "share_right": {str(n): share_right(learner, language, n) for n in (*LENGTHS, *LONGER)},
    }


def train(learner: Learner, language: Language, n_epochs: int) -> list[Json]:
    """Train a word at a time; return up to 100 looks at the losses, the first before any update."""
    train_words, every = language.split("train"), max(1, n_epochs // 100)
    updates = [encode(language, [word]) for word in train_words]
    splits = {"train": train_words, "validation": language.split("validation")}
    encoded = {name: encode(language, words) for name, words in splits.items()}
    seconds, curve = 0.0, []
    for epoch in range(n_epochs + 1):
        if epoch:
            start = time.process_time()
            for x_TB, y_TB in updates:
                learner.step(x_TB, y_TB)
            seconds += time.process_time() - start
        if epoch % every == 0 or epoch < 10 or epoch == n_epochs:
            losses = {f"{s}_nats": round(loss_nats(learner, *xy), 5) for s, xy in encoded.items()}
            curve.append({"epoch": epoch, "seconds": round(seconds, 3), **losses})
    return curve


def loss_nats(learner: Learner, x_TB: Ids, y_TB: Ids) -> float:
    """Return the mean loss per token in nats."""
    logits_TBV = torch.from_numpy(learner.logits(x_TB))
    target_N = torch.from_numpy(y_TB.flatten())
    return functional.cross_entropy(logits_TBV.flatten(0, 1), target_N, ignore_index=IGNORED).item()


def share_right(learner: Learner, language: Language, n: int) -> float:
    """Return the share of the words of n letters of a kind, or n pairs, that match."""
    words = language.words(n)
    return float(np.mean(matches(language, words, learner.logits(encode(language, words)[0]))))
