"""What is drawn, many times, against the distribution that each strategy is defined by."""

import math

import numpy as np
import pytest

from lstm_lm.config import SamplingConfig
from lstm_lm.sampling import drawing
from lstm_lm.sampling.choosing import Chooser
from lstm_lm.sampling.drawing import Uniforms, draw, keys
from toktools.word import train_word

P_V = np.array([0.0, 0.06, 0.0, 0.34, 0.2, 0.16, 0.12, 0.08, 0.04])  # PAD, EOS, ANY, then words
N = 60_000


@pytest.fixture(scope="module")
def tokenizer():
    return train_word(["a b c d e f"], min_count=1)


def induced(strategy):
    """Return, by hand, the probabilities of what a strategy gives for `P_V`."""
    p_m = P_V.max()
    once_more = np.where(p_m == P_V, p_m + (1 - p_m) * p_m, (1 - p_m) * P_V)
    by_hand = {
        "argmax": p_m == P_V,
        "sample": P_V,
        "top-k": [0, 0, 0, 0.34, 0.2, 0.16, 0, 0, 0],
        "top-k-uniform": [0, 0, 0, 1, 1, 1, 0, 0, 0],
        "top-p": [0, 0, 0, 0.34, 0.2, 0.16, 0.12, 0, 0],
        "min-p": [0, 0, 0, 0.34, 0.2, 0.16, 0.12, 0.08, 0],
        "typical": [0, 0, 0, 0.34, 0.2, 0.16, 0.12, 0, 0],
        "resample-once": once_more,
        "top-k+resample-once": [
            0,
            0,
            0,
            *(np.array([34 + 34 * 36 / 70, 20 * 36 / 70, 16 * 36 / 70])),
            0,
            0,
            0,
        ],
    }
    weights = np.array(by_hand[strategy], dtype=float)
    return weights / weights.sum()


def chi_squared(counts, p):
    """Return Pearson's statistic, and a bound that one in about 10^5 honest samples exceeds."""
    possible = p > 0
    assert counts[~possible].sum() == 0
    expected = counts.sum() * p[possible]
    n = possible.sum() - 1  # degrees of freedom
    bound = n * (1 - 2 / (9 * n) + 4.27 * math.sqrt(2 / (9 * n))) ** 3 if n else 0
    return ((counts[possible] - expected) ** 2 / expected).sum(), bound


def drawn(tokenizer, strategy, **settings):
    config = SamplingConfig(strategy=strategy, **{"k": 3, "p": 0.8, "min_p": 0.2, **settings})
    chooser = Chooser(config, tokenizer)
    with np.errstate(divide="ignore"):
        logits_BV = np.log(np.tile(np.where(P_V == 0, 0.01, P_V), (N, 1)))
    u_BD = np.random.default_rng(7).random((N, chooser.n_draws))
    return np.bincount(chooser(logits_BV, None, u_BD), minlength=len(P_V))


STRATEGIES = [
    *("argmax", "sample", "top-k", "top-k-uniform", "top-p", "min-p", "typical"),
    *("resample-once", "top-k+resample-once"),
]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_draws_follow_the_definition_of_the_strategy(tokenizer, strategy):
    settings = {"typical_p": 0.75} if strategy == "typical" else {}
    statistic, bound = chi_squared(drawn(tokenizer, strategy, **settings), induced(strategy))
    assert statistic <= bound


def test_the_check_tells_neighbouring_strategies_apart(tokenizer):
    for drawn_by, expected in (("sample", "resample-once"), ("top-k", "top-k-uniform")):
        statistic, bound = chi_squared(drawn(tokenizer, drawn_by), induced(expected))
        assert statistic > 10 * bound


def test_temperature_comes_before_the_filters(tokenizer):
    heated = P_V**0.5 / (P_V**0.5).sum()
    order = np.argsort(-heated)
    n_kept = 1 + int((heated[order].cumsum() < 0.8).sum())
    expected = np.zeros_like(heated)
    expected[order[:n_kept]] = heated[order[:n_kept]]
    counts = drawn(tokenizer, "top-p", temperature=2.0)
    statistic, bound = chi_squared(counts, expected / expected.sum())
    assert statistic <= bound
    assert n_kept > 4  # without the heat it would be 4


def test_the_ends_of_the_unit_interval_draw_possible_tokens():
    p_BV = np.array([[0.0, 0.25, 0.0, 0.75, 0.0]] * 2)
    assert draw(p_BV, np.array([0.0, 1 - 2**-53])).tolist() == [1, 3]


def test_resample_once_worked_by_hand():
    logits_BV = np.log([[0.5, 0.3, 0.2]] * 4)
    u_BD = np.array([[0.1, 0.9], [0.6, 0.1], [0.6, 0.6], [0.9, 0.9]])
    assert drawing.resample_once(logits_BV, u_BD).tolist() == [0, 0, 1, 2]


def test_random_numbers_depend_on_seed_prompt_and_earlier_equals_only():
    first = keys(["a", "b", "a"], 1)
    assert len(set(first)) == 3
    assert keys(["b", "a"], 1) == [first[1], first[0]]
    assert not set(keys(["a", "b"], 2)) & set(first)


def test_random_numbers_go_on_past_a_block_and_with_fewer_rows():
    alone, both = Uniforms([(1, 2)], 2), Uniforms([(5,), (1, 2)], 2)
    for t in range(700):
        if t == 300:
            both.keep(np.array([False, True]))
        assert np.array_equal(alone.next()[0], both.next()[-1])
