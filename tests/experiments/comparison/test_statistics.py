"""Intervals on data made to a known answer, and rank correlations beside slow counts."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.comparison.statistics import (
    Interval,
    correlation_interval,
    differences,
    kendall,
    spearman,
)
from toktools.errors import ToktoolsError

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=9).filter(
    lambda pairs: all(len(set(values)) > 1 for values in zip(*pairs, strict=True))
)


def difference(first_SD, second_SD, sizes_D, **options) -> Interval:
    return differences(first_SD, [second_SD], sizes_D, **options)[0]


def bits_of(random, n_seeds: int, hardness_D, bits_per_byte: float, *, noise: float):
    """Documents that are hard for all, with noise of their own and a shift of each seed."""
    shifts = random.normal(0, noise, (n_seeds, 1))
    own = random.normal(0, 0.3, len(hardness_D))
    return (bits_per_byte + shifts + own + hardness_D) * SIZES


SIZES = np.random.default_rng(9).integers(20, 200, 80)


@pytest.mark.parametrize(("n_seeds", "noise"), [(1, 0.0), (2, 0.1), (3, 0.1), (3, 0.02)])
def test_nineteen_of_twenty_intervals_hold_the_true_difference(n_seeds: int, noise: float):
    """Of 400 comparisons of two tokenizers 0.05 bits per byte apart: 95 %, give or take 3.5 %."""
    random, held, n = np.random.default_rng(n_seeds), 0, 400
    for i in range(n):
        hardness_D = random.normal(0, 2, len(SIZES))
        first, second = (
            bits_of(random, n_seeds, hardness_D, bits, noise=noise) for bits in (2.0, 2.05)
        )
        interval = difference(first, second, SIZES, n_resamples=600, seed=i)
        held += interval.low <= 0.05 <= interval.high
    assert held / n == pytest.approx(0.95, abs=0.035)


def test_pairing_takes_out_what_is_hard_for_both():
    random = np.random.default_rng(0)
    hardness_D = random.normal(0, 5, len(SIZES))
    first, second = (bits_of(random, 1, hardness_D, bits, noise=0) for bits in (2.0, 2.5))
    paired = difference(first, second, SIZES)
    alone = difference(np.zeros_like(first), second, SIZES)
    assert paired.high - paired.low < 0.2 * (alone.high - alone.low)
    assert paired.is_clear


def test_the_difference_is_that_of_the_means_and_turns_with_the_order():
    random = np.random.default_rng(1)
    first, second = random.uniform(10, 90, (3, 80)), random.uniform(10, 90, (2, 80))
    found = difference(first, second, SIZES)
    expected = (second.sum() / 2 - first.sum() / 3) / SIZES.sum()
    assert found.value == pytest.approx(expected)
    assert difference(second, first, SIZES).value == pytest.approx(-expected)
    assert found == difference(first, second, SIZES)  # the same draws every time


def test_more_documents_narrow_the_interval():
    random = np.random.default_rng(2)
    widths = []
    for n in (50, 5000):
        gains, sizes = random.normal(0, 10, (1, n)), np.full(n, 10)
        found = difference(np.zeros((1, n)), gains, sizes, n_resamples=500)
        widths.append(found.high - found.low)
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.35)


def test_other_documents_are_refused():
    with pytest.raises(ToktoolsError, match="the same documents"):
        difference(np.zeros((1, 3)), np.zeros((1, 4)), np.ones(4, int))


@given(PAIRS)
def test_tau_is_the_count_of_pairs(pairs):
    same = opposite = only_x = only_y = 0
    for (x1, y1), (x2, y2) in combinations(pairs, 2):
        sign = (x1 - x2) * (y1 - y2)
        same, opposite = same + (sign > 0), opposite + (sign < 0)
        only_x, only_y = only_x + (x1 != x2), only_y + (y1 != y2)
    expected = (same - opposite) / math.sqrt(only_x * only_y)
    assert kendall(*zip(*pairs, strict=True)) == pytest.approx(expected)


@given(PAIRS)
def test_rho_is_the_correlation_of_shared_ranks(pairs):
    ranks = []
    for values in zip(*pairs, strict=True):
        order = sorted(values)
        ranks.append([order.index(v) + (order.count(v) - 1) / 2 for v in values])
    expected = np.corrcoef(*ranks)[0, 1]
    assert spearman(*zip(*pairs, strict=True)) == pytest.approx(expected)


@pytest.mark.parametrize(("rho", "n"), [(0.0, 5), (0.7, 8), (-0.9, 12)])
def test_intervals_hold_the_correlation_they_were_drawn_from(rho: float, n: int):
    """At least 19 of 20, or so: few things ranked have few orders, which makes them wider."""
    random, truth = np.random.default_rng(n), 6 / math.pi * math.asin(rho / 2)
    held, tries, known = 0, 300, {}
    for _ in range(tries):
        x, noise = random.standard_normal((2, n))
        y = (rho * x + math.sqrt(1 - rho**2) * noise).tolist()
        value = round(spearman(x.tolist(), y), 9)
        if value not in known:
            known[value] = correlation_interval(x.tolist(), y)
        held += known[value].low <= truth <= known[value].high
    assert held / tries >= 0.92


def test_a_perfect_order_of_four_says_little_and_of_twelve_much():
    four, twelve = range(4), range(12)
    assert correlation_interval(four, four).low < 0.1
    found = correlation_interval(twelve, twelve)
    assert found.low > 0.75
    assert (found.value, found.high) == (1.0, 1.0)
    assert correlation_interval(twelve, [-i for i in twelve]).low == -1.0


def test_three_or_equal_values_say_nothing():
    found = correlation_interval([1, 2, 3], [1, 2, 3])
    assert (found.low, found.high) == (-1.0, 1.0)
    assert math.isnan(correlation_interval([1, 1, 1, 1], [1, 2, 3, 4]).value)
