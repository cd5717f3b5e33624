"""Step by step through a model in NumPy; LSTMs by `LSTMStep`.

Legend: T time steps, B texts, V vocabulary.
"""

from __future__ import annotations

from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.sampling.lstm_step import Layer, LSTMStep
from lstm_lm.sampling.stepping import Ids, Logits, State


class NumpyStepper:
    """A `Stepper` over a NumpyLanguageModel."""

    def __init__(self, model: NumpyLanguageModel) -> None:
        self.n_vocab, self._model, self._lstm = model.n_vocab, model, None
        if model.config.cell == "lstm" and model.config.input_encoding == "embedding":
            p = model.parameters
            layers = [_layer(model, i) for i in range(model.config.n_layers)]
            self._lstm = LSTMStep(p["embedding.weight"], layers, (p["head.weight"], p["head.bias"]))

    def init_state(self, n_rows: int) -> State:
        """Return the state before any text."""
        return self._model.init_state(n_rows)

    def read(self, ids_TB: Ids, state: State) -> tuple[Logits, State]:
        """Read T tokens of each text; see `Stepper.read`."""
        return self._model.read(ids_TB, state)

    def step(self, ids_B: Ids, state: State) -> tuple[Logits, State]:
        """Read one token of each text; see `Stepper.step`."""
        return self._lstm(ids_B, state) if self._lstm else self.read(ids_B[None], state)


def _layer(model: NumpyLanguageModel, i: int) -> Layer:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w_ih, w_hh, b_ih, b_hh = (model.parameters[f"recurrent.{name}_l{i}"] for name in names)
    return w_ih, w_hh, b_ih, b_hh
