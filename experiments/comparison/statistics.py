"""How sure a comparison is: intervals of differences and of rank correlations.

**Differences** of bits per byte. Documents are drawn anew, with replacement, the same ones for both
tokenizers (paired: a hard document is hard for both). Two or three seeds are too few to be drawn
anew, their spread would come out too small; so their mean is moved by a draw from Student's t
instead, as wide as the seeds say and as heavy in its tails as their number says.

**Correlations** of ranks over tokenizers, few as they are. The interval holds every correlation of
a bivariate normal distribution under which what was seen, or less, has a chance of 2.5 % at least,
and so has what was seen, or more. It also says what a perfect order of four tokenizers is worth:
little.

Legend: D documents, S seeds, P pairs of tokenizers, R resamples or draws, N things ranked,
K correlations tried.
Source: Efron and Tibshirani 1993, ch. 13 (percentile intervals); Kruskal 1958 for the correlation
of ranks in a normal distribution; Kendall 1945 for tau with ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.errors import ToktoolsError

INTERVAL = 0.95
N_RESAMPLES = 4000
_AT_ONCE = 1 << 22  # documents drawn at once
_N_DRAWN = 4000
_CORRELATIONS_K = np.sin(np.linspace(-1, 1, 121) * np.pi / 2)
LEAST_RANKED = 4
"""Below so many, the ranks say nothing: an order by chance is perfect one time in six."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


