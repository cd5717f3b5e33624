"""From a ModelConfig to recurrent layers, and how they begin."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from lstm_lm import config as configurations
from lstm_lm.cells import (
    LSTM,
    RNN,
    CoupledLSTM,
    FourGateLSTM,
    MogrifierLSTM,
    RecurrentStack,
    TorchGRU,
    TorchLSTM,
    make_recurrent,
    orthogonal_recurrent,
    set_forget_bias,
)
from lstm_lm.cells.build import CELLS, TORCH_CELLS
from lstm_lm.config import ModelConfig
from lstm_lm.regularization import LockedDropout, WeightDrop
from toktools.errors import ToktoolsError


def config(**options):
    return ModelConfig(**{"embedding_size": 5, "hidden_size": 6, "n_layers": 2, **options})


def test_the_command_line_and_the_library_know_the_same_cells():
    assert tuple(CELLS) == configurations.CELLS
    assert tuple(TORCH_CELLS) == configurations.TORCH_CELLS


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("implementation", ["auto", "own"])
def test_every_cell_can_be_asked_for_by_name(cell, implementation):
    recurrent = make_recurrent(config(cell=cell, implementation=implementation))
    if implementation == "auto" and cell in TORCH_CELLS:
        assert isinstance(recurrent, nn.RNNBase)
        assert recurrent.num_layers == 2
    else:
        kind = RNN if cell == "rnn-relu" else CELLS[cell]
        assert [type(layer) for layer in recurrent.layers] == [kind, kind]


def test_a_relu_is_a_relu_in_both_implementations():
    assert make_recurrent(config(cell="rnn-relu")).nonlinearity == "relu"
    own = make_recurrent(config(cell="rnn-relu", implementation="own"))
    assert {layer.nonlinearity for layer in own.layers} == {"relu"}


@pytest.mark.parametrize("cell", TORCH_CELLS)
@pytest.mark.parametrize("locked", [False, True])
def test_the_same_seed_gives_the_same_numbers_from_both_implementations(cell, locked):
    both = []
    for implementation in ("torch", "own"):
        torch.manual_seed(1)
        recurrent = make_recurrent(
            config(cell=cell, implementation=implementation, dropout=0.3, locked_dropout=locked)
        )
        x_TBE, state = torch.randn(7, 3, 5), recurrent.init_state(3)
        state = tuple(torch.randn_like(tensor) for tensor in state)
        both.append(recurrent(x_TBE, state))  # in training: dropout between the layers too
    assert_close(both[0], both[1], rtol=0, atol=1e-6)


def test_options_reach_the_layers():
    mogrifier = make_recurrent(config(cell="mogrifier", mogrifier_rounds=3, mogrifier_rank=2))
    lower, upper = mogrifier.layers
    assert isinstance(lower, MogrifierLSTM)
    assert (len(lower.q), len(lower.r)) == (2, 1)
    assert lower.q[0][0].weight.shape == (2, 6)
    assert upper.q[0][1].weight.shape == (6, 2)
    normed = make_recurrent(config(layer_norm=True))  # torch has none: ours
    assert all(isinstance(layer, LSTM) and layer.layer_norm for layer in normed.layers)


def test_locked_dropout_stands_between_torch_s_layers_too():
    recurrent = make_recurrent(config(locked_dropout=True, hidden_dropout=0.4, drop_mult=0.5))
    assert isinstance(recurrent, RecurrentStack)
    assert [type(layer) for layer in recurrent.layers] == [TorchLSTM, TorchLSTM]
    assert isinstance(recurrent.dropout, LockedDropout)
    assert recurrent.dropout.p == 0.2


@pytest.mark.parametrize("implementation", ["torch", "own"])
def test_weight_drop_covers_the_recurrent_matrices_of_all_layers(implementation):
    recurrent = make_recurrent(config(weight_dropout=0.5, implementation=implementation))
    assert isinstance(recurrent, WeightDrop)
    assert len(recurrent.names) == 2
    assert all("weight_hh" in name for name in recurrent.names)


def is_orthogonal(matrix_HH):
    return torch.allclose(matrix_HH @ matrix_HH.T, torch.eye(len(matrix_HH)), atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"locked_dropout": True}, {"implementation": "own"}])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_every_gate_can_begin_orthogonal(options, cell):
    before = dict(make_recurrent(config(cell=cell, **options)).named_parameters())
    weights = dict(make_recurrent(config(cell=cell, orthogonal=True, **options)).named_parameters())
    matrices = {name: weight for name, weight in weights.items() if "weight_hh" in name}
    assert len(matrices) == 2
    for name, weight in matrices.items():
        assert all(is_orthogonal(block_HH) for block_HH in weight.split(6))
        assert not is_orthogonal(before[name][:6])


@pytest.mark.parametrize("options", [{}, {"locked_dropout": True}, {"implementation": "own"}])
def test_the_forget_gate_can_begin_open(options):
    torch.manual_seed(2)
    plain = dict(make_recurrent(config(**options)).named_parameters())
    torch.manual_seed(2)
    weights = dict(make_recurrent(config(forget_bias=1.5, **options)).named_parameters())
    forget = slice(6, 12)  # i, f, g, o
    for name, weight in weights.items():
        expected = plain[name].detach().clone()
        if "bias" in name:
            expected[forget] = 1.5 if "bias_ih" in name else 0.0
        assert torch.equal(weight, expected), name


def test_a_coupled_cell_with_an_open_forget_gate_keeps_what_it_holds():
    cell = CoupledLSTM(5, 6)
    nn.init.zeros_(cell.weight_ih)
    nn.init.zeros_(cell.weight_hh)
    set_forget_bias(cell, 2.0)
    with torch.no_grad():
        cell.bias_ih[6:12] = cell.bias_hh[6:12] = 0.0  # candidate tanh(0) = 0
    c_1BH = torch.ones(1, 2, 6)
    _, (_, after_1BH) = cell(torch.randn(1, 2, 5), (torch.zeros(1, 2, 6), c_1BH))
    assert_close(after_1BH, c_1BH / (1 + math.exp(-2)))


@pytest.mark.parametrize("cell", [RNN(3, 4), TorchGRU(3, 4), nn.GRU(3, 4), FourGateLSTM(3, 4)])
def test_a_forget_bias_needs_a_forget_gate(cell):
    with pytest.raises(ToktoolsError, match=r"needs an LSTM, got \w+|holds no layer with gates"):
        set_forget_bias(cell, 1.0)


def test_orthogonal_weights_need_a_recurrent_matrix():
    with pytest.raises(ToktoolsError, match="Linear holds no layer with gates in one matrix"):
        orthogonal_recurrent(nn.Linear(3, 4))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lstn"}, "did you mean 'lstm'"),
        ({"implementation": "ours"}, "there is no implementation 'ours'.* auto, torch, own"),
        ({"cell": "mogrifier", "implementation": "torch"}, "torch has no mogrifier; use"),
        ({"layer_norm": True, "implementation": "torch"}, "torch has no layer norm; use"),
        ({"cell": "gru", "forget_bias": 1.0}, "needs a cell with a forget gate, got gru"),
        ({"cell": "lstm-gates", "layer_norm": True}, "without layer_norm; use cell lstm"),
        ({"cell": "lstm-gates", "weight_dropout": 0.1}, "without weight_dropout; use cell lstm"),
        ({"cell": "lstm-gates", "forget_bias": 0.0}, "without forget_bias; use cell lstm"),
        ({"mogrifier_rounds": -1}, "mogrifier_rounds must be >= 0, got -1"),
        ({"mogrifier_rank": 0}, "mogrifier_rank must be >= 1, got 0"),
        ({"weight_dropout": 1.0}, r"weight_dropout must be in \[0, 1\), got 1.0"),
        ({"hidden_dropout": -0.1}, r"hidden_dropout must be in \[0, 1\), got -0.1"),
        ({"drop_mult": 4.0, "embedding_dropout": 0.3}, "must be below 1, got 1.2; lower drop_mult"),
        ({"drop_mult": -1.0}, "drop_mult must be >= 0 and finite, got -1.0"),
        ({"ar_alpha": math.nan}, "ar_alpha must be >= 0 and finite, got nan"),
        ({"tar_beta": math.inf}, "tar_beta must be >= 0 and finite, got inf"),
        ({"latent_dropout": 0.2}, "latent_dropout is for a mixture of softmaxes, got 0.2"),
        ({"latent_dropout": 1.0, "n_softmaxes": 2}, r"latent_dropout must be in \[0, 1\)"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ToktoolsError, match=message):
        ModelConfig(**options)


def test_every_dropout_is_the_general_one_unless_given_and_all_are_scaled_together():
    assert ModelConfig().dropout_rates == (0.0, 0.2, 0.0, 0.2, 0.2, 0.0)
    rates = ModelConfig(
        embedding_dropout=0.1, input_dropout=0.4, weight_dropout=0.5, hidden_dropout=0.0
    ).dropout_rates
    assert rates == (0.1, 0.4, 0.5, 0.0, 0.2, 0.0)
    halved = ModelConfig(
        embedding_dropout=0.1, input_dropout=0.4, latent_dropout=0.3, n_softmaxes=2, drop_mult=0.5
    ).dropout_rates
    assert halved == pytest.approx((0.05, 0.2, 0.0, 0.1, 0.1, 0.15))


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-cifg"])
@pytest.mark.parametrize("implementation", ["auto", "own"])
def test_a_narrower_last_layer_reads_and_gives_what_single_layers_do(cell, implementation):
    torch.manual_seed(1)
    stack = make_recurrent(
        config(cell=cell, implementation=implementation, last_size=3, n_layers=3, dropout=0.0)
    )
    x_TBE = torch.randn(4, 2, 5)
    first_TBE, second_TBE = x_TBE[:3], x_TBE[3:]
    y_TBH, state = stack(first_TBE, stack.init_state(2))
    rest_TBH, state = stack(second_TBE, state)

    h_TBE, finals = x_TBE, []
    for layer in stack.layers:
        h_TBE, after = layer(h_TBE, layer.init_state(2))
        finals.append(after)
    assert_close(torch.cat([y_TBH, rest_TBH]), h_TBE)
    assert h_TBE.shape[-1] == 3
    for number, tensors in enumerate(finals):
        for whole_LBH, own_LBH in zip(state, tensors, strict=True):
            size = own_LBH.shape[-1]
            assert_close(whole_LBH[number, :, :size], own_LBH[0])
            assert (whole_LBH[number, :, size:] == 0).all()


def test_one_layer_is_of_the_last_size():
    layer = make_recurrent(config(n_layers=1, last_size=4))
    assert layer.hidden_size == 4
