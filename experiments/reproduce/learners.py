"""Small recurrent networks, in NumPy and in torch, that are trained alike: one step, and logits.

Both read one-hot vectors and begin with a state of zeros.
Legend: T time steps, B rows, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from numpy.typing import NDArray
from torch.nn import functional

from experiments.reproduce.counting import Ids
from lstm_lm.config import ModelConfig
from lstm_lm.model import LanguageModel
from lstm_lm.numpy_lm import NumpyLanguageModel, NumpyModelConfig
from lstm_lm.numpy_lm.clipping import clip_norm
from lstm_lm.numpy_lm.optimizers import SGD, Adam


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; `clip_norm` None: not clipped; `note`: for its title."""

    library: str
    cell: str
    optimizer: str
    learning_rate: float
    epochs: int
    clip_norm: float | None = None
    note: str = ""

    @property
    def title(self) -> str:
        """What people read."""
        name = {"numpy": "NumPy", "torch": "PyTorch"}[self.library]
        return f"{name} {self.cell.upper()}{f', {self.note}' if self.note else ''}"


class Learner(Protocol):
    """A network and its optimiser."""

    def step(self, x_TB: Ids, y_TB: Ids) -> None:
        """Make one update."""
        ...

    def logits(self, x_TB: Ids) -> NDArray:
        """Return the logits (T, B, V) of what follows each token."""
        ...


class NumpyLearner:
    """A network in NumPy on one-hot vectors; orthogonal weights at first."""

    def __init__(self, recipe: Recipe, n_vocab: int, hidden_size: int, seed: int) -> None:
        config = NumpyModelConfig(
            cell=recipe.cell,
            input_encoding="one-hot",
            hidden_size=hidden_size,
            n_layers=1,
            initialization="orthogonal",
        )
        self._recipe, self._model = recipe, NumpyLanguageModel(n_vocab, config, seed=seed)
        kind = {"sgd": SGD, "adam": Adam}[recipe.optimizer]
        self._optimizer = kind(self._model.parameters, recipe.learning_rate)

    def step(self, x_TB: Ids, y_TB: Ids) -> None:
        """Make one update; SGD by the gradient of the sum, Adam by that of the mean."""
        state = self._model.init_state(x_TB.shape[1])
        _, gradients, _ = self._model.loss_and_gradients(x_TB, y_TB, state)
        if self._recipe.optimizer == "sgd":
            for gradient in gradients.values():
                gradient *= len(x_TB)
        if self._recipe.clip_norm is not None:
            clip_norm(gradients, self._recipe.clip_norm)
        self._optimizer.step(gradients)

    def logits(self, x_TB: Ids) -> NDArray:
        """Return the logits (T, B, V) of what follows each token."""
        return self._model.forward(x_TB, self._model.init_state(x_TB.shape[1]))[0]


class TorchLearner:
    """The shared language model in torch; its embedding is fixed to one-hot vectors."""

    def __init__(self, recipe: Recipe, n_vocab: int, hidden_size: int, seed: int) -> None:
        torch.manual_seed(seed)
        config = ModelConfig(
            cell=recipe.cell,
            embedding_size=n_vocab,
            hidden_size=hidden_size,
            n_layers=1,
            dropout=0.0,
        )
        self._model = LanguageModel(n_vocab, config)
        self._model.embedding.weight = torch.nn.Parameter(torch.eye(n_vocab), requires_grad=False)
        trained = [p for p in self._model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(trained, lr=recipe.learning_rate)

    def step(self, x_TB: Ids, y_TB: Ids) -> None:
        """Make one update."""
        x, y = torch.from_numpy(x_TB), torch.from_numpy(y_TB)
        logits_TBV, _ = self._model(x, self._model.init_state(x.shape[1]))
        loss = functional.cross_entropy(logits_TBV.flatten(0, 1), y.flatten())
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()

    @torch.inference_mode()
    def logits(self, x_TB: Ids) -> NDArray:
        """Return the logits (T, B, V) of what follows each token."""
        x = torch.from_numpy(x_TB)
        return self._model(x, self._model.init_state(x.shape[1]))[0].numpy()


def make_learner(recipe: Recipe, n_vocab: int, hidden_size: int, seed: int) -> Learner:
    """Return an untrained network and its optimiser."""
    kind = {"numpy": NumpyLearner, "torch": TorchLearner}[recipe.library]
    return kind(recipe, n_vocab, hidden_size, seed)