def differences(
    first_SD: NDArray[np.float64],
    others: Sequence[NDArray[np.float64]],
    bytes_D: NDArray[np.int64],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> list[Interval]:
    """Return by how many bits per byte each of the other tokenizers needs more than the first.

    Args:
        first_SD, others: the bits of each document, one row a seed; rows need not be as many.
        bytes_D: the bytes of each document.
    Raises: ToktoolsError unless the documents are the same.
    Example:
        >>> first, second = np.array([[8.0, 4.0]]), np.array([[9.0, 5.0]])
        >>> differences(first, [second], np.array([1, 1]))
        [Interval(value=1.0, low=1.0, high=1.0)]
    """
    if {rows.shape[1] for rows in (first_SD, *others)} != {len(bytes_D)}:
        raise ToktoolsError("differences are of the same documents, got other ones for each")
    if not others:
        return []
    random = np.random.default_rng(seed)
    gains_PD = np.array([rows.mean(axis=0) - first_SD.mean(axis=0) for rows in others])
    drawn_PR = _resampled_ratios(gains_PD, bytes_D, n_resamples, random)
    found: list[Interval] = []
    for rows_SD, gains_D, drawn_R in zip(others, gains_PD, drawn_PR, strict=True):
        figures = [rows.sum(axis=1) / bytes_D.sum() for rows in (first_SD, rows_SD)]
        drawn_R = drawn_R + _drawn_for_seeds(figures, n_resamples, random)
        low, high = np.quantile(drawn_R, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
        value = gains_D.sum() / bytes_D.sum()
        found.append(Interval(value=float(value), low=float(low), high=float(high)))
    return found


def _resampled_ratios(
    gains_PD: NDArray[np.float64],
    bytes_D: NDArray[np.int64],
    n_resamples: int,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Return sum of gains / sum of bytes, (P, R), over documents drawn with replacement."""
    n = len(bytes_D)
    sums_DP = np.vstack([gains_PD, bytes_D.astype(float)]).T
    rows = max(1, _AT_ONCE // n)
    parts: list[NDArray[Any]] = []
    for start in range(0, n_resamples, rows):
        r = min(rows, n_resamples - start)
        drawn = random.integers(n, size=(r, n)) + n * np.arange(r)[:, None]
        times_RD = np.bincount(drawn.ravel(), minlength=r * n).reshape(r, n)
        parts.append(times_RD.astype(float) @ sums_DP)
    sums_RP = np.concatenate(parts)
    return (sums_RP[:, :-1] / sums_RP[:, -1:]).T


def _drawn_for_seeds(
    figures: Sequence[NDArray[np.float64]], n_resamples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return how far the means over seeds may be off, (R,); 0 where no figure has two seeds.

    Args: figures: bits per byte of each seed, one array a tokenizer; their variance is pooled.
    """
    freedom = sum(len(figure) - 1 for figure in figures)
    if not freedom:
        return np.zeros(n_resamples)
    squares = sum(float(((figure - figure.mean()) ** 2).sum()) for figure in figures)
    variance = squares / freedom * sum(1 / len(figure) for figure in figures)
    return random.standard_t(freedom, n_resamples) * np.sqrt(variance)


def spearman(x_N: Sequence[float], y_N: Sequence[float]) -> float:
    """Return the correlation of ranks, equal values sharing theirs; nan if all are equal.

    Example:
        >>> round(spearman([1, 2, 3, 4], [10, 30, 20, 40]), 3)
        0.8
    """
    ranks = (_signs(values).sum(axis=1, keepdims=True).T / 2 for values in (x_N, y_N))
    return float(_correlation(*ranks)[0])


def kendall(x_N: Sequence[float], y_N: Sequence[float]) -> float:
    """Return tau-b: pairs in the same order less those in opposite ones; nan if all are equal.

    Example:
        >>> round(kendall([1, 2, 3, 4], [10, 30, 20, 40]), 3)
        0.667
    """
    a, b = (_signs(values).reshape(1, -1) for values in (x_N, y_N))
    return float(_over((a * b).sum(axis=1), (a**2).sum(axis=1), (b**2).sum(axis=1))[0])


def _signs(x_N: Sequence[float]) -> NDArray[np.float64]:
    """Return for each pair of values whether the first is larger, 1, or smaller, -1; (N, N)."""
    values = np.array(x_N, float)
    return np.sign(values[:, None] - values[None, :])


def correlation_interval(x_N: Sequence[float], y_N: Sequence[float]) -> Interval:
    """Return Spearman's correlation and its interval; see the head of this file.

    The interval is the widest there is, -1 to 1, for fewer than `LEAST_RANKED` pairs, and if
    all values of one are equal.
    """
    value, n = spearman(x_N, y_N), len(x_N)
    if n < LEAST_RANKED or np.isnan(value):
        return Interval(value=value, low=-1.0, high=1.0)
    low, high = _compatible(value, n)
    return Interval(value=value, low=low, high=high)


def _compatible(value: float, n: int) -> tuple[float, float]:
    """Return the lowest and highest population correlation of ranks under which `value` can be."""
    least_K, most_K = _possible(n)
    slack = 1e-9
    kept = _CORRELATIONS_K[(least_K - slack <= value) & (value <= most_K + slack)]
    low, high = (6 / np.pi * np.arcsin(kept[[0, -1]] / 2)).tolist()
    return (-1.0 if value <= slack - 1 else low), (1.0 if value >= 1 - slack else high)


@cache
def _possible(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and most that is drawn often enough, for each population correlation."""
    random, tail = np.random.default_rng(0), (1 - INTERVAL) / 2
    x_RN, noise_RN = random.standard_normal((2, _N_DRAWN, n))
    drawn_KR = np.array(
        [
            _correlation(_order(x_RN), _order(rho * x_RN + np.sqrt(1 - rho**2) * noise_RN))
            for rho in _CORRELATIONS_K
        ]
    )
    drawn_KR.sort(axis=1)
    k = int(np.ceil(tail * _N_DRAWN))
    return drawn_KR[:, k - 1], drawn_KR[:, -k]


def _order(x_RN: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value in its row; no two are equal."""
    return x_RN.argsort(axis=1).argsort(axis=1).astype(float)


def _correlation(a_RN: NDArray[np.float64], b_RN: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's correlation of each pair of rows, nan where all values are equal."""
    a_RN, b_RN = (m - m.mean(axis=1, keepdims=True) for m in (a_RN, b_RN))
    return _over((a_RN * b_RN).sum(axis=1), (a_RN**2).sum(axis=1), (b_RN**2).sum(axis=1))


def _over(
    both_R: NDArray[np.float64], a_R: NDArray[np.float64], b_R: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return both / sqrt(a b), nan where one is 0."""
    norms_R = np.sqrt(a_R * b_R)
    return np.divide(both_R, norms_R, out=np.full(len(both_R), np.nan), where=norms_R > 0)
