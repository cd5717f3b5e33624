"""The compiled cost of a softmax and its derivative beside torch's, in float64."""

from __future__ import annotations

import pytest
import torch

from lstm_lm.data.batching import IGNORED
from lstm_lm.training import softmax_loops
from lstm_lm.training.heap import keep_freed_memory

KINDS = [torch.float32, torch.bfloat16]
SIZES = [(1, 1), (3, 5), (4, 64), (2, 65), (7, 1000)]


def block(n_rows: int, n_vocab: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(n_vocab)
    y_R = torch.randint(0, n_vocab, (n_rows,))
    y_R[n_rows // 2] = IGNORED
    return (20 * torch.randn(n_rows, n_vocab)).to(dtype), y_R


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize(("n_rows", "n_vocab"), SIZES)
def test_costs_are_those_of_float64(n_rows: int, n_vocab: int, dtype: torch.dtype, n_threads: int):
    logits_RV, y_R = block(n_rows, n_vocab, dtype)
    before_RV = logits_RV.clone()
    nats_R = softmax_loops.nats(logits_RV, y_R)
    assert nats_R.dtype == torch.float32
    assert torch.equal(logits_RV, before_RV)
    wanted = -torch.log_softmax(logits_RV.double(), -1).gather(1, y_R.clamp(min=0)[:, None])[:, 0]
    wanted[y_R == IGNORED] = 0
    torch.testing.assert_close(nats_R.double(), wanted, rtol=1e-6, atol=1e-6)
    weight_R = (y_R != IGNORED).float()
    with_derivative, _ = softmax_loops.nats_and_derivative(logits_RV, y_R, weight_R, 0.0, None)
    assert torch.equal(with_derivative, nats_R)


@pytest.mark.parametrize("epsilon", [0.0, 0.03])
@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize(("n_rows", "n_vocab"), SIZES)
def test_the_derivative_and_the_sum_of_its_rows(
    n_rows: int, n_vocab: int, dtype: torch.dtype, epsilon: float, n_threads: int
):
    logits_RV, y_R = block(n_rows, n_vocab, dtype)
    weight_R = torch.rand(n_rows) * (y_R != IGNORED)
    wanted_RV = torch.softmax(logits_RV.double(), -1)
    p_R = wanted_RV.gather(1, y_R.clamp(min=0)[:, None])[:, 0]
    wanted_RV[torch.arange(n_rows), y_R.clamp(min=0)] -= 1
    wanted_RV *= (weight_R * p_R / (p_R + epsilon))[:, None]
    sum_V = torch.ones(n_vocab)
    _, d_RV = softmax_loops.nats_and_derivative(logits_RV, y_R, weight_R, epsilon, sum_V)
    assert d_RV.dtype == dtype
    torch.testing.assert_close(sum_V.double(), 1 + wanted_RV.sum(0), rtol=0, atol=1e-6)
    if dtype == torch.float32:
        torch.testing.assert_close(d_RV.double(), wanted_RV, rtol=2e-5, atol=1e-7)
    else:
        torch.testing.assert_close(d_RV.double(), wanted_RV, rtol=2**-8, atol=1e-7)


def test_without_a_sum_the_derivative_is_the_same():
    logits_RV, y_R = block(3, 70, torch.float32)
    given = y_R, torch.ones(3), 0.0
    _, with_sum = softmax_loops.nats_and_derivative(logits_RV.clone(), *given, torch.zeros(70))
    _, without = softmax_loops.nats_and_derivative(logits_RV.clone(), *given, None)
    assert torch.equal(with_sum, without)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("bad", [torch.nan, -torch.nan, torch.inf])
def test_what_is_no_number_stays_none(dtype: torch.dtype, bad: float):
    logits_RV = torch.zeros(2, 100, dtype=dtype)
    logits_RV[0, 70] = bad
    nats_R = softmax_loops.nats(logits_RV, torch.tensor([1, 1]))
    assert nats_R.isnan().tolist() == [True, False]


def test_a_token_that_is_next_to_impossible_costs_what_it_should():
    logits_RV = torch.tensor([[0.0, -1000.0]])
    nats_R = softmax_loops.nats(logits_RV, torch.tensor([1]))
    assert nats_R.tolist() == [1000.0]


def test_float64_is_left_to_torch():
    logits_RV = torch.zeros(1, 2)
    assert softmax_loops.can_loop(logits_RV, torch.float32)
    assert not softmax_loops.can_loop(logits_RV, torch.float64)
    assert not softmax_loops.can_loop(logits_RV.double(), torch.float64)


def test_asking_twice_to_keep_freed_memory_is_asking_once():
    assert keep_freed_memory() == keep_freed_memory()
