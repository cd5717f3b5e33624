"""Step by step through a model of torch's; LSTMs on a CPU by `LSTMStep`.

Legend: T time steps, B texts, V vocabulary, N inputs and M outputs of a product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lstm_lm import products
from lstm_lm.cells.builtin import TorchLSTM
from lstm_lm.cells.lstm import LSTM
from lstm_lm.cells.stack import RecurrentStack
from lstm_lm.head import MixtureHead
from lstm_lm.model import LanguageModel, evaluating
from lstm_lm.regularization import WeightDrop
from lstm_lm.sampling import lstm_step
from lstm_lm.sampling.stepping import Ids, Logits, State

Array = NDArray[Any]
_FEW = 6  # rows up to which NumPy multiplies faster


class TorchStepper:
    """A `Stepper` over a LanguageModel, which reads in evaluation mode whatever its mode is."""

    def __init__(self, model: LanguageModel) -> None:
        self.n_vocab, self._model = model.n_vocab, model
        plain = model.device.type == "cpu" and not isinstance(model.head, MixtureHead)
        layers = lstm_layers(model.recurrent) if plain else None
        self._lstm = None
        if layers is not None:
            embedding, *head = (
                _array(p) for p in (model.embedding.weight, model.head.weight, model.head.bias)
            )
            self._lstm = lstm_step.LSTMStep(embedding, layers, (head[0], head[1]), product)

    def init_state(self, n_rows: int) -> State:
        """Return the state before any text."""
        return _arrays(self._model.init_state(n_rows))

    def read(self, ids_TB: Ids, state: State) -> tuple[Logits, State]:
        """Read T tokens of each text; see `Stepper.read`."""
        model, device = self._model, self._model.device
        with evaluating(model) if model.training else torch.inference_mode():
            tensors = tuple(torch.from_numpy(np.ascontiguousarray(s)).to(device) for s in state)
            h_TBH, after = model.read(torch.from_numpy(ids_TB).to(device), tensors)
            return _array(model.head(h_TBH[-1])), _arrays(after)

    def step(self, ids_B: Ids, state: State) -> tuple[Logits, State]:
        """Read one token of each text; see `Stepper.step`."""
        return self._lstm(ids_B, state) if self._lstm else self.read(ids_B[None], state)


def lstm_layers(recurrent: nn.Module) -> list[lstm_step.Layer] | None:
    """Return the weights of each layer if all are plain LSTMs of one width; else None.

    They may be torch's or ours. Cells derived from ours (coupled, peephole, mogrifier) step in
    their own way.
    """
    if isinstance(recurrent, WeightDrop):
        recurrent = recurrent.module
    layers: list[lstm_step.Layer] = []
    for module in recurrent.layers if isinstance(recurrent, RecurrentStack) else [recurrent]:
        if isinstance(module, TorchLSTM):
            layers += [_layer(module, f"_l{i}") for i in range(module.num_layers)]
        elif type(module) is LSTM and not module.layer_norm:
            layers.append(_layer(module, ""))
        else:
            return None
    return layers if len({w_hh.shape for _, w_hh, _, _ in layers}) == 1 else None


def _layer(module: nn.Module, suffix: str) -> lstm_step.Layer:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w_ih, w_hh, b_ih, b_hh = (_array(module.get_parameter(name + suffix)) for name in names)
    return w_ih, w_hh, b_ih, b_hh


def product(x_BN: Array, w_MN: Array, bias_M: Array) -> Array:
    """Return x w^T + bias by whichever library is faster for so many rows."""
    if len(x_BN) <= _FEW:
        return lstm_step.product(x_BN, w_MN, bias_M)
    x, w, bias = (torch.from_numpy(a) for a in (x_BN, w_MN, bias_M))
    return products.product(x, w, bias).numpy()


def _array(tensor: Tensor) -> Array:
    """Return the tensor as an array, in the same memory where it is on the CPU."""
    return tensor.detach().cpu().numpy()


def _arrays(state: tuple[Tensor, ...]) -> State:
    return tuple(map(_array, state))
