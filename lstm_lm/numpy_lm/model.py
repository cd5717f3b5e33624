"""The language model in NumPy: input, recurrent stack, linear head, and the gradients by hand.

The parameters have the names and shapes of `lstm_lm.model.LanguageModel` (embedding.weight,
recurrent.weight_ih_l0, ..., head.weight, head.bias), so its weights can be used here.
Legend: T time steps, B rows, V vocabulary, E inputs of a step, H units, L layers, N = T B.
"""
# ruff: noqa: N815 (names carry shapes)

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lstm_lm.numpy_lm.cell import Array, Arrays, Cell, State, outer, product, sum_steps
from lstm_lm.numpy_lm.cifg import CoupledLSTMCell
from lstm_lm.numpy_lm.config import NumpyModelConfig
from lstm_lm.numpy_lm.embedding import Ids, lookup_gradient, one_hot
from lstm_lm.numpy_lm.gru import GRUCell
from lstm_lm.numpy_lm.initialization import METHODS
from lstm_lm.numpy_lm.lstm import LSTMCell
from lstm_lm.numpy_lm.rnn import RNNCell
from lstm_lm.numpy_lm.softmax import cross_entropy, log_probabilities, softmax
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.sampling.stepping import Stepper

CELLS: dict[str, type[Cell]] = {
    "lstm": LSTMCell,
    "lstm-cifg": CoupledLSTMCell,
    "gru": GRUCell,
    "rnn": RNNCell,
}
_LAYER = re.compile(r"recurrent\.layers\.(\d+)\.(\w+)")
_LOGITS_AT_ONCE = 1 << 23  # 32 MB of float32


class Cache(NamedTuple):
    """What backward needs of forward: the input, a cache per layer, and what the head read."""

    x: Array
    layers: list[NamedTuple]
    h_TBH: Array


