"""Our own matrix products beside those of float64, in every size and way of lying in memory."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lstm_lm import products
from lstm_lm.matrices import multiply as multiplying
from lstm_lm.matrices.adding import add_to, can_add
from lstm_lm.matrices.multiply import can_multiply, lay_out, multiply
from lstm_lm.matrices.numbers import numbers_of
from lstm_lm.matrices.turning import turned
from lstm_lm.products import SumOfColumnProducts, has_instructions_for_bfloat16, product

F32, BF16 = torch.float32, torch.bfloat16
KINDS = [
    F32,
    pytest.param(
        BF16,
        marks=pytest.mark.skipif(
            not has_instructions_for_bfloat16(), reason="needs instructions for bfloat16"
        ),
    ),
]
SIZES = [
    (8, 16, 32),  # as small as it may be
    (9, 17, 34),  # a row, a column more
    (11, 31, 36),  # few rows at the end, and a strip of 32 columns
    (12, 48, 64),
    (13, 130, 100),
    (64, 650, 128),
    (33, 50, 9000),  # K in several stretches
    (700, 200, 40),
]
CLOSE = {F32: 1e-5, BF16: 1e-2}


def drawn(n: int, k: int, kind: torch.dtype, *, is_turned: bool = False) -> Tensor:
    """A matrix (n, k); if turned, its columns lie one after another."""
    return torch.randn(k, n).to(kind).t() if is_turned else torch.randn(n, k).to(kind)


def close(found: Tensor, expected: Tensor, kind: torch.dtype) -> bool:
    return float((found.double() - expected).abs().max()) <= CLOSE[kind] * float(
        expected.abs().max()
    )


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("m", "n", "k"), SIZES)
def test_products_are_those_of_float64(
    m: int, n: int, k: int, kind: torch.dtype, is_turned: bool, n_threads: int
):
    torch.manual_seed(m)
    x, w, bias = drawn(m, k, kind), drawn(n, k, kind, is_turned=is_turned), torch.randn(n).to(kind)
    expected = x.double() @ w.double().t()
    assert can_multiply(x, w)
    assert close(multiply(x, w), expected, kind)
    assert close(multiply(x, w, bias), expected + bias.double(), kind)
    total = torch.randn(m, n)
    with_total = total.double() + expected
    assert multiply(x, w, out_MN=total, adds=True) is total
    assert close(total, with_total, F32)  # products of bfloat16 are summed in float32
    assert close(multiply(x, w, bias, out_MN=total), expected + bias.double(), F32)
    assert multiply(x, w).dtype == kind


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(st.integers(8, 40), st.integers(16, 120), st.integers(16, 90)),
    st.booleans(),
    st.booleans(),
)
def test_whole_numbers_are_multiplied_exactly(
    sizes: tuple[int, int, int], is_turned: bool, adds: bool
):
    m, n, k = sizes
    x = torch.randint(-8, 9, (m, k)).float()
    w = torch.randint(-8, 9, (n, k)).float()
    w = w.t().contiguous().t() if is_turned else w
    total = torch.randint(-8, 9, (m, n)).float()
    expected = x.double() @ w.double().t() + (total.double() if adds else 0)
    assert torch.equal(multiply(x, w, out_MN=total, adds=adds).double(), expected)


@pytest.mark.parametrize("cache", [2_000, 20_000])
def test_the_result_does_not_hang_on_the_cache(cache: int, monkeypatch: pytest.MonkeyPatch):
    """With more and smaller stretches of rows, and strips."""
    x, w = torch.randint(-8, 9, (20, 500)).float(), torch.randint(-8, 9, (200, 500)).float()
    multiplying._plan.cache_clear()
    monkeypatch.setattr(multiplying, "CACHE", cache)
    try:
        assert torch.equal(multiply(x, w), (x.double() @ w.double().t()).float())
        assert multiplying._plan(20, 200, 500, 1, is_exact=True).n_k < 500
    finally:
        multiplying._plan.cache_clear()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_spoils_its_row_and_column_alone(kind: torch.dtype):
    x, w = torch.ones(16, 32, dtype=kind), torch.ones(32, 32, dtype=kind)
    x[3, 5], w[7, 0] = torch.nan, torch.inf
    found = multiply(x, w)
    assert found.isnan().nonzero().tolist() == [[3, i] for i in range(32)]
    assert found[:, 7].isinf().tolist() == [i != 3 for i in range(16)]


def test_what_they_are_not_for():
    x, w = torch.ones(8, 32), torch.ones(16, 32)
    assert can_multiply(x, w)
    assert can_multiply(x, torch.ones(32, 16).t())
    assert can_multiply(x.bfloat16(), w.bfloat16())
    assert not can_multiply(x[:7], w)
    assert not can_multiply(x, w[:15])
    assert not can_multiply(x[:, :16], w[:, :16])  # neither is of one piece
    assert not can_multiply(x.double(), w.double())
    assert not can_multiply(x, w.bfloat16())
    odd = torch.ones(300, 33, dtype=BF16)
    assert not can_multiply(odd[:8], odd[8:24])  # pairs of two k
    flat = torch.ones(1 + 8 * 32, dtype=BF16)
    assert not can_multiply(flat[1:].view(8, 32), w.bfloat16())  # pairs lie across words


@pytest.mark.parametrize("kind", [F32, BF16])
@pytest.mark.parametrize(("n", "k"), [(2, 1), (16, 16), (34, 50), (64, 65), (130, 48)])
def test_turned_is_turned(n: int, k: int, kind: torch.dtype, n_threads: int):
    x = torch.randn(n, k).to(kind)
    found = turned(x)
    assert found.is_contiguous()
    assert torch.equal(found, x.t())


@pytest.mark.parametrize("kind", [F32, BF16])
def test_strips_hold_the_matrix_and_zeros(kind: torch.dtype):
    """Columns in strips of 48, and 16 at the end; in each strip k by k."""
    w = torch.randn(60, 20).to(kind)
    for lying in (w, w.t().contiguous().t()):
        laid = torch.from_numpy(lay_out(lying)[0])
        numbers_NK = torch.from_numpy(numbers_of(w))
        k = numbers_NK.shape[1]
        assert torch.equal(laid[: 48 * k].view(k, 48), numbers_NK[:48].t())
        rest = laid[48 * k : 64 * k].view(k, 16)
        assert torch.equal(rest[:, :12], numbers_NK[48:].t())
        assert not rest[:, 12:].any()


@pytest.mark.parametrize("kind", [F32, BF16])
def test_adding_is_torch_s(kind: torch.dtype, n_threads: int):
    total, part = torch.randn(37, 5), torch.randn(37, 5).to(kind)
    expected = total + part
    assert can_add(total, part)
    add_to(total, part)
    assert torch.equal(total, expected)
    assert not can_add(total.bfloat16(), part)
    assert not can_add(total.double(), part)


LIBRARIES = {
    "ours": {"_has_ours": lambda kind: kind in (F32, BF16)},
    "onednn": {"_has_ours": lambda kind: False, "_takes_onednn": lambda: True},
    "torch": {"_has_ours": lambda kind: False, "_takes_onednn": lambda: False},
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", [*KINDS, torch.float64])
@pytest.mark.parametrize("sizes", [(70, 40, 32), (33, 40, 32), (5, 3, 2)])
def test_whoever_multiplies_products_are_torch_s(
    library: str,
    kind: torch.dtype,
    sizes: tuple[int, int, int],
    monkeypatch: pytest.MonkeyPatch,
):
    for name, value in LIBRARIES[library].items():
        monkeypatch.setattr(products, name, value)
    n, i, j = sizes
    a_NI, b_NJ, w_MI = (torch.randn(*size).to(kind) for size in ((n, i), (n, j), (25, i)))
    near = {"rtol": 1e-2, "atol": 0.2} if kind == BF16 else {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(product(a_NI, w_MI), a_NI @ w_MI.t(), **near)
    sums = SumOfColumnProducts()
    assert sums.total() is None
    parts = (slice(n // 2 + 1), slice(n // 2 + 1, n))  # some are too small for our own loops
    for part in parts:
        sums.add(a_NI[part], b_NJ[part])
    total = sums.total()
    assert total is not None
    assert total.dtype == (torch.float64 if kind == torch.float64 else F32)
    torch.testing.assert_close(total, (a_NI.t() @ b_NJ).to(total.dtype), **near)
    if kind != torch.float64:
        assert total.is_contiguous()  # as weights are, so that autograd need not copy it
