"""A file of analogies, scored as a whole: how often the closest word is the right one.

The format is that of Google's questions-words.txt: a line `: capital-common-countries` begins a
category, every other line holds four words, "athens greece oslo norway": the second minus the first
plus the third must give the fourth. A question is covered if all four words are known.
Source: Mikolov et al. 2013, arXiv:1301.3781, sec. 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from lstm_lm.embeddings.neighbours import MEASURES
from lstm_lm.embeddings.vectors import Vectors, WordVector
from toktools.errors import ToktoolsError

Question = tuple[str, str, str, str]
ALL = "all"


@dataclass(kw_only=True)
class CategoryScore:
    """How the questions of one category came out.

    Attributes:
        questions, covered: how many there are, and how many have four known words.
        unknown: the words by which the others are not covered, as they come.
        right: by measure, how many of these were answered, the three words left out.
        right_of_all: the same with the three words among the answers.
    """

    category: str
    questions: int = 0
    covered: int = 0
    unknown: list[str] = field(default_factory=list)
    right: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEASURES, 0))
    right_of_all: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEASURES, 0))

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dict(vars(self))


def read_questions(path: Path) -> dict[str, list[Question]]:
    """Return the questions of a file by category, in the order of the file.

    Raises: ToktoolsError, with the line, if one is not four words or stands before any category.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise ToktoolsError(f"{path}: cannot be read: {e}") from e
    categories: dict[str, list[Question]] = {}
    own: list[Question] | None = None
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        if words[0].startswith(":"):
            name = line.strip()[1:].strip()
            own = categories.setdefault(name, [])
        elif own is None:
            raise ToktoolsError(f"{path}, line {number}: a line ': category' must come first")
        elif len(words) != 4:
            raise ToktoolsError(f"{path}, line {number}: must be four words, got {len(words)}")
        else:
            own.append((words[0], words[1], words[2], words[3]))
    if not any(categories.values()):
        raise ToktoolsError(f"{path}: holds no questions; write four words a line")
    return categories


def score_questions(vectors: Vectors, categories: dict[str, list[Question]]) -> list[CategoryScore]:
    """Answer all questions: a score for each category, and one named "all" at the end.

    The answers are looked for among the tokens of the vocabulary and, so that a vocabulary of
    pieces can answer too, the words of the file, each the mean of its pieces.
    """
    words = {
        text: vectors.word(text)
        for text in dict.fromkeys(chain.from_iterable(chain(*categories.values())))
    }
    answers = _Answers(vectors, list(words.values()))
    total, scores = CategoryScore(category=ALL), []
    for name, questions in categories.items():
        own = CategoryScore(category=name)
        for question in questions:
            a, b, c, d = (words[text] for text in question)
            odd = [word.word for word in (a, b, c, d) if word.unknown]
            for score in (own, total):
                score.questions += 1
                score.unknown += [word for word in dict.fromkeys(odd) if word not in score.unknown]
            if odd:
                continue
            best = answers.best(b.vector_E - a.vector_E + c.vector_E, [a, b, c])
            for score in (own, total):
                score.covered += 1
                for measure, (without, of_all) in best.items():
                    score.right[measure] += without == d.read
                    score.right_of_all[measure] += of_all == d.read
        scores.append(own)
    return [*scores, total]


class _Answers:
    """What may be answered: tokens that stand for text, and the words of the file."""

    def __init__(self, vectors: Vectors, words: Sequence[WordVector]) -> None:
        self._vectors, special = vectors, vectors.special_ids
        ids = sorted(id for id in vectors.tokenizer.get_vocab().values() if id not in special)
        composed = {word.read: word for word in words if len(word.ids) > 1 and not word.unknown}
        rows = [vectors.matrix_VE[ids], *(word.vector_E[None] for word in composed.values())]
        self._texts = np.array([*map(vectors.shown, ids), *composed])
        self._matrix_VE = np.concatenate(rows)

    def best(
        self, target_E: np.ndarray, left_out: Sequence[WordVector]
    ) -> dict[str, tuple[str, str]]:
        """Return, by measure, the closest text without the words and that with them."""
        out_V = np.isin(self._texts, list(set[str]().union(*map(self._vectors.texts, left_out))))
        found: dict[str, tuple[str, str]] = {}
        for name, measure in MEASURES.items():
            distances_V = measure(self._matrix_VE, target_E)
            without_V = np.where(out_V, np.inf, distances_V)
            found[name] = (
                str(self._texts[without_V.argmin()]),
                str(self._texts[distances_V.argmin()]),
            )
        return found
