"""Training shown step by step: the same choices as the trainers, made by counting everything anew.

Slow and obvious. It is what the documentation prints, and what the trainers are tested against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from toktools.training.alphabet import base_symbols, kept_characters
from toktools.training.marks import Marks

Segmentation = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Step:
    """One merge.

    Attributes:
        pair: what was merged; merged: what that spells.
        count: occurrences of the pair; score: what the criterion compares.
        ties: how many other pairs had the same score.
        words: each word as it is cut after the merge.
    """

    pair: tuple[str, str]
    merged: str
    count: int
    score: float
    ties: int
    words: Segmentation

    def __str__(self) -> str:
        left, right = self.pair
        score = "" if self.score == self.count else f", score {self.score:.4g}"
        ties = f", {self.ties} tied" if self.ties else ""
        cut = "  ".join(" ".join(pieces) for pieces in self.words.values())
        return f"{left} + {right} -> {self.merged}  (count {self.count}{score}{ties})  |  {cut}"


def merge_steps(
    counts: Mapping[str, int], *, criterion: str = "frequency", prefix: str = "", suffix: str = ""
) -> Iterator[Step]:
    """Yield every merge of a small corpus, until each word is one token.

    Args:
        counts: word -> occurrences.
        criterion: "frequency": the most frequent pair; "likelihood": the highest
            count(ab) / (count(a) count(b)). Among equals, the more frequent pair; then the pair
            whose symbols were there first (the alphabet by code point, prefixed symbols last).
        prefix: marks symbols that continue a word: "" for BPE, "##" for WordPiece.
        suffix: marks symbols that end a word.
    Example:
        >>> for step in merge_steps({"low": 5, "lot": 2}):
        ...     print(step)
        l + o -> lo  (count 7)  |  lo w  lo t
        lo + w -> low  (count 5)  |  low  lo t
        lo + t -> lot  (count 2)  |  low  lot
    """
    marks = Marks(prefix, suffix)
    words = {word: tuple(marks.spell(word)) for word in counts}
    alphabet = base_symbols(counts, kept_characters(counts.items()), marks)
    order = {symbol: i for i, symbol in enumerate(alphabet)}
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        single: Counter[str] = Counter()
        for word, pieces in words.items():
            for piece in pieces:
                single[piece] += counts[word]
            for pair in pairwise(pieces):
                pairs[pair] += counts[word]
        if not pairs:
            return
        scores = {
            pair: count / (single[pair[0]] * single[pair[1]])
            if criterion == "likelihood"
            else count
            for pair, count in pairs.items()
        }
        best = min(
            pairs, key=lambda pair: (-scores[pair], -pairs[pair], order[pair[0]], order[pair[1]])
        )
        merged = best[0] + best[1].removeprefix(prefix)
        order.setdefault(merged, len(order))
        words = {word: _merge(pieces, best, merged) for word, pieces in words.items()}
        ties = sum(score == scores[best] for score in scores.values()) - 1
        yield Step(best, merged, pairs[best], scores[best], ties, words)


def _merge(pieces: tuple[str, ...], pair: tuple[str, str], merged: str) -> tuple[str, ...]:
    """Return the pieces with `pair` merged wherever it stands, from left to right."""
    result: list[str] = []
    i = 0
    while i < len(pieces):
        if pieces[i : i + 2] == pair:
            result.append(merged)
            i += 2
        else:
            result.append(pieces[i])
            i += 1
    return tuple(result)
