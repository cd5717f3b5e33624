"""Sums of vectors: king - man + woman, and what lies closest to it.

The closest of all is nearly always one of the words that were put in, because the sum has not moved
far from them. Papers leave those out without a word; here both lists are given.
Source: Mikolov et al. 2013, arXiv:1301.3781, sec. 4; Linzen 2016, arXiv:1606.07736, on the words
left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_lm.embeddings.neighbours import MEASURES, Neighbour, nearest, ranking
from lstm_lm.embeddings.vectors import Vectors, WordVector
from toktools.errors import ToktoolsError


@dataclass(frozen=True, kw_only=True)
class Analogy:
    """`words[0]` - `words[1]` + `words[2]`.

    Attributes:
        words: the three, as vectors. source: "input" or "output".
        closest: by measure, the closest tokens without the three words and their pieces.
        closest_of_all: by measure, the closest with them.
        expected: by measure, where the word that was hoped for came, without the three words; None
            if there was none, or it is not one known token.
    """

    words: tuple[WordVector, WordVector, WordVector]
    source: str
    closest: dict[str, list[Neighbour]]
    closest_of_all: dict[str, list[Neighbour]]
    expected: dict[str, Neighbour] | None

    def as_dict(self) -> dict[str, Any]:
        """Return all of it but the vectors, for JSON."""
        return {
            "words": [
                {"word": w.word, "read": w.read, "pieces": w.tokens, "unknown": w.unknown}
                for w in self.words
            ],
            "from": self.source,
            "closest": _records(self.closest),
            "closest_of_all": _records(self.closest_of_all),
            "expected": self.expected and {m: vars(found) for m, found in self.expected.items()},
        }


def _records(lists: dict[str, list[Neighbour]]) -> dict[str, list[dict[str, Any]]]:
    return {measure: [vars(found) for found in each] for measure, each in lists.items()}


def analogy(
    vectors: Vectors, a: str, b: str, c: str, *, n: int = 10, expect: str | None = None
) -> Analogy:
    """Return what lies closest to a - b + c: "king", "man", "woman" asks for a queen.

    Args:   n: the length of each list. expect: a word whose place is to be told too.
    Raises: ToktoolsError if a word is empty, n is below 1, or `expect` is not one known token.
    """
    words = (vectors.word(a), vectors.word(b), vectors.word(c))
    target_E = words[0].vector_E - words[1].vector_E + words[2].vector_E
    own = set[str]().union(*(vectors.texts(word) for word in words))
    lists = {
        kind: {m: nearest(vectors, target_E, measure=m, n=n, without=left) for m in MEASURES}
        for kind, left in (("closest", own), ("closest_of_all", ()))
    }
    found = None
    if expect is not None:
        wanted = vectors.word(expect)
        id, *more = wanted.ids
        if more or wanted.unknown or wanted.read in own:
            raise ToktoolsError(
                f"the word expected must be one token, known, and none of the three, got {expect!r}"
            )
        found = {m: _place(vectors, target_E, m, id, own) for m in MEASURES}
    return Analogy(words=words, source=vectors.source, expected=found, **lists)


def _place(vectors: Vectors, target_E: Any, measure: str, id: int, own: set[str]) -> Neighbour:
    """Return the rank and distance of one token."""
    rank = ranking(vectors, target_E, measure=measure, without=own).index(id)
    distance = MEASURES[measure](vectors.matrix_VE[[id]], target_E)[0]
    return Neighbour(rank + 1, vectors.tokenizer.id_to_token(id), float(distance))
