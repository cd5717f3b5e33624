"""Our own pass through wide LSTM layers beside torch's: values, gradients, states, its choice."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lstm_lm.cells import lstm_pass
from lstm_lm.cells.builtin import TorchGRU, TorchLSTM
from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk
from lstm_lm.float_loops import loop, put, sigmoid, tanh, wide
from lstm_lm.model import LanguageModel
from lstm_lm.products import has_bfloat16, has_instructions_for_bfloat16
from lstm_lm.training import learner as learners
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy

T, B, E, H = 9, 21, 36, 34
KINDS = [
    torch.float32,
    pytest.param(
        torch.bfloat16,
        marks=pytest.mark.skipif(
            not has_instructions_for_bfloat16(), reason="needs instructions for bfloat16"
        ),
    ),
]


@pytest.fixture
def ours(monkeypatch):
    """Take our pass whatever the width and the processor."""
    for name in ("LEAST_UNITS", "LEAST_ROWS"):
        monkeypatch.setattr(lstm_pass, name, dict.fromkeys((torch.float32, torch.bfloat16), 1))
    monkeypatch.setattr(lstm_pass, "takes_ours", lambda x, kind: x.is_cpu)


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


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("block_rows", [1, 3 * B, 4 * B, 10_000])
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_are_those_of_torch(
    kind, block_rows, n_threads, inputs, ours, monkeypatch
):
    """Nearly in bfloat16, to 6 digits in float32; the threads take 21, 11, 7 rows: a tile has 8."""
    torch.manual_seed(1)
    module, in_16_bits = TorchLSTM(E, H, 2), kind == torch.bfloat16
    monkeypatch.setattr(lstm_pass, "BLOCK_ROWS", block_rows)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        found, gradients = everything(*inputs, module, in_16_bits)
    finally:
        torch.set_num_threads(before)
    assert [t.dtype for t in found] == [kind, kind, torch.float32]
    assert all(g.dtype == torch.float32 for g in gradients)
    monkeypatch.setattr(lstm_pass, "is_for", lambda module, x: False)
    expected, expected_gradients = everything(*inputs, module)
    for a, b in zip([*found, *gradients], [*expected, *expected_gradients], strict=True):
        assert 0 < (a.float() - b).norm() < (0.015 if in_16_bits else 2e-6) * b.norm()


@pytest.mark.skipif(
    not (has_bfloat16() and has_instructions_for_bfloat16()), reason="needs bfloat16 of both"
)
def test_it_is_as_exact_as_torch_in_bfloat16(inputs, ours, monkeypatch):
    torch.manual_seed(1)
    module = TorchLSTM(E, H, 2)
    monkeypatch.setattr(lstm_pass, "is_for", lambda module, x: False)
    expected = [t for part in everything(*inputs, module) for t in part]
    errors = []
    for taken in (True, False):
        monkeypatch.setattr(lstm_pass, "is_for", lambda module, x, taken=taken: taken)
        found = [t for part in everything(*inputs, module, in_16_bits=True) for t in part]
        pairs = zip(found, expected, strict=True)
        errors.append(sum(float((a - b).norm() / b.norm()) for a, b in pairs))
    assert errors[0] != errors[1]
    assert errors[0] < 1.5 * errors[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reach", [1, 2])
def test_updates_are_nearly_those_of_torch(ours, monkeypatch, reach, kind):
    """With dropout between layers, weight drop, a carried state, gradients into the past."""
    precision = "bfloat16" if kind == torch.bfloat16 else "float32"
    config = TrainingConfig(optimizer="sgd", clip_norm=1e9, precision=precision, detach_every=reach)
    shape = ModelConfig(embedding_size=32, hidden_size=32, dropout=0.2, weight_dropout=0.3)
    torch.manual_seed(0)
    model = LanguageModel(30, shape)
    text_TB = torch.randint(0, 30, (31, 8))
    losses, layers, run = [], [], lstm_pass.run_layer
    monkeypatch.setattr(lstm_pass, "run_layer", lambda *args: layers.append(1) or run(*args))
    for taken in (True, False):
        monkeypatch.setattr(lstm_pass, "is_for", lambda module, x, taken=taken: taken)
        monkeypatch.setattr(learners, "computes_bfloat16", lambda device: True)
        learner = Learner(copy.deepcopy(model), config, CrossEntropy())
        torch.manual_seed(1)
        losses.append([])
        for start in range(0, 30, 6):
            x_TB, y_TB = (text_TB[start + d : start + d + 6] for d in (0, 1))
            chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=48, fresh=start == 0)
            losses[-1].append(float(learner.update(chunk, 0.5).nats))
    assert losses[0] == pytest.approx(losses[1], rel=5e-3 if kind == torch.bfloat16 else 1e-6)
    assert len(layers) == 5 * shape.n_layers * reach - (reach - 1) * shape.n_layers


def test_it_is_taken_where_it_is_faster_and_nowhere_else(monkeypatch):
    monkeypatch.setattr(lstm_pass, "takes_ours", lambda x, kind: x.is_cpu)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    x_TBE, wide = torch.zeros(2, 32, 32), TorchLSTM(32, 600)
    assert lstm_pass.is_for(wide, x_TBE)
    assert not lstm_pass.is_for(wide, x_TBE.double())
    assert not lstm_pass.is_for(wide, x_TBE[:, :31])  # 16 rows for each thread
    assert not lstm_pass.is_for(TorchLSTM(32, 510), x_TBE)
    assert not lstm_pass.is_for(TorchLSTM(33, 600), x_TBE)
    assert not lstm_pass.is_for(TorchGRU(32, 600), x_TBE)
    with torch.autocast("cpu", torch.bfloat16):
        assert lstm_pass.is_for(TorchLSTM(32, 200), x_TBE[:, :16])
        assert not lstm_pass.is_for(TorchLSTM(32, 200), x_TBE[:, :15])
        assert not lstm_pass.is_for(TorchLSTM(32, 198), x_TBE)
        with torch.no_grad():
            assert not lstm_pass.is_for(wide, x_TBE)
        monkeypatch.setattr(lstm_pass, "takes_ours", lambda x, kind: kind != torch.bfloat16)
        assert not lstm_pass.is_for(wide, x_TBE)
    with torch.autocast("cpu", torch.float16):
        assert not lstm_pass.is_for(wide, x_TBE)


def test_gradients_of_gradients_are_refused(inputs, ours):
    x_TBE, state = inputs
    x_TBE.requires_grad_()
    y_TBH, _ = TorchLSTM(E, H, 2)(x_TBE, state)
    (gradient,) = torch.autograd.grad(y_TBH.sum(), x_TBE, create_graph=True)
    with pytest.raises(RuntimeError, match=r"once_differentiable|does not require grad"):
        torch.autograd.grad(gradient.sum(), x_TBE)


def test_a_second_way_back_is_refused(inputs, ours):
    y_TBH, _ = TorchLSTM(E, H)(inputs[0], tuple(s[:1] for s in inputs[1]))
    y_TBH.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="serve one way back"):
        y_TBH.sum().backward()


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
