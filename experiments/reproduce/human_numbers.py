"""The seven models of fastbook's chapter on language models, trained as there, with several seeds.

Source: Howard and Gugger 2020, Deep Learning for Coders with fastai and PyTorch, chapter 12; its
        figures are those of the last epochs in github.com/fastai/fastbook, 12_nlp_dive.ipynb.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from experiments.reproduce import human_numbers_models as models
from experiments.reproduce.human_numbers_data import (
    Batch,
    Text,
    cut_windows,
    in_order,
    in_rows,
    most_common,
    read_text,
    split_by_position,
)
from experiments.reproduce.one_cycle import OneCycle, Trainer, evaluate
from lstm_lm.runs.environment import environment
from lstm_lm.runs.seeds import check_seeds
from toktools.errors import ToktoolsError

Json = dict[str, Any]
N_HIDDEN, BATCH_SIZE = 64, 64


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the chapter trains a model, and what it got.

    Attributes:
        name: the model's in the chapter. model: makes it, given V and H.
        adds: what is new against the model before. window: words that are read at once.
        every: predict after each word, not only after the last.
        keeps_state: go on from the state of the window before.
        accuracy, loss: the chapter's, of the validation text after the last epoch.
    """

    name: str
    model: Callable[[int, int], nn.Module]
    adds: str
    window: int
    every: bool
    keeps_state: bool
    cycle: OneCycle
    accuracy: float
    loss: float

    def batches(self, text: Text) -> tuple[list[Batch], list[Batch]]:
        """Return what is trained on and what validates."""
        windows = cut_windows(text.ids, self.window, every=self.every)
        train, validation = split_by_position(windows)
        if self.keeps_state:
            return in_rows(train, BATCH_SIZE), in_rows(validation, BATCH_SIZE)
        return (
            in_order(train, BATCH_SIZE, drop_last=True),
            in_order(validation, BATCH_SIZE, drop_last=False),
        )


def _recipe(
    model: type[nn.Module], adds: str, cycle: OneCycle, accuracy: float, loss: float
) -> Recipe:
    number = int(model.__name__[-1])
    return Recipe(
        name=model.__name__,
        model=model,
        adds=adds,
        window=16 if number >= 4 else 3,
        every=number >= 4,
        keeps_state=number >= 3,
        cycle=cycle,
        accuracy=accuracy,
        loss=loss,
    )


_LAST = OneCycle(n_epochs=15, rate=1e-2, weight_decay=0.1, momentum=(0.8, 0.7))
RECIPES = (
    _recipe(models.LMModel1, "three words in", OneCycle(n_epochs=4, rate=1e-3), 0.494414, 1.650849),
    _recipe(models.LMModel2, "a loop", OneCycle(n_epochs=4, rate=1e-3), 0.470406, 1.657033),
    _recipe(models.LMModel3, "state", OneCycle(n_epochs=10, rate=3e-3), 0.588942, 1.651267),
    _recipe(models.LMModel4, "every word", OneCycle(n_epochs=15, rate=3e-3), 0.640055, 1.877519),
    _recipe(models.LMModel5, "two layers", OneCycle(n_epochs=15, rate=3e-3), 0.487874, 2.180355),
    _recipe(models.LMModel6, "LSTM", OneCycle(n_epochs=15, rate=1e-2), 0.758464, 1.368083),
    _recipe(models.LMModel7, "held back, tied", _LAST, 0.869385, 0.458372),
)
"""The seven, in the chapter's order. Momentum of the last: that of fastai's TextLearner."""


def measure(
    seeds: Sequence[int],
    *,
    say: Callable[[str], object],
    recipes: Sequence[Recipe] = RECIPES,
    n_epochs: int | None = None,
) -> Json:
    """Train every model with every seed.

    Args:    say: gets a line as each training ends. n_epochs: in the place of the recipes' own.
    Returns: {"text", "baseline", "environment", "models": [{..., "runs": [{...}]}]}.
    Raises:  ToktoolsError unless the seeds are some, each once, and epochs are at least 1.
    """
    check_seeds(seeds)
    if n_epochs is not None and n_epochs < 1:
        raise ToktoolsError(f"--epochs must be >= 1, got {n_epochs}")
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the products are small: a second thread only waits
    try:
        text = read_text()
        entries = [_measure(shorten(recipe, n_epochs), text, seeds, say) for recipe in recipes]
        return {
            "text": {"n_tokens": len(text.tokens), "n_vocab": len(text.vocabulary)},
            "baseline": _baseline(text),
            "settings": {"n_hidden": N_HIDDEN, "batch_size": BATCH_SIZE, "seeds": list(seeds)},
            "environment": environment(torch.device("cpu")),
            "models": entries,
        }
    finally:
        torch.set_num_threads(n_threads)


def shorten(recipe: Recipe, n_epochs: int | None) -> Recipe:
    """Return the recipe with so many epochs; None: as it is."""
    if n_epochs is None:
        return recipe
    return dataclasses.replace(recipe, cycle=dataclasses.replace(recipe.cycle, n_epochs=n_epochs))


def _baseline(text: Text) -> Json:
    """Return the most common target of the first models' validation windows, and its share."""
    token, share = most_common(RECIPES[0].batches(text)[1])
    return {"token": text.vocabulary[token], "accuracy": share}


def _measure(
    recipe: Recipe, text: Text, seeds: Sequence[int], say: Callable[[str], object]
) -> Json:
    """Return what one model did with every seed."""
    runs: list[Json] = []
    for seed in seeds:
        run = train(recipe, text, seed)
        runs.append(run)
        say(f"{recipe.name}, seed {seed}: accuracy {run['curve'][-1]['accuracy']:.3f}")
    return {
        "name": recipe.name,
        "adds": recipe.adds,
        **{key: getattr(recipe, key) for key in ("window", "every", "keeps_state")},
        "cycle": dataclasses.asdict(recipe.cycle),
        "published": {"accuracy": recipe.accuracy, "loss_nats": recipe.loss},
        "n_parameters": runs[0].pop("n_parameters"),
        "runs": [{k: v for k, v in run.items() if k != "n_parameters"} for run in runs],
    }


def train(recipe: Recipe, text: Text, seed: int) -> Json:
    """Train one model with one seed.

    Returns: {"seed", "n_parameters", "seconds", "curve"}: of each epoch the mean training loss,
             loss and accuracy on the validation text after it.
    """
    start = time.process_time()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = recipe.model(len(text.vocabulary), N_HIDDEN)
        training, validation = recipe.batches(text)
        trainer = Trainer(model, training, recipe.cycle, keeps_state=recipe.keeps_state)
        curve: list[Json] = []
        for _ in range(recipe.cycle.n_epochs):
            train_loss = trainer.epoch()
            loss, accuracy = evaluate(model, validation, keeps_state=recipe.keeps_state)
            curve.append({"train_loss_nats": train_loss, "loss_nats": loss, "accuracy": accuracy})
    return {
        "seed": seed,
        "n_parameters": sum(p.numel() for p in model.parameters()),
        "seconds": time.process_time() - start,
        "curve": curve,
    }


def spread(entry: Json, figure: str) -> tuple[float, float, float]:
    """Return mean, lowest and highest over the seeds of a figure after the last epoch."""
    values = [run["curve"][-1][figure] for run in entry["runs"]]
    return statistics.mean(values), min(values), max(values)
