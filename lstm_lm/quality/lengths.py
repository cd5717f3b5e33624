"""How long texts are, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_QUANTILES = {"shortest": 0.0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "longest": 1.0}


def lengths(texts: Sequence[str]) -> dict[str, float]:
    """Return the mean number of words of a text, and quantiles of it, linear between texts.

    Example:
        >>> lengths(["a", "a b", "a b c"])["median"], lengths(["a", "a b"])["mean"]
        (2.0, 1.5)
    """
    counts = [len(text.split()) for text in texts]
    quantiles = np.quantile(counts, list(_QUANTILES.values())).tolist()
    return {"mean": float(np.mean(counts)), **dict(zip(_QUANTILES, quantiles, strict=True))}
