"""The compiled softmax and its derivative beside torch's, in float64."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_lm.data.batching import IGNORED
from lstm_lm.training import softmax_loops
from lstm_lm.training.heap import keep_freed_memory

KINDS = [torch.float32, torch.bfloat16]
SIZES = [(1, 1), (3, 5), (4, 64), (2, 65), (7, 1000)]


@pytest.fixture(params=[1, 2])
def n_threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def block(n_rows: int, n_vocab: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(n_vocab)
    y_R = torch.randint(0, n_vocab, (n_rows,))
    y_R[n_rows // 2] = IGNORED
    return (20 * torch.randn(n_rows, n_vocab)).to(dtype), y_R


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize(("n_rows", "n_vocab"), SIZES)
def test_softmax_and_costs_are_those_of_float64(
    n_rows: int, n_vocab: int, dtype: torch.dtype, n_threads: int
):
    logits_RV, y_R = block(n_rows, n_vocab, dtype)
    log_p_RV = torch.log_softmax(logits_RV.double(), -1)
    p_RV, nats_R = softmax_loops.softmax_and_nats(logits_RV.clone(), y_R)
    assert p_RV.dtype == nats_R.dtype == torch.float32
    torch.testing.assert_close(p_RV.double(), log_p_RV.exp(), rtol=2e-5, atol=1e-30)
    wanted = -log_p_RV.gather(1, y_R.clamp(min=0)[:, None])[:, 0]
    wanted[y_R == IGNORED] = 0
    torch.testing.assert_close(nats_R.double(), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize(("n_rows", "n_vocab"), SIZES)
def test_the_derivative_and_the_sum_of_its_rows(
    n_rows: int, n_vocab: int, dtype: torch.dtype, n_threads: int
):
    logits_RV, y_R = block(n_rows, n_vocab, dtype)
    slope_R = torch.rand(n_rows) * (y_R != IGNORED)
    p_RV = torch.softmax(logits_RV.float(), -1)
    wanted_RV = p_RV.double()
    wanted_RV[torch.arange(n_rows), y_R.clamp(min=0)] -= 1
    wanted_RV *= slope_R[:, None]
    sum_V = torch.ones(n_vocab)
    d_RV = softmax_loops.derivative(p_RV, y_R, slope_R, sum_V, dtype)
    assert d_RV.dtype == dtype
    torch.testing.assert_close(sum_V.double(), 1 + wanted_RV.sum(0), rtol=0, atol=1e-6)
    if dtype == torch.float32:
        torch.testing.assert_close(d_RV.double(), wanted_RV, rtol=0, atol=1e-7)
    else:
        torch.testing.assert_close(d_RV.double(), wanted_RV, rtol=2**-8, atol=1e-7)


def test_without_a_sum_the_derivative_is_the_same():
    logits_RV, y_R = block(3, 70, torch.float32)
    p_RV, slope_R = torch.softmax(logits_RV, -1), torch.ones(3)
    with_sum = softmax_loops.derivative(p_RV.clone(), y_R, slope_R, torch.zeros(70), torch.float32)
    without = softmax_loops.derivative(p_RV.clone(), y_R, slope_R, None, torch.float32)
    assert torch.equal(with_sum, without)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=32, allow_infinity=False), min_size=1, max_size=20))
def test_rounding_to_16_bits_is_torchs(values: list[float]):
    p_RV = torch.tensor([values])
    rounded = p_RV.to(torch.bfloat16)
    ignored, slope_R = torch.tensor([IGNORED]), torch.ones(1)
    d_RV = softmax_loops.derivative(p_RV, ignored, slope_R, None, torch.bfloat16)
    torch.testing.assert_close(d_RV, rounded, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_what_is_no_number_stays_none(dtype: torch.dtype, bad: float):
    logits_RV = torch.zeros(2, 100, dtype=dtype)
    logits_RV[0, 70] = bad
    _, nats_R = softmax_loops.softmax_and_nats(logits_RV, torch.tensor([1, 1]))
    assert nats_R.isnan().tolist() == [True, False]


def test_a_token_that_is_next_to_impossible_costs_what_it_should():
    logits_RV = torch.tensor([[0.0, -1000.0]])
    _, nats_R = softmax_loops.softmax_and_nats(logits_RV, torch.tensor([1]))
    assert nats_R.tolist() == [1000.0]


def test_float64_is_left_to_torch():
    assert not softmax_loops.can_loop(torch.zeros(1, 2, dtype=torch.float64))


def test_asking_twice_to_keep_freed_memory_is_asking_once():
    assert keep_freed_memory() == keep_freed_memory()
