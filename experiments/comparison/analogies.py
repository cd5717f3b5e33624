"""Analogies in a comparison: where the word that completes one stands, for every tokenizer.

`king - man + woman = queen` asks which word lies closest to that sum of input embeddings. The words
that may answer are the same for every tokenizer, the most frequent ones of the training text, each
the mean of its pieces; the three of the question are left out. So the place of the answer can be
set side by side, whatever a vocabulary holds.
Source: Mikolov et al. 2013, arXiv:1301.3781; docs/analogies.md has what to think of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from experiments.comparison.pays import count_words
from experiments.comparison.summary import Figure
from experiments.comparison.tokenizer_runs import tokenizer_runs
from lstm_lm.embeddings.neighbours import cosine
from lstm_lm.embeddings.vectors import Vector, Vectors
from toktools.errors import ToktoolsError

Json = dict[str, Any]
N_CANDIDATES = 5000
N_CLOSEST = 3
_WRITTEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s+\+\s+(\S+)\s+=\s+(\S+)\s*")


def words_of(analogy: str) -> tuple[str, ...]:
    """Return the four words of an analogy as one types it.

    Raises: ToktoolsError if it is not A - B + C = D.
    Example:
        >>> words_of("king - man + woman = queen")
        ('king', 'man', 'woman', 'queen')
    """
    match = _WRITTEN.fullmatch(analogy)
    if match is None:
        raise ToktoolsError(
            f"an analogy must be four words, 'king - man + woman = queen', got {analogy!r}"
        )
    return match.groups()


def outcomes(vectors: Vectors, analogies: Sequence[str], train_split: Iterable[str]) -> list[Json]:
    """Return how each analogy came out, by cosine distance.

    Args:    train_split: whose most frequent words may answer.
    Returns: for each "analogy", its words' "pieces" as lists, and "unknown", those words that the
             tokenizer does not know; if there are none, "closest", the best answers, "place", how
             manieth D is, and "candidates", among how many words.
    """
    if not analogies:
        return []
    asked = [words_of(analogy) for analogy in analogies]
    frequent = (word for word, _ in count_words(train_split).most_common(N_CANDIDATES))
    texts = list(dict.fromkeys([*frequent, *(word for words in asked for word in words)]))
    words = [vectors.word(text) for text in texts]
    matrix_CE = np.stack([word.vector_E for word in words])
    row = {text: number for number, text in enumerate(texts)}
    found: list[Json] = []
    for analogy, question in zip(analogies, asked, strict=True):
        own = [words[row[text]] for text in question]
        outcome: Json = {
            "analogy": analogy,
            "pieces": [list(word.tokens) for word in own],
            "unknown": [word.word for word in own if word.unknown],
        }
        if not outcome["unknown"]:
            outcome |= _answer(matrix_CE, texts, *(row[text] for text in question))
        found.append(outcome)
    return found


def _answer(matrix_CE: Vector, texts: Sequence[str], a: int, b: int, c: int, d: int) -> Json:
    """Return what is closest to a - b + c, all four as rows, and the place of d."""
    distances_C = cosine(matrix_CE, matrix_CE[a] - matrix_CE[b] + matrix_CE[c])
    distances_C[[row for row in (a, b, c) if row != d]] = np.inf
    best = np.argsort(distances_C, kind="stable")[:N_CLOSEST]
    return {
        "closest": [texts[row] for row in best],
        "place": 1 + int(np.sum(distances_C < distances_C[d])),
        "candidates": int(np.isfinite(distances_C).sum()),
    }


def analogy_rows(results: Json) -> list[dict[str, str]]:
    """Return a row for each analogy and tokenizer; none if nothing was asked."""
    found: dict[tuple[str, str], list[Json]] = {}
    for runs in tokenizer_runs(results):
        for outcome in chain(*(run.get("analogies", []) for run in runs)):
            found.setdefault((outcome["analogy"], runs.title), []).append(outcome)
    asked = list(dict.fromkeys(analogy for analogy, _ in found))
    return [
        {"analogy": analogy, "tokenizer": title} | _cells(over_seeds)
        for (analogy, title), over_seeds in sorted(
            found.items(), key=lambda e: asked.index(e[0][0])
        )
    ]


def _cells(over_seeds: Sequence[Json]) -> dict[str, str]:
    """Return in how many pieces the words were, where the answer came, and what came first."""
    first = over_seeds[0]
    n_pieces = " ".join(str(len(pieces)) for pieces in first["pieces"])
    if first["unknown"]:
        place, closest = f"unknown: {', '.join(first['unknown'])}", ""
    else:
        place = Figure.of([float(outcome["place"]) for outcome in over_seeds]).format(".0f")
        place, closest = f"{place} of {first['candidates']:,}", ", ".join(first["closest"])
    return {"pieces": n_pieces, "place of the answer": place, "closest, first seed": closest}
