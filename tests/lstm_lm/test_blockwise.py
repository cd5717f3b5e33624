"""The head and its cross-entropy, block by block: the loss and gradients of all logits at once."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from lstm_lm import products
from lstm_lm.data.batching import IGNORED
from lstm_lm.training import blockwise, losses
from lstm_lm.training.blockwise import linear_cross_entropy
from lstm_lm.training.losses import CrossEntropy

N, H, V = 23, 5, 11
LOSSES = {
    "plain": {},
    "weighted": {"weights_V": torch.arange(V).double() / 3},
    "epsilon": {"epsilon": 0.03},
    "both": {"weights_V": torch.arange(V).double() / 3, "epsilon": 0.03},
}


def numbers(dtype=torch.float64):
    torch.manual_seed(0)
    parts = [torch.randn(*shape, dtype=dtype) for shape in ((N, H), (V, H), (V,))]
    y_N = torch.randint(0, V, (N,))
    y_N[[3, 4, 22]] = IGNORED
    return [part.requires_grad_() for part in parts], y_N


@pytest.mark.parametrize("n_rows", [1, 4, 23, 100])
@pytest.mark.parametrize("options", LOSSES.values(), ids=LOSSES)
def test_loss_and_gradients_are_those_of_all_logits_at_once(options, n_rows):
    parts, y_N = numbers()
    objective, nats_N = linear_cross_entropy(*parts, y_N, **options, n_rows=n_rows)
    logits_NV = functional.linear(*parts)
    expected = CrossEntropy(**options)(logits_NV[:, None], y_N[:, None])
    torch.testing.assert_close(objective / (N - 3), expected.objective)
    torch.testing.assert_close(nats_N.sum() / (N - 3), expected.nats)
    assert not nats_N.requires_grad
    ours = torch.autograd.grad(objective / (N - 3), parts)
    theirs = torch.autograd.grad(expected.objective, parts)
    torch.testing.assert_close(ours, theirs)


def test_gradients_agree_with_finite_differences():
    parts, y_N = numbers()
    assert torch.autograd.gradcheck(
        lambda *parts: linear_cross_entropy(*parts, y_N, epsilon=0.01, n_rows=6).objective, parts
    )


@pytest.mark.parametrize("frozen", range(3))
def test_what_asks_for_no_gradient_gets_none(frozen):
    parts, y_N = numbers()
    parts[frozen].requires_grad_(False)
    linear_cross_entropy(*parts, y_N, n_rows=6).objective.backward()
    assert [part.grad is None for part in parts] == [i == frozen for i in range(3)]


def test_a_tied_matrix_gathers_the_gradients_of_both_its_uses():
    torch.manual_seed(0)
    weight_VH, x_N = nn.Parameter(torch.randn(V, H).double()), torch.arange(7)
    bias_V = torch.zeros(V).double()
    linear_cross_entropy(weight_VH[x_N], weight_VH, bias_V, x_N + 1, n_rows=2).objective.backward()
    ours, weight_VH.grad = weight_VH.grad, None
    logits_NV = functional.linear(weight_VH[x_N], weight_VH)
    functional.cross_entropy(logits_NV, x_N + 1, reduction="sum").backward()
    torch.testing.assert_close(ours, weight_VH.grad)


@pytest.mark.oracle
@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("onednn", [True, False])
def test_in_float32_the_loss_and_gradients_are_torchs_to_six_digits(ours, onednn, monkeypatch):
    """Whoever multiplies, with sizes at which all use their fastest loops."""
    monkeypatch.setattr(products, "_has_ours", lambda kind: ours)
    monkeypatch.setattr(products, "_takes_onednn", lambda: onednn)
    torch.manual_seed(0)
    parts = [
        torch.randn(900, 130).requires_grad_(),
        (torch.randn(3000, 130) / 10).requires_grad_(),
        torch.randn(3000).requires_grad_(),
    ]
    y_N = torch.randint(0, 3000, (900,))
    ours, nats_N = linear_cross_entropy(*parts, y_N)
    theirs = functional.cross_entropy(functional.linear(*parts), y_N, reduction="sum")
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)
    assert nats_N.sum().item() == pytest.approx(theirs.item(), rel=1e-6)
    gradients = [torch.autograd.grad(loss, parts) for loss in (ours, theirs)]
    for a, b in zip(*gradients, strict=True):
        assert (a - b).abs().max() <= 5e-6 * b.abs().max()


def test_no_block_of_logits_is_larger_than_it_may_be(monkeypatch):
    sizes = []

    def counted(x_NK, w_MK, bias_M=None):
        sizes.append(len(x_NK) * len(w_MK) if bias_M is not None else 0)
        return products.product(x_NK, w_MK, bias_M)

    monkeypatch.setattr(blockwise, "product", counted)
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 4 * 5000 * 12)
    head = nn.Linear(8, 5000)
    h_NH = torch.randn(100, 8, requires_grad=True)
    linear_cross_entropy(h_NH, head.weight, head.bias, torch.arange(100)).objective.backward()
    assert max(sizes) == 12 * 5000
    assert sum(sizes) == 100 * 5000


@pytest.mark.parametrize("n", [1, 7, 640, 641, 700, 1281, 4480, 10_000])
@pytest.mark.parametrize("most", [1, 12, 167, 640])
def test_blocks_are_about_even_and_not_too_large(n, most):
    each = blockwise.evenly(n, most)
    assert 0 < each <= most
    blocks = [min(each, n - start) for start in range(0, n, each)]
    assert len(blocks) == -(-n // most)
    assert max(blocks) - min(blocks) <= 8 * len(blocks)


def test_many_logits_go_block_by_block_and_give_the_same_loss(monkeypatch):
    torch.manual_seed(0)
    head, h_TBH, y_TB = nn.Linear(6, V), torch.randn(4, 3, 6), torch.randint(0, V, (4, 3))
    y_TB[2:, 1] = IGNORED
    loss = CrossEntropy(torch.arange(V) / 4.0, 0.02)
    few = loss.of_features(h_TBH, head, y_TB, watched=True)
    monkeypatch.setattr(losses, "FEW_LOGITS", 0)
    many = loss.of_features(h_TBH, head, y_TB, watched=True)
    for name in ("objective", "nats", "probability"):
        torch.testing.assert_close(getattr(many, name), getattr(few, name))
    assert loss.of_features(h_TBH, head, y_TB).probability is None


def test_a_target_thought_impossible_costs_what_its_logit_says():
    """Its probability is too small for a float32; its cost and gradient are right all the same."""
    weight_VH, bias_V = torch.zeros(3, 1), torch.tensor([0.0, 0.0, -1000.0])
    bias_V.requires_grad_()
    costs = linear_cross_entropy(torch.zeros(1, 1), weight_VH, bias_V, torch.tensor([2]))
    assert costs.nats_N.item() == pytest.approx(1000 + torch.log(torch.tensor(2.0)).item())
    costs.objective.backward()
    assert bias_V.grad.tolist() == [0.5, 0.5, -1.0]


def test_no_gradient_is_made_where_gradients_are_switched_off(monkeypatch):
    parts, y_N = numbers()
    with_gradients = linear_cross_entropy(*parts, y_N)
    monkeypatch.setattr(
        blockwise, "_nats_and_derivative", lambda *args: pytest.fail("made a gradient")
    )
    with torch.no_grad():
        without = linear_cross_entropy(*parts, y_N)
    assert torch.equal(without.nats_N, with_gradients.nats_N)
