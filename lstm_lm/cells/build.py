"""The recurrent part that a ModelConfig asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from torch import nn

from lstm_lm.cells.builtin import TorchGRU, TorchLSTM, TorchRNN
from lstm_lm.cells.coupled import CoupledLSTM
from lstm_lm.cells.gru import GRU
from lstm_lm.cells.initialization import orthogonal_recurrent, set_forget_bias
from lstm_lm.cells.lstm import LSTM
from lstm_lm.cells.lstm_gates import FourGateLSTM
from lstm_lm.cells.mogrifier import MogrifierLSTM
from lstm_lm.cells.peephole import PeepholeLSTM
from lstm_lm.cells.rnn import RNN
from lstm_lm.cells.stack import RecurrentStack
from lstm_lm.config import ModelConfig
from lstm_lm.regularization import WeightDrop, dropout_layer

CELLS: dict[str, Callable[..., nn.Module]] = {
    "lstm": LSTM,
    "lstm-gates": FourGateLSTM,
    "lstm-cifg": CoupledLSTM,
    "lstm-peephole": PeepholeLSTM,
    "mogrifier": MogrifierLSTM,
    "gru": GRU,
    "rnn": RNN,
    "rnn-relu": partial(RNN, nonlinearity="relu"),
}
"""Our layers, by the name that a configuration gives them."""
TORCH_CELLS: dict[str, Callable[..., nn.RNNBase]] = {
    "lstm": TorchLSTM,
    "gru": TorchGRU,
    "rnn": TorchRNN,
    "rnn-relu": partial(TorchRNN, nonlinearity="relu"),
}
"""torch's, by the same names."""


def make_recurrent(config: ModelConfig) -> nn.Module:
    """Return the recurrent layers of a model: from (T, B, E) and a state to (T, B, H) and a state.

    H is `config.output_size`.

    The same seed draws the same weights for ours and for torch's of the same cell.
    """
    recurrent = _layers(config)
    if config.orthogonal:
        orthogonal_recurrent(recurrent)
    if config.forget_bias is not None:
        set_forget_bias(recurrent, config.forget_bias)
    rate = config.dropout_rates.weight
    return WeightDrop(recurrent, rate) if rate else recurrent


def _layers(config: ModelConfig) -> nn.Module:
    """Return torch's layers in one module where that can be, else a stack of single ones."""
    hidden, rate = config.hidden_size, config.dropout_rates.hidden
    alike = config.n_layers == 1 or (not config.locked_dropout and config.output_size == hidden)
    if config.uses_torch and alike:
        between = rate if config.n_layers > 1 else 0.0  # torch warns of one that cannot act
        make = TORCH_CELLS[config.cell]
        return make(config.embedding_size, config.output_size, config.n_layers, dropout=between)
    sizes = [config.embedding_size, *[hidden] * (config.n_layers - 1), config.output_size]
    dropout = dropout_layer(rate, locked=config.locked_dropout)
    return RecurrentStack([_layer(config, *pair) for pair in pairwise(sizes)], dropout)


def _layer(config: ModelConfig, input_size: int, hidden_size: int) -> nn.Module:
    """Return one layer."""
    if config.uses_torch:
        return TORCH_CELLS[config.cell](input_size, hidden_size)
    options = {}
    if config.layer_norm:
        options["layer_norm"] = True
    if config.cell == "mogrifier":
        options |= {"n_rounds": config.mogrifier_rounds, "rank": config.mogrifier_rank}
    return CELLS[config.cell](input_size, hidden_size, **options)
