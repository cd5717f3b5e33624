"""Which tokens lie closest to a vector, by two measures of distance.

L2 is the length of the difference. Cosine distance is 1 minus the cosine of the angle: it does not
see how long the vectors are, while L2 favours short ones.
Legend: V vocabulary, E length of a vector.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from lstm_lm.embeddings.vectors import Vector, Vectors
from toktools.errors import ToktoolsError


def l2(matrix_VE: Vector, vector_E: Vector) -> Vector:
    """Return the Euclidean distance of each row from a vector.

    Example:
        >>> l2(np.array([[3.0, 4.0], [0.0, 0.0]]), np.zeros(2)).tolist()
        [5.0, 0.0]
    """
    return np.linalg.norm(matrix_VE - vector_E, axis=1)


def cosine(matrix_VE: Vector, vector_E: Vector) -> Vector:
    """Return 1 minus the cosine between each row and a vector: 0 to 2; a zero vector is 1 from all.

    Example:
        >>> cosine(np.array([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]]), np.array([1.0, 0.0])).tolist()
        [0.0, 1.0, 2.0]
    """
    lengths_V = np.linalg.norm(matrix_VE, axis=1) * np.linalg.norm(vector_E)
    products_V = matrix_VE @ vector_E
    cosines_V = np.divide(products_V, lengths_V, out=np.zeros_like(products_V), where=lengths_V > 0)
    return 1 - np.clip(cosines_V, -1, 1)


MEASURES = {"L2": l2, "cosine": cosine}


@dataclass(frozen=True)
class Neighbour:
    """A token that lies close. `rank` counts from 1, among the tokens that were asked about."""

    rank: int
    token: str
    distance: float


def nearest(
    vectors: Vectors,
    vector_E: Vector,
    *,
    measure: str = "cosine",
    n: int = 10,
    without: Collection[str] = (),
) -> list[Neighbour]:
    """Return the `n` tokens that lie closest to a vector; of equals, the lowest id is first.

    Special tokens are never among them.

    Args:   measure: "L2" or "cosine".
            without: texts of tokens to leave out; with "king" both `king` and `Ġking` are.
    Raises: ToktoolsError if n is below 1.
    """
    if n < 1:
        raise ToktoolsError(f"n, the number of neighbours, must be >= 1, got {n}")
    ordered = ranking(vectors, vector_E, measure=measure, without=without)
    distances_V = MEASURES[measure](vectors.matrix_VE, vector_E)
    return [
        Neighbour(rank, vectors.tokenizer.id_to_token(id), float(distances_V[id]))
        for rank, id in enumerate(ordered[:n], 1)
    ]


def ranking(
    vectors: Vectors, vector_E: Vector, *, measure: str, without: Collection[str] = ()
) -> list[int]:
    """Return the ids of all tokens, closest first; otherwise like `nearest`."""
    known = set(vectors.tokenizer.get_vocab().values())  # a vocabulary may have holes
    asked = known - vectors.special_ids
    if without:
        asked = {id for id in asked if vectors.shown(id) not in without}
    order_V = np.argsort(MEASURES[measure](vectors.matrix_VE, vector_E), kind="stable")
    return [id for id in order_V.tolist() if id in asked]
