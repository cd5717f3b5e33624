"""Prices of tokens set on the characters they stand for: tokenizers compared in place.

The bits of a token, with the spelling of what `<ANY>` hid, are spread evenly over its characters: a
convention, for a model prices the token as a whole. What no token stands for costs nothing. So the
comparison is exact only between cuts that all tokenizers make; those are the stretches below.
Legend: C characters, and one place more for the document's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toktools.corpus.normalization import normalizer
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.evaluation.token_scores import TokenScores
    from lstm_lm.runs.opened import OpenRun


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Text between two places that no token of any model crosses.

    Attributes:
        start, end: its characters; both the text's length for the document's end.
        bits: what each model pays for it. ahead: what each has paid until here, this included,
            more than the first.
    """

    start: int
    end: int
    bits: tuple[float, ...]
    ahead: tuple[float, ...]


def explain(runs: Sequence[OpenRun], text: str) -> list[TokenScores]:
    """Score a text by each run, rewritten as the text of the runs was (in lower case, say).

    Raises: ToktoolsError if the text is empty, or the runs' texts were rewritten so that this one
            would not be the same for all, or a model gives NaN.
    """
    readings = {_rewritten(run, text) for run in runs}
    if len(readings) > 1:
        raise ToktoolsError(
            "the runs must read the same characters, but their corpora were rewritten in different "
            "ways (--normalize); give a text that stays the same, in lower case perhaps"
        )
    (read,) = readings
    if not read:
        raise ToktoolsError("the text to explain must have a character, got an empty one")
    return [run.score(read) for run in runs]


def _rewritten(run: OpenRun, text: str) -> str:
    corpus = run.config["corpus"] or {}
    return normalizer(tuple(corpus.get("normalize") or ()))(text) or ""


def bits_of_characters(scores: TokenScores) -> NDArray[np.float64]:
    """Return what each character costs, shape (C + 1,): the last is the document's end.

    They add up to `scores.total_bits`.
    """
    bits_C = np.zeros(len(scores.text) + 1)
    for (start, end), bits, spelling in zip(
        scores.spans, scores.bits, scores.spelling_bits, strict=True
    ):
        bits_C[start : max(end, start + 1)] += (bits + spelling) / max(end - start, 1)
    return bits_C


def align(scores: Sequence[TokenScores]) -> list[Stretch]:
    """Return the stretches between cuts that all models share, with what each pays.

    Args:   scores: of the same text.
    Raises: ToktoolsError if there is none, or their texts differ.
    """
    texts = {each.text for each in scores}
    if len(texts) != 1:
        raise ToktoolsError(f"scores to be aligned must be of one text, got {len(texts)}")
    n = len(scores[0].text)
    free_C = np.ones(n + 1, dtype=bool)
    for start, end in (span for each in scores for span in each.spans):
        free_C[start + 1 : end] = False
    cuts = [*np.flatnonzero(free_C).tolist(), n + 1]
    sums = [np.concatenate([[0.0], bits_of_characters(each).cumsum()]) for each in scores]
    return [
        Stretch(
            start=start,
            end=min(end, n),
            bits=tuple(float(total[end] - total[start]) for total in sums),
            ahead=tuple(float(total[end] - sums[0][end]) for total in sums),
        )
        for start, end in pairwise(cuts)
        if start < n or any(each.spans and each.spans[-1] == (n, n) for each in scores)
    ]


def visible(text: str) -> str:
    """Return a text in which spaces and line ends can be seen, and nothing acts on a terminal.

    Example:
        >>> visible("a b\\n")
        'a·b↵'
    """
    marked = text.replace(" ", "·").replace("\n", "↵")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in marked)
