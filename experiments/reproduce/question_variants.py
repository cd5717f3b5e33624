"""The chapter's models with one thing changed: what each of its questions is answered by.

A variant is a recipe of the chapter (`human_numbers`) in which one thing is otherwise: the state
thrown away, the text shuffled, a layer more, another learning rate, a regularizer left out.

Source: Howard and Gugger 2020, Deep Learning for Coders with fastai and PyTorch, chapter 12, whose
        questionnaire asks what each of these is for.
Legend: B rows of the batch, H hidden units, G = H times gates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from experiments.reproduce.human_numbers import RECIPES, Recipe
from experiments.reproduce.human_numbers_data import Batch, Text
from experiments.reproduce.human_numbers_models import LMModel5, LMModel6, LMModel7
from lstm_lm.cells import GRU, Cell, TorchGRU
from lstm_lm.cells.cell import StepState

_FIRST, _LOOP, STATE, EVERY, TWO_LAYERS, LSTMS, HELD_BACK = RECIPES
_RATES = (1e-3, 3e-3, 1e-2, 3e-2)


class ShownLSTM(Cell):
    """An LSTM whose cell is always shown whole: no output gate, and so one state, not two.

        c = sigmoid(f) * c + sigmoid(i) * tanh(g)        h = tanh(c)

    It remembers what an LSTM remembers, but cannot keep from the gates and the head what is of no
    use yet.
    """

    gates = ("i", "f", "g")
    n_states = 2

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the new hidden and cell state; the first is the second, squashed."""
        h_BH, c_BH = state
        i, f, g = self.add_recurrent(x_BG, h_BH).chunk(3, dim=1)
        c_BH = f.sigmoid() * c_BH + i.sigmoid() * g.tanh()
        return c_BH.tanh(), c_BH


def layered(layer: Callable[[int, int], nn.Module], n_layers: int = 2) -> Any:
    """Return a maker of `LMModel5` with other layers, or another number of them."""
    kind = type("Layered", (LMModel5,), {"layer": staticmethod(layer)})
    return partial(kind, n_layers=n_layers)


class Untied(LMModel7):
    """`LMModel7` with a matrix for words in and another for words out."""

    def __init__(self, n_vocab: int, n_hidden: int) -> None:
        super().__init__(n_vocab, n_hidden)
        self.head.weight = nn.Parameter(nn.Linear(n_hidden, n_vocab).weight.detach())


class ShuffledRecipe(Recipe):
    """A recipe whose training batches come in any order, while the state is kept all the same."""

    def batches(self, text: Text) -> tuple[list[Batch], list[Batch]]:
        """Return training batches, shuffled once, and validation batches in order."""
        train, validation = super().batches(text)
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
        return [train[i] for i in order.tolist()], validation


def _shuffled(recipe: Recipe) -> Recipe:
    return ShuffledRecipe(**{f.name: getattr(recipe, f.name) for f in dataclasses.fields(recipe)})


def _changed(recipe: Recipe, **changes: Any) -> Recipe:
    """Return the recipe with other values; `rate` and `weight_decay` are the cycle's."""
    cycle = {key: changes.pop(key) for key in ("rate", "weight_decay") if key in changes}
    return dataclasses.replace(recipe, cycle=dataclasses.replace(recipe.cycle, **cycle), **changes)


def _state(recipe: Recipe) -> dict[str, Recipe]:
    return {
        f"{recipe.name}: in order, state kept": recipe,
        f"{recipe.name}: state thrown away at each window": _changed(recipe, keeps_state=False),
        f"{recipe.name}: windows shuffled, state kept": _shuffled(recipe),
    }


def _depth(recipe: Recipe, kind: type[LMModel5]) -> dict[str, Recipe]:
    return {
        f"{recipe.name} with {n} layer{'s' if n > 1 else ''}": _changed(
            recipe, model=partial(kind, n_layers=n)
        )
        for n in (1, 2, 3)
    }


GROUPS: dict[str, dict[str, Recipe]] = {
    "state": {**_state(EVERY), **_state(LSTMS)},
    "signal": {
        "a target for every third word": _changed(EVERY, model=STATE.model, window=3, every=False),
        "a target for every word, windows of 3": _changed(EVERY, window=3),
        "a target for every 16th word": _changed(EVERY, model=STATE.model, every=False),
        "a target for every word, windows of 16": EVERY,
    },
    "depth": {**_depth(TWO_LAYERS, LMModel5), **_depth(LSTMS, LMModel6)},
    "gates": {
        "RNN": _changed(LSTMS, model=TWO_LAYERS.model),
        "GRU, ours": _changed(LSTMS, model=layered(GRU)),
        "GRU, torch's": _changed(LSTMS, model=layered(TorchGRU)),
        "LSTM without output gate": _changed(LSTMS, model=layered(ShownLSTM)),
        "LSTM": LSTMS,
    },
    "rate": {
        f"{recipe.name} at {rate:g}": _changed(recipe, rate=rate)
        for recipe in (EVERY, TWO_LAYERS, LSTMS)
        for rate in _RATES
    },
    "regularizers": {
        "LMModel7": HELD_BACK,
        "without dropout": _changed(HELD_BACK, model=partial(LMModel7, dropout=0.0)),
        "without AR": _changed(HELD_BACK, model=partial(LMModel7, alpha=0.0)),
        "without TAR": _changed(HELD_BACK, model=partial(LMModel7, beta=0.0)),
        "untied": _changed(HELD_BACK, model=Untied),
        "weight decay 0.01 in the place of 0.1": _changed(HELD_BACK, weight_decay=0.01),
        "none of these, but trained alike": _changed(HELD_BACK, model=LMModel6),
        "the same with weight decay 0.01": _changed(HELD_BACK, model=LMModel6, weight_decay=0.01),
        "LMModel6": LSTMS,
    },
}
"""The variants, by what they ask about."""