class NumpyLanguageModel:
    """Gives, for every token of a text or every feature vector, the logits of what follows.

    Args:   n_vocab: tokens in the vocabulary; seed: of the initial weights.
    Raises: ToktoolsError if `n_vocab` is below 1.
    Example:
        >>> config = NumpyModelConfig(cell="gru", embedding_size=3, hidden_size=4, n_layers=1)
        >>> model = NumpyLanguageModel(5, config)
        >>> posterior_V, state = model.posterior(np.array([0.1, -0.2, 0.3]))
        >>> posterior_V.shape, round(float(posterior_V.sum()), 5)
        ((5,), 1.0)
    """

    def __init__(self, n_vocab: int, config: NumpyModelConfig, *, seed: int = 0) -> None:
        if n_vocab < 1:
            raise ToktoolsError(f"n_vocab must be >= 1, got {n_vocab}")
        self.n_vocab, self.config = n_vocab, config
        self.dtype = np.dtype(config.dtype)
        self._kind = CELLS[config.cell]
        self.parameters = self._initial(np.random.default_rng(seed))
        self._cells = [
            self._kind({name: self.parameters[f"recurrent.{name}_l{i}"] for name in shapes})
            for i, shapes in enumerate(self._layer_shapes())
        ]

    # Shapes and initial weights

    @property
    def n_inputs(self) -> int:
        """E: the length of a feature vector."""
        embedded = self.config.input_encoding == "embedding"
        return self.config.embedding_size if embedded else self.n_vocab

    @property
    def n_parameters(self) -> int:
        """The number of trained values."""
        return sum(p.size for p in self.parameters.values())

    def _layer_shapes(self) -> list[dict[str, tuple[int, ...]]]:
        """Return the shapes of each layer's parameters."""
        n_units = self.config.hidden_size
        sizes = [self.n_inputs, *[n_units] * (self.config.n_layers - 1)]
        return [self._kind.shapes(n_inputs=n, n_units=n_units) for n in sizes]

    def _initial(self, random: np.random.Generator) -> Arrays:
        """Return the initial parameters; an embedding is drawn from N(0, 1)."""
        parameters: Arrays = {}
        if self.config.input_encoding == "embedding":
            parameters["embedding.weight"] = random.normal(size=(self.n_vocab, self.n_inputs))
        draw, n_units = METHODS[self.config.initialization], self.config.hidden_size
        for i, shapes in enumerate(self._layer_shapes()):
            for name, shape in shapes.items():
                gates = [draw(n_units, shape[1], random) for _ in self._kind.gates if shape[1:]]
                parameters[f"recurrent.{name}_l{i}"] = (
                    np.concatenate(gates) if gates else np.zeros(shape)
                )
        parameters["head.weight"] = draw(self.n_vocab, n_units, random)
        parameters["head.bias"] = np.zeros(self.n_vocab)
        return {name: np.ascontiguousarray(p, self.dtype) for name, p in parameters.items()}

    def set_parameters(self, values: Mapping[str, Array], *, source: str = "the weights") -> None:
        """Copy `values` into the parameters; ToktoolsError if a name or a shape differs.

        Both names that torch's language model gives a layer's weights are known:
        recurrent.weight_ih_l0 (its built-in layers) and recurrent.layers.0.weight_ih (ours).
        """
        values = {_LAYER.sub(r"recurrent.\2_l\1", name): value for name, value in values.items()}
        odd = set(self.parameters) ^ set(values)
        if odd:
            raise ToktoolsError(
                f"{source}: does not fit config.json: unmatched tensor {min(odd)!r}"
            )
        for name, p in self.parameters.items():
            if values[name].shape != p.shape:
                raise ToktoolsError(
                    f"{source}: does not fit config.json: {name} must have shape {p.shape}, "
                    f"got {values[name].shape}"
                )
        for name, p in self.parameters.items():
            p[...] = values[name]

    # Forward

    def init_state(self, n_rows: int) -> State:
        """Return zeros, (L, n_rows, H): h, and for the LSTMs also c."""
        shape = (self.config.n_layers, n_rows, self.config.hidden_size)
        return tuple(np.zeros(shape, self.dtype) for _ in range(self._kind.n_states))

    def forward(self, x: Ids | Array, state: State) -> tuple[Array, State, Cache]:
        """Return the logits (T, B, V) of what follows each step, the last state, and a cache.

        Args:   x: ids (T, B), or feature vectors (T, B, E), which go past the embedding.
        Raises: ToktoolsError at an id that is not below V, or at vectors that are not (T, B, E).
        """
        y_TBH, state, layers = self._hidden(x, state)
        return self._logits(y_TBH), state, Cache(x, layers, y_TBH)

    def read(self, x: Ids | Array, state: State) -> tuple[Array, State]:
        """Return the logits (B, V) of what follows the last step only, and the state after it.

        Args and Raises: as `forward`.
        """
        y_TBH, state, _ = self._hidden(x, state)
        return self._logits(y_TBH[-1:])[0], state

    def _hidden(self, x: Ids | Array, state: State) -> tuple[Array, State, list[NamedTuple]]:
        """Return what the head reads (T, B, H), the last state, and a cache per layer."""
        y_TBH, layers, states = self._inputs(x), [], []
        for cell, *state_l in zip(self._cells, *state, strict=True):
            y_TBH, last, cache = cell.forward(y_TBH, tuple(state_l))
            layers.append(cache)
            states.append(last)
        return y_TBH, _by_layer(states), layers

    def _logits(self, y_TBH: Array) -> Array:
        """Return the head's logits, (T, B, V)."""
        logits_TBV = product(y_TBH, self.parameters["head.weight"].T)
        logits_TBV += self.parameters["head.bias"]
        return logits_TBV

    def _inputs(self, x: Ids | Array) -> Array:
        """Return what the first layer reads, (T, B, E)."""
        if np.issubdtype(x.dtype, np.integer):
            if x.min() < 0 or x.max() >= self.n_vocab:
                raise ToktoolsError(
                    f"ids must be in [0, {self.n_vocab}), got {x.min()} to {x.max()}"
                )
            if self.config.input_encoding == "embedding":
                return self.parameters["embedding.weight"][x]
            return one_hot(x, self.n_vocab, self.dtype)
        if x.ndim != 3 or x.shape[-1] != self.n_inputs:
            raise ToktoolsError(
                f"feature vectors must have shape (steps, rows, {self.n_inputs}), got {x.shape}"
            )
        return np.ascontiguousarray(x, self.dtype)

    def stepper(self) -> Stepper:
        """Return what reads texts token by token, for sampling."""
        from lstm_lm.numpy_lm.stepping import NumpyStepper

        return NumpyStepper(self)

    def posterior(self, x: Ids | Array, state: State | None = None) -> tuple[Array, State]:
        """Return the probability of each token to follow, and the state after.

        Args:    x: a feature vector (E,), feature vectors (T, B, E), or ids (T, B).
                 state: by default the one before any text.
        Returns: (V,) for one vector, else (T, B, V).
        Raises:  ToktoolsError if the shape is none of these.
        """
        single = x.ndim == 1 and not np.issubdtype(x.dtype, np.integer)
        steps = x[None, None] if single else x
        if steps.ndim < 2:
            raise ToktoolsError(f"ids must have shape (steps, rows), got {x.shape}")
        logits_TBV, state, _ = self.forward(steps, state or self.init_state(steps.shape[1]))
        p_TBV = softmax(logits_TBV)
        return (p_TBV[0, 0] if single else p_TBV), state

    def log_probabilities(self, x_TB: Ids, y_TB: Ids) -> Array:
        """Return log P of each target, (T, B), read from a zero state; 0 at ignored ones."""
        state = self.init_state(x_TB.shape[1])
        n_steps = max(1, min(256, _LOGITS_AT_ONCE // (x_TB.shape[1] * self.n_vocab)))
        parts: list[Array] = []
        for t in range(0, len(x_TB), n_steps):
            logits_TBV, state, _ = self.forward(x_TB[t : t + n_steps], state)
            parts.append(log_probabilities(logits_TBV, y_TB[t : t + n_steps]))
        return np.concatenate(parts)

    # Backward

    def backward(
        self, dlogits_TBV: Array, cache: Cache, dstate: State | None = None
    ) -> tuple[Arrays, Array, State]:
        """Return the gradients by parameter, dx (T, B, E), and the derivative by the first state.

        Args: dstate: by the last state; by default zeros: nothing after the window counts.
        """
        gradients = {
            "head.weight": outer(dlogits_TBV, cache.h_TBH),
            "head.bias": sum_steps(dlogits_TBV),
        }
        dy_TBH = product(dlogits_TBV, self.parameters["head.weight"])
        dstate = dstate or self.init_state(dlogits_TBV.shape[1])
        dstates: list[State] = []
        for i in range(len(self._cells) - 1, -1, -1):
            dlast = tuple(s_LBH[i] for s_LBH in dstate)
            dy_TBH, dfirst, own = self._cells[i].backward(dy_TBH, dlast, cache.layers[i])
            gradients |= {f"recurrent.{name}_l{i}": g for name, g in own.items()}
            dstates.insert(0, dfirst)
        if "embedding.weight" in self.parameters:
            ids = np.issubdtype(cache.x.dtype, np.integer)
            gradients["embedding.weight"] = (
                lookup_gradient(cache.x, dy_TBH, self.n_vocab)
                if ids
                else np.zeros_like(self.parameters["embedding.weight"])
            )
        return gradients, dy_TBH, _by_layer(dstates)

    def loss_and_gradients(
        self, x: Ids | Array, y_TB: Ids, state: State
    ) -> tuple[Array, Arrays, State]:
        """Return the loss of each target in nats (T, B), gradients of their mean, and the state."""
        logits_TBV, state, cache = self.forward(x, state)
        nats_TB, dlogits_TBV = cross_entropy(logits_TBV, y_TB)
        return nats_TB, self.backward(dlogits_TBV, cache)[0], state


def _by_layer(states: list[State]) -> State:
    """Return the states of all layers in one array (L, B, H) each."""
    return tuple(np.stack(parts) for parts in zip(*states, strict=True))
