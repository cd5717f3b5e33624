"""What holds of every cell: gradients, states, dropout between layers."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from lstm_lm.cells import LSTM, RecurrentStack
from lstm_lm.cells.build import CELLS
from lstm_lm.regularization import Dropout

E, H = 3, 2
NORMED = [name for name in CELLS if name != "lstm-gates"]
KINDS = [*((name, False) for name in CELLS), *((name, True) for name in NORMED)]


def make(name, input_size=E, *, layer_norm=False):
    options = {"layer_norm": True} if layer_norm else {}
    cell = CELLS[name](input_size, H, **options).double()
    for parameter in cell.parameters():
        nn.init.normal_(parameter, mean=0.2, std=0.7)
    return cell


def random_state(module, batch_size):
    return tuple(torch.randn_like(tensor) for tensor in module.init_state(batch_size))


@pytest.mark.parametrize(("name", "layer_norm"), KINDS)
def test_gradients_agree_with_finite_differences(name, layer_norm):
    torch.manual_seed(11)
    cell = make(name, layer_norm=layer_norm)
    leaves = [torch.randn(3, 2, E).double(), *random_state(cell, 2), *cell.parameters()]
    n_states = cell.n_states
    names = [key for key, _ in cell.named_parameters()]

    def outputs(x_TBE, *rest):
        weights = dict(zip(names, rest[n_states:], strict=True))
        y_TBH, after = torch.func.functional_call(cell, weights, (x_TBE, rest[:n_states]))
        return y_TBH, *after

    values = tuple(leaf.detach().clone().requires_grad_() for leaf in leaves)
    assert torch.autograd.gradcheck(outputs, values)
    gradients = torch.autograd.grad(sum(y.square().sum() for y in outputs(*values)), values)
    assert all(gradient.abs().max() > 0 for gradient in gradients)


@pytest.mark.parametrize(("name", "layer_norm"), KINDS)
def test_reading_in_two_parts_with_the_state_carried_is_reading_at_once(name, layer_norm):
    torch.manual_seed(12)
    stack = RecurrentStack(make(name, size, layer_norm=layer_norm) for size in (E, H))
    x_TBE, state = torch.randn(7, 3, E).double(), random_state(stack, 3)
    y_TBH, after = stack(x_TBE, state)
    first_TBH, middle = stack(x_TBE[:4], state)
    second_TBH, end = stack(x_TBE[4:], middle)
    assert_close(torch.cat([first_TBH, second_TBH]), y_TBH, rtol=0, atol=1e-13)
    assert_close(end, after, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_a_row_of_the_batch_does_not_see_the_others(name):
    torch.manual_seed(13)
    cell = make(name)
    x_TBE, state = torch.randn(5, 3, E).double(), random_state(cell, 3)
    alone_T1H, _ = cell(x_TBE[:, 1:2], tuple(tensor[:, 1:2] for tensor in state))
    assert_close(alone_T1H, cell(x_TBE, state)[0][:, 1:2], rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_an_output_does_not_see_what_comes_later(name):
    torch.manual_seed(14)
    cell = make(name)
    x_TBE = torch.randn(5, 16, E).double().requires_grad_()
    y_TBH, _ = cell(x_TBE, random_state(cell, 16))
    (gradient_TBE,) = torch.autograd.grad(y_TBH[2].sum(), x_TBE)
    steps = (gradient_TBE != 0).flatten(1).any(-1).tolist()
    assert steps == [True, True, True, False, False]


@pytest.mark.parametrize("name", CELLS)
def test_the_first_state_is_zero_and_of_the_weights_type(name):
    state = RecurrentStack([make(name), make(name, H)]).init_state(5)
    assert len(state) == (1 if name in ("gru", "rnn", "rnn-relu") else 2)
    for tensor in state:
        assert tensor.shape == (2, 5, H)
        assert tensor.dtype == torch.float64
        assert not tensor.any()


def test_dropout_acts_between_layers_alone():
    torch.manual_seed(15)
    lower, upper = LSTM(E, H), LSTM(H, H)
    stack, x_TBE = RecurrentStack([lower, upper], Dropout(0.5)), torch.randn(4, 3, E)
    state = random_state(stack, 3)
    torch.manual_seed(16)
    y_TBH, after = stack(x_TBE, state)
    torch.manual_seed(16)
    middle_TBH, low = lower(x_TBE, tuple(tensor[:1] for tensor in state))
    expected_TBH, high = upper(Dropout(0.5)(middle_TBH), tuple(tensor[1:] for tensor in state))
    assert torch.equal(y_TBH, expected_TBH)
    for both, one, other in zip(after, low, high, strict=True):
        assert torch.equal(both, torch.cat([one, other]))


def test_a_layer_alone_has_no_dropout_to_draw():
    stack, x_TBE = RecurrentStack([LSTM(E, H)], Dropout(0.9)), torch.randn(4, 3, E)
    state = stack.init_state(3)
    assert torch.equal(stack(x_TBE, state)[0], stack(x_TBE, state)[0])
