"""Figures of how often each token occurs. They see the counts, and nothing of the text.

Letters: p, the share of all tokens that are of one type; a, the order (alpha) of an entropy; V, the
number of types that an efficiency is measured against. Counts of zero are passed over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from toktools.errors import ToktoolsError

DEFAULT_ALPHA = 2.5


def shannon_entropy(counts: Iterable[int]) -> float:
    """Return H = -sum p log2 p, in bits per token.

    Args:    counts: how often each type occurs.
    Raises:  ToktoolsError if there are no tokens, or a count is negative.
    Source:  Shannon 1948, "A Mathematical Theory of Communication", sec. 6.
    Example:
        >>> shannon_entropy([2, 1, 1])
        1.5
    """
    return _entropy(_shares(counts), 1.0)


def renyi_entropy(counts: Iterable[int], alpha: float = DEFAULT_ALPHA) -> float:
    """Return H_a = log2(sum p^a) / (1 - a), in bits per token.

    The larger `alpha`, the more the frequent tokens alone decide. At 0 it is the logarithm of the
    number of types, at 1 Shannon's entropy, at infinity -log2 of the largest share.

    Args:    counts: how often each type occurs.
             alpha: the order, >= 0; `math.inf` is allowed.
    Raises:  ToktoolsError if there are no tokens, at a negative count or a negative `alpha`.
    Source:  Rényi 1961, "On Measures of Entropy and Information"; for tokens, Zouhar et al. 2023,
             "Tokenization and the Noiseless Channel", arXiv:2306.16842, who find 2.5 best.
    Example:
        >>> renyi_entropy([1, 1, 1, 1]), round(renyi_entropy([2, 1, 1], alpha=2), 6)
        (2.0, 1.415037)
    """
    if not alpha >= 0:
        raise ToktoolsError(f"alpha must be >= 0 (1 gives Shannon's entropy), got {alpha}")
    return _entropy(_shares(counts), alpha)


def shannon_efficiency(counts: Iterable[int], n_vocab: int | None = None) -> float:
    """Return H / log2 V: the entropy as a share of what V equally frequent types would have.

    Args:    counts: how often each type occurs.
             n_vocab: V; None for the number of types that occur, as `tokenization-scorer` has it.
    Returns: 0 to 1; 1 for a uniform distribution over V, and where V is 1.
    Raises:  ToktoolsError as `shannon_entropy`, and if V is less than the types that occur.
    Source:  Zouhar et al. 2023, arXiv:2306.16842.
    Example:
        >>> shannon_efficiency([1, 1, 0]), shannon_efficiency([1, 1], n_vocab=4)
        (1.0, 0.5)
    """
    return renyi_efficiency(counts, 1.0, n_vocab)


def renyi_efficiency(
    counts: Iterable[int], alpha: float = DEFAULT_ALPHA, n_vocab: int | None = None
) -> float:
    """Return H_a / log2 V; otherwise like `shannon_efficiency`.

    Zouhar et al. choose among vocabularies by it. It sees counts alone: Cognetta et al. 2024,
    "Two Counterexamples to Tokenization and the Noiseless Channel" (arXiv:2402.14614), raise it as
    far as they like while translations get worse.

    Example:
        >>> round(renyi_efficiency([2, 1, 1]), 6), round(renyi_efficiency([2, 1, 1], n_vocab=8), 6)
        (0.867843, 0.4585)
    """
    counts = [count for count in counts if count]
    entropy = renyi_entropy(counts, alpha)
    n_types = len(counts) if n_vocab is None else n_vocab
    if n_types < len(counts):
        raise ToktoolsError(
            f"n_vocab must be >= the {len(counts):,} types that occur, got {n_vocab:,}"
        )
    return min(1.0, entropy / math.log2(n_types)) if n_types > 1 else 1.0


def percentile_frequency(counts: Iterable[int], start: float = 0.03, end: float = 0.83) -> float:
    """Return the share of all tokens whose type has a rank from `start` to `end` of all ranks.

    Args:    counts: how often each type occurs; the most frequent has rank 0.
             start, end: shares of the number of types, rounded down to a rank; `end` itself is
             left out. If no rank lies between them, the nearest one is taken.
    Raises:  ToktoolsError if there are no tokens, or not 0 <= start <= end <= 1.
    Source:  Gowda and May 2020, arXiv:2004.02334, is the idea; these bounds and their rounding are
             those of `tokenization-scorer` (Zouhar et al. 2023, arXiv:2306.16842).
    Example:
        >>> percentile_frequency([5, 3, 1, 1], start=0.25, end=0.75)
        0.4
    """
    if not 0 <= start <= end <= 1:
        raise ToktoolsError(f"ranks must hold 0 <= start <= end <= 1, got {start} and {end}")
    shares = sorted(_shares(counts), reverse=True)
    last = len(shares) - 1
    first, stop = (min(int(len(shares) * share), last) for share in (start, end))
    if first == stop:
        first = max(0, first - 1)
    if first == stop:
        stop = min(last, stop + 1)
    return math.fsum(shares[first:stop])


def moving_average_ttr(ids: Sequence[int], window: int = 2000, stride: int = 1000) -> float:
    """Return the mean, over windows of equal length, of distinct tokens / tokens.

    The plain type-token ratio falls as a text grows, so it cannot be compared between tokenizers
    that cut a text into more or fewer tokens. This one hardly depends on the length.

    Args:    ids: the tokens in order; document follows document.
             window: tokens in a window. A shorter text is one window.
             stride: tokens from the start of one window to that of the next; what is left at the
             end and fills no window is not seen.
    Raises:  ToktoolsError if there are no tokens, or `window` or `stride` is less than 1.
    Source:  Covington and McFall 2010, "Cutting the Gordian Knot: The Moving-Average Type-Token
             Ratio", with stride 1.
    Example:
        >>> moving_average_ttr([1, 1, 2, 3], window=2, stride=2)
        0.75
    """
    if window < 1 or stride < 1:
        raise ToktoolsError(f"window and stride must be >= 1, got {window} and {stride}")
    if not len(ids):
        raise ToktoolsError("a type-token ratio needs at least one token, got none")
    length = min(window, len(ids))
    starts = range(0, len(ids) - length + 1, stride)
    return math.fsum(len(set(ids[s : s + length])) / length for s in starts) / len(starts)


def _shares(counts: Iterable[int]) -> list[float]:
    """Return the counts, but for zeros, as shares of their sum."""
    counts = [count for count in counts if count]
    if not counts or min(counts) < 0:
        got = "none" if not counts else f"{min(counts)} of one type"
        raise ToktoolsError(f"counts must be >= 0 and hold at least one token, got {got}")
    total = sum(counts)
    return [count / total for count in counts]


def _entropy(shares: Sequence[float], alpha: float) -> float:
    """Return the Rényi entropy of order `alpha` in bits, never below 0 by rounding."""
    if abs(alpha - 1) < 1e-6:  # its limit there; nearer than this, 1 / (1 - a) leaves few digits
        return max(0.0, -math.fsum(p * math.log2(p) for p in shares))
    largest = max(shares)
    if math.isinf(alpha):
        return max(0.0, -math.log2(largest))
    # Divided by the largest share, the powers do not all vanish at a high order.
    powers = math.fsum((p / largest) ** alpha for p in shares)
    return max(0.0, (alpha * math.log2(largest) + math.log2(powers)) / (1 - alpha))
