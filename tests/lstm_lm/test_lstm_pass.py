"""Our own pass through wide LSTM layers beside torch's: values, gradients, states, its choice."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lstm_lm import products
from lstm_lm.cells import lstm_pass
from lstm_lm.cells.builtin import TorchGRU, TorchLSTM
from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk
from lstm_lm.float_loops import loop, put, sigmoid, tanh, wide
from lstm_lm.model import LanguageModel
from lstm_lm.products import has_bfloat16, multiplier, product_of_columns, sum_of_products
from lstm_lm.training import learner as learners
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy

T, B, E, H = 9, 5, 21, 18


@pytest.fixture
def ours(monkeypatch):
    """Take our pass whatever the width and the processor."""
    monkeypatch.setattr(lstm_pass, "LEAST_UNITS", 1)
    monkeypatch.setattr(lstm_pass, "can_lay_out", lambda kind: True)


@pytest.fixture
def inputs():
    random = torch.Generator().manual_seed(0)
    x_TBE = torch.randn(T, B, E, generator=random)
    return x_TBE, tuple(0.5 * torch.randn(2, B, H, generator=random) for _ in range(2))


def everything(x_TBE, state, module, in_16_bits=False):
    """Hidden states, the state after, and the gradients of a sum over all of them."""
    x_TBE, state = x_TBE.clone().requires_grad_(), [s.clone().requires_grad_() for s in state]
    with torch.autocast("cpu", torch.bfloat16, enabled=in_16_bits):
        y_TBH, after = module(x_TBE, tuple(state))
    weight = torch.linspace(-1, 1, y_TBH.numel()).view_as(y_TBH)
    cost = (y_TBH.float() * weight).sum() + after[0].float().sum() - 2 * after[1].float().sum()
    gradients = torch.autograd.grad(cost, [x_TBE, *state, *module.parameters()])
    return [y_TBH.detach(), *(s.detach() for s in after)], gradients


@pytest.mark.parametrize("block_rows", [1, 3 * B, 4 * B, 10_000])
def test_values_and_gradients_are_nearly_those_of_torch(inputs, ours, monkeypatch, block_rows):
    torch.manual_seed(1)
    module = TorchLSTM(E, H, 2)
    monkeypatch.setattr(lstm_pass, "BLOCK_ROWS", block_rows)
    found, gradients = everything(*inputs, module, in_16_bits=True)
    assert [t.dtype for t in found] == [torch.bfloat16, torch.bfloat16, torch.float32]
    assert all(g.dtype == torch.float32 for g in gradients)
    expected, expected_gradients = everything(*inputs, module)
    for a, b in zip([*found, *gradients], [*expected, *expected_gradients], strict=True):
        assert 0 < (a.float() - b).norm() < 0.015 * b.norm()


@pytest.mark.skipif(not has_bfloat16(), reason="torch has no LSTM in 16 bits on this processor")
def test_it_is_as_exact_as_torch_in_bfloat16(inputs, ours, monkeypatch):
    torch.manual_seed(1)
    module = TorchLSTM(E, H, 2)
    expected = [t for part in everything(*inputs, module) for t in part]
    errors = []
    for taken in (True, False):
        monkeypatch.setattr(lstm_pass, "is_for", lambda module, x, taken=taken: taken)
        found = [t for part in everything(*inputs, module, in_16_bits=True) for t in part]
        pairs = zip(found, expected, strict=True)
        errors.append(sum(float((a - b).norm() / b.norm()) for a, b in pairs))
    assert errors[0] != errors[1]
    assert errors[0] < 1.5 * errors[1]


@pytest.mark.parametrize("reach", [1, 2])
def test_updates_are_nearly_those_of_torch(ours, monkeypatch, reach):
    """With dropout between layers, weight drop, a carried state, gradients into the past."""
    config = TrainingConfig(
        optimizer="sgd", clip_norm=1e9, precision="bfloat16", detach_every=reach
    )
    shape = ModelConfig(embedding_size=12, hidden_size=12, dropout=0.2, weight_dropout=0.3)
    torch.manual_seed(0)
    model = LanguageModel(30, shape)
    text_TB = torch.randint(0, 30, (31, 4))
    losses = []
    for taken in (True, False):
        monkeypatch.setattr(lstm_pass, "is_for", lambda module, x, taken=taken: taken)
        monkeypatch.setattr(learners, "computes_bfloat16", lambda device: True)
        learner = Learner(copy.deepcopy(model), config, CrossEntropy())
        torch.manual_seed(1)
        losses.append([])
        for start in range(0, 30, 6):
            x_TB, y_TB = (text_TB[start + d : start + d + 6] for d in (0, 1))
            chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=24, fresh=start == 0)
            losses[-1].append(float(learner.update(chunk, 0.5).nats))
    assert losses[0] == pytest.approx(losses[1], rel=5e-3)
    assert losses[0] != losses[1]


def test_it_is_taken_where_it_is_faster_and_nowhere_else(monkeypatch):
    monkeypatch.setattr(lstm_pass, "can_lay_out", lambda kind: True)
    x_TBE, wide = torch.zeros(2, 1, 3), TorchLSTM(3, 600)
    assert not lstm_pass.is_for(wide, x_TBE)
    with torch.autocast("cpu", torch.bfloat16):
        assert lstm_pass.is_for(wide, x_TBE)
        assert not lstm_pass.is_for(TorchLSTM(3, 512), x_TBE)
        assert not lstm_pass.is_for(TorchGRU(3, 600), x_TBE)
        with torch.no_grad():
            assert not lstm_pass.is_for(wide, x_TBE)
        monkeypatch.setattr(lstm_pass, "can_lay_out", lambda kind: False)
        assert not lstm_pass.is_for(wide, x_TBE)
    with torch.autocast("cpu", torch.float16):
        assert not lstm_pass.is_for(wide, x_TBE)


def test_gradients_of_gradients_are_refused(inputs, ours):
    x_TBE, state = inputs
    x_TBE.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        y_TBH, _ = TorchLSTM(E, H, 2)(x_TBE, state)
    (gradient,) = torch.autograd.grad(y_TBH.sum(), x_TBE, create_graph=True)
    with pytest.raises(RuntimeError, match=r"once_differentiable|does not require grad"):
        torch.autograd.grad(gradient.sum(), x_TBE)


def test_a_second_way_back_is_refused(inputs, ours):
    with torch.autocast("cpu", torch.bfloat16):
        y_TBH, _ = TorchLSTM(E, H)(inputs[0], tuple(s[:1] for s in inputs[1]))
    y_TBH.float().sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="serve one way back"):
        y_TBH.float().sum().backward()


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("laid_out", [True, False])
def test_products_are_torch_s(kind, laid_out, monkeypatch):
    if not laid_out:
        monkeypatch.setattr(products, "can_lay_out", lambda kind: False)
    a_NI, b_NJ = torch.randn(70, 40).to(kind), torch.randn(70, 30).to(kind)
    close = {"rtol": 1e-2, "atol": 1e-1} if kind == torch.bfloat16 else {"rtol": 1e-4, "atol": 1e-4}
    w_MK = torch.randn(25, 40).to(kind)
    torch.testing.assert_close(multiplier(w_MK, 70)(a_NI), a_NI @ w_MK.t(), **close)
    w_KM = torch.randn(40, 25).to(kind)
    torch.testing.assert_close(multiplier(w_KM.t(), 70)(a_NI), a_NI @ w_KM, **close)
    found = product_of_columns(a_NI, b_NJ)
    torch.testing.assert_close(found, a_NI.t() @ b_NJ, **close)
    total = sum_of_products(torch.empty(40, 30), a_NI)
    assert total.shape == found.shape
    assert total.stride() == found.stride()  # so that adding goes through memory in order
    assert total.dtype == (torch.float64 if kind == torch.float64 else torch.float32)


@loop
def _through(x, kind):
    for j in range(len(x)):
        x[j] = sigmoid(x[j]) if kind == 0 else tanh(x[j])


@pytest.mark.parametrize("kind", [0, 1])
def test_sigmoid_and_tanh_are_torch_s(kind):
    wide, narrow = torch.linspace(-100, 100, 4001), torch.linspace(-1, 1, 1001)
    x = torch.cat([wide, narrow, torch.tensor([0.0, torch.inf, -torch.inf, torch.nan])])
    expected = [torch.sigmoid, torch.tanh][kind](x.double()).float()
    _through(x.numpy(), kind)
    torch.testing.assert_close(x, expected, rtol=0, atol=3e-7, equal_nan=True)


@loop
def _there_and_back(bits):
    for j in range(len(bits)):
        put(bits, j, wide(bits[j]))


def test_every_bfloat16_comes_back_from_float32():
    bits = np.arange(1 << 16).astype(np.uint16)
    found = bits.copy()
    _there_and_back(found)
    is_nan = (bits & 0x7FFF) > 0x7F80
    assert (found[~is_nan] == bits[~is_nan]).all()
    assert (found[is_nan] == 0x7FC0).all()


@loop
def _rounded(x, out):
    for j in range(len(x)):
        put(out, j, wide(x[j]))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=40))
def test_rounding_to_16_bits_is_torchs_and_to_32_none(values: list[float]):
    x = torch.tensor(values)
    shorts, wides = torch.empty(len(x), dtype=torch.bfloat16), torch.empty(len(x))
    _rounded(x.numpy(), shorts.view(torch.uint16).numpy())
    torch.testing.assert_close(shorts, x.bfloat16(), rtol=0, atol=0, equal_nan=True)
    _rounded(x.numpy(), wides.numpy())
    assert torch.equal(wides.view(torch.int32), x.view(torch.int32))


def test_a_stack_of_torch_layers_is_what_the_module_says(inputs):
    """`run` outside of our pass is torch's own function with the module's weights."""
    torch.manual_seed(1)
    module = TorchLSTM(E, H, 2)
    with torch.no_grad():
        expected, _ = nn.LSTM.forward(module, *inputs)
        assert torch.equal(module(*inputs)[0], expected)
