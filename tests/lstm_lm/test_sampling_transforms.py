"""Every transform against its definition, exactly, on small vocabularies drawn at random."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.sampling import transforms
from lstm_lm.sampling.transforms import softmax

LOGITS = st.lists(st.integers(-40, 40).map(lambda i: i / 8), min_size=1, max_size=7)  # with ties
ROWS = st.integers(1, 7).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(-40, 40).map(lambda i: i / 8), min_size=n, max_size=n),
        min_size=1,
        max_size=3,
    )
)


def kept(logits_V):
    return {i for i, logit in enumerate(logits_V) if logit > -math.inf}


def probabilities(logits_V):
    weights = [math.exp(logit) for logit in logits_V]
    return [weight / math.fsum(weights) for weight in weights]


@given(ROWS, st.integers(1, 9))
def test_top_k_keeps_the_k_likeliest_and_of_equals_the_lowest_ids(rows, k):
    for row, result in zip(rows, transforms.keep_top_k(np.array(rows), k), strict=True):
        order = sorted(range(len(row)), key=lambda i: (-row[i], i))
        assert kept(result) == set(order[:k])
        assert all(result[i] == row[i] for i in kept(result))


@given(LOGITS, st.floats(0.01, 1))
def test_top_p_keeps_the_smallest_set_of_the_likeliest_that_reaches_p(row, p):
    p_V = probabilities(row)
    order = sorted(range(len(row)), key=lambda i: (-row[i], i))
    sums = [math.fsum(p_V[i] for i in order[:n]) for n in range(1, len(row) + 1)]
    if any(abs(s - p) < 1e-9 for s in sums[:-1]):
        return  # rounding decides
    size = next((n for n, s in enumerate(sums, 1) if s >= p), len(row))
    assert kept(transforms.keep_top_p(np.array([row]), p)[0]) == set(order[:size])


@given(LOGITS, st.floats(0.01, 1))
def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest(row, min_p):
    p_V = probabilities(row)
    if any(abs(p - min_p * max(p_V)) < 1e-9 for p in p_V) and min_p < 1:
        return
    expected = {i for i, p in enumerate(p_V) if p >= min_p * max(p_V) * (1 - 1e-9)}
    assert kept(transforms.keep_min_p(np.array([row]), min_p)[0]) == expected


@given(LOGITS, st.floats(0.01, 1))
def test_typical_keeps_the_fewest_of_surprisal_nearest_the_entropy(row, p):
    p_V = probabilities(row)
    entropy = -math.fsum(q * math.log(q) for q in p_V)
    distances = [abs(-math.log(q) - entropy) for q in p_V]
    result = kept(transforms.keep_typical(np.array([row]), p)[0])
    worst = max(distances[i] for i in result)
    outside = [distances[i] for i in range(len(row)) if i not in result]
    assert all(worst <= distance + 1e-9 for distance in outside)
    mass = math.fsum(p_V[i] for i in result)
    assert mass >= p - 1e-9 or len(result) == len(row)
    without = mass - max(p_V[i] for i in result if distances[i] >= worst - 1e-9)
    assert without < p + 1e-9 or len(result) == 1


@pytest.mark.parametrize("n_vocab", [1, 2, 255, 256, 257, 5000])
def test_typical_keeps_what_sorting_all_ids_by_distance_keeps(n_vocab):
    random = np.random.default_rng(n_vocab)
    logits_BV = random.normal(0, 3, (4, n_vocab))
    logits_BV[:, random.random(n_vocab) < 0.2] = -np.inf
    logits_BV[:, -1] = 0.0
    p_BV = softmax(logits_BV)
    for logits_V, p_V, result_V in zip(
        logits_BV, p_BV, transforms.keep_typical(logits_BV, 0.8), strict=True
    ):
        ids = np.flatnonzero(p_V)
        surprisal = -np.log(p_V[ids])
        order = np.argsort(np.abs(surprisal - (p_V[ids] * surprisal).sum()), kind="stable")
        n = int(np.searchsorted(p_V[ids][order].cumsum(), 0.8)) + 1
        assert kept(result_V) == set(ids[order][:n].tolist())
        assert all(result_V[i] == logits_V[i] for i in kept(result_V))


def test_of_tokens_that_are_equally_typical_the_lowest_ids_stay():
    logits_BV = np.zeros((1, 1000))
    assert kept(transforms.keep_typical(logits_BV, 0.25)[0]) == set(range(250))


def test_typical_may_drop_the_likeliest_token():
    p_V = [0.4, *[0.06] * 10]
    assert kept(transforms.keep_typical(np.log([p_V]), 0.5)[0]) == set(range(1, 10))


@given(ROWS)
def test_after_level_all_that_is_left_is_equally_likely(rows):
    p_BV = softmax(transforms.level(transforms.keep_top_k(np.array(rows), 3)))
    n = min(3, len(rows[0]))
    assert all(sorted(p_V)[-n:] == pytest.approx([1 / n] * n) for p_V in p_BV)


@given(ROWS, st.floats(0.05, 20))
def test_temperature_is_a_power_of_the_probabilities(rows, temperature):
    for row, result in zip(rows, transforms.heat(np.array(rows), temperature), strict=True):
        powers = [p ** (1 / temperature) for p in probabilities(row)]
        expected = [power / math.fsum(powers) for power in powers]
        assert softmax(result[None])[0].tolist() == pytest.approx(expected, abs=1e-9)


def test_forbidden_tokens_have_no_probability_and_the_others_keep_their_odds():
    p_BV = softmax(transforms.forbid(np.log([[0.2, 0.3, 0.5]]), [1]))
    assert p_BV[0].tolist() == pytest.approx([2 / 7, 0, 5 / 7])


@given(ROWS, st.floats(1, 10))
def test_a_penalty_makes_what_was_seen_no_likelier_and_leaves_the_rest(rows, penalty):
    logits_BV = np.array(rows)
    seen_BV = np.arange(logits_BV.size).reshape(logits_BV.shape) % 2 == 0
    result_BV = transforms.penalize(logits_BV, seen_BV, penalty)
    assert (result_BV[seen_BV] <= logits_BV[seen_BV]).all()
    assert np.array_equal(result_BV[~seen_BV], logits_BV[~seen_BV])


NARROWING = [
    lambda x: transforms.keep_top_k(x, 2),
    lambda x: transforms.keep_top_p(x, 0.7),
    lambda x: transforms.keep_min_p(x, 0.3),
    lambda x: transforms.keep_typical(x, 0.7),
    transforms.level,
    lambda x: transforms.heat(x, 0.5),
]


@pytest.mark.parametrize(("first", "second"), [*itertools.product(NARROWING, NARROWING)])
def test_any_two_can_follow_one_another_and_change_nothing_in_place(first, second):
    logits_BV = np.log([[0.4, 0.3, 0.2, 0.1], [0.25] * 4])
    before = logits_BV.copy()
    result_BV = second(first(logits_BV))
    assert np.array_equal(logits_BV, before)
    assert (kept_BV := result_BV > -np.inf).any(axis=1).all()
    assert (first(logits_BV)[kept_BV] > -np.inf).all()  # nothing comes back
    assert softmax(result_BV).sum(axis=1).tolist() == pytest.approx([1, 1])
