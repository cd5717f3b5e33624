import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lstm_lm.data.batching import IGNORED
from lstm_lm.training.losses import CrossEntropy, class_weights, mean_target_probability

ids = st.lists(st.integers(0, 6), min_size=1, max_size=60).map(lambda ids: np.array(ids, np.uint32))


@pytest.fixture
def chunk():
    torch.manual_seed(0)
    logits_TBV = torch.randn(4, 3, 7, dtype=torch.float64, requires_grad=True)
    y_TB = torch.randint(0, 7, (4, 3))
    y_TB[2:, 1] = IGNORED
    return logits_TBV, y_TB


@pytest.mark.oracle
def test_the_plain_loss_is_torch_s_bit_by_bit(chunk):
    logits_TBV, y_TB = chunk
    expected = functional.cross_entropy(logits_TBV.flatten(0, 1), y_TB.flatten())
    loss = CrossEntropy()(logits_TBV, y_TB)
    assert torch.equal(loss.objective, expected)
    assert torch.equal(loss.nats, expected)
    assert not loss.nats.requires_grad


@pytest.mark.oracle
def test_the_weighted_loss_is_torch_s_sum_over_the_number_of_targets(chunk):
    logits_TBV, y_TB = chunk
    weights_V = torch.arange(7).double()
    loss = CrossEntropy(weights_V)(logits_TBV, y_TB)
    flat = (logits_TBV.flatten(0, 1), y_TB.flatten())
    expected = functional.cross_entropy(*flat, weight=weights_V, reduction="sum") / 10
    torch.testing.assert_close(loss.objective, expected)
    torch.testing.assert_close(loss.nats, functional.cross_entropy(*flat).detach())
    ours, theirs = (torch.autograd.grad(x, logits_TBV)[0] for x in (loss.objective, expected))
    torch.testing.assert_close(ours, theirs)


def test_epsilon_is_added_to_the_probability_inside_the_logarithm(chunk):
    logits_TBV, y_TB = chunk
    p_TBV = torch.softmax(logits_TBV.detach(), -1)
    total = n = 0
    for t, b in np.ndindex(4, 3):
        if y_TB[t, b] != IGNORED:
            total -= float(torch.log(p_TBV[t, b, y_TB[t, b]] + 0.25))
            n += 1
    loss = CrossEntropy(epsilon=0.25)(logits_TBV, y_TB)
    assert loss.objective.item() == pytest.approx(total / n)
    assert loss.nats.item() == pytest.approx(CrossEntropy()(logits_TBV, y_TB).nats.item())


def test_epsilon_bounds_the_cost_of_a_target_thought_impossible():
    logits_TBV = torch.tensor([[[0.0, -1e4]]])
    loss = CrossEntropy(epsilon=1e-8)(logits_TBV, torch.tensor([[1]]))
    assert loss.objective.item() == pytest.approx(8 * np.log(10), rel=1e-6)


@given(ids, st.sampled_from(["inverse", "complement"]))
def test_class_weights_average_1_over_the_text(ids, reading):
    weights_V = class_weights(ids, 9, reading)
    assert weights_V[ids.astype(int)].mean().item() == pytest.approx(1, rel=1e-5)
    assert weights_V[7:].tolist() == [0, 0]


@given(ids)
def test_every_class_counts_the_same_in_all_under_inverse_weights(ids):
    weights_V, counts_V = class_weights(ids, 7, "inverse"), np.bincount(ids, minlength=7)
    totals = (weights_V.numpy() * counts_V)[counts_V > 0]
    assert totals == pytest.approx(totals[0])


def test_complement_is_by_one_minus_the_share():
    ids = np.array([0] * 6 + [1] * 3 + [2], np.uint32)
    weights_V = class_weights(ids, 3, "complement")
    assert (weights_V / weights_V[0]).tolist() == pytest.approx([1, 0.7 / 0.4, 0.9 / 0.4])


def test_no_weights_are_none():
    assert class_weights(np.array([1], np.uint32), 3, "none") is None


def test_the_mean_probability_is_over_the_targets_that_count(chunk):
    logits_TBV, y_TB = chunk
    p_TBV = torch.softmax(logits_TBV, -1)
    given = [p_TBV[t, b, y_TB[t, b]].item() for t, b in np.ndindex(4, 3) if y_TB[t, b] != IGNORED]
    assert mean_target_probability(logits_TBV, y_TB).item() == pytest.approx(np.mean(given))
