"""All vectors as points on a page: the two directions in which they differ most.

Principal components by a singular value decomposition. Two directions hold a small part of how
vectors differ, and the picture says how small; what lies close on it may be far apart.
Source: Pearson 1901, "On lines and planes of closest fit".
Legend: N vectors, E their length.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lm.embeddings.vectors import Vector, Vectors
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def principal_components(matrix_NE: Vector) -> tuple[Vector, float]:
    """Return each vector's place in the two directions of most variance, and the share they hold.

    Signs are chosen so that the largest weight of a direction is positive.

    Raises: ToktoolsError if there are fewer than 3 vectors, or they have fewer than 2 numbers.
    Example:
        >>> places_N2, share = principal_components(np.array([[0.0, 0], [2, 0], [4, 0], [2, 1]]))
        >>> places_N2[:, 0].tolist(), round(share, 3)
        ([-2.0, 0.0, 2.0, 0.0], 1.0)
    """
    n, size = matrix_NE.shape
    if n < 3 or size < 2:
        raise ToktoolsError(
            f"a map needs 3 vectors of 2 numbers at least, got {n} vectors of {size}"
        )
    centred_NE = matrix_NE - matrix_NE.mean(axis=0)
    _, values, directions = np.linalg.svd(centred_NE, full_matrices=False)
    directions = directions[:2]
    largest = directions[[0, 1], np.abs(directions).argmax(axis=1)]
    places_N2 = centred_NE @ (directions * np.where(largest < 0, -1, 1)[:, None]).T
    variance = float((values**2).sum())
    return places_N2, float((values[:2] ** 2).sum()) / variance if variance else 0.0


def draw_map(vectors: Vectors, path: Path, *, n_labels: int = 80, title: str = "") -> int:
    """Write a picture of all tokens but the special ones; the first ids are labelled.

    A vocabulary counted by words has the most frequent first, so these are labelled; a label that
    would cover another is left out.

    Returns: how many tokens have a label.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    special = vectors.special_ids
    ids = sorted(id for id in vectors.tokenizer.get_vocab().values() if id not in special)
    places_N2, share = principal_components(vectors.matrix_VE[ids])
    figure = Figure(figsize=(9, 7), dpi=150, layout="constrained")
    axes = figure.subplots()
    axes.scatter(*places_N2.T, s=4, color="#9db4cc", linewidths=0)
    axes.set_title(f"{title}, {vectors.source} vectors".strip(", "), loc="left")
    axes.set_xlabel(f"two directions that hold {share:.1%} of the variance")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # lays the page out, so that labels can be measured
    texts = [vectors.tokenizer.id_to_token(id) for id in ids[:n_labels]]
    n = _label(axes, canvas.get_renderer(), texts, places_N2)
    figure.savefig(path)
    return n


def _label(axes: Axes, renderer: Any, texts: Sequence[str], places_N2: Vector) -> int:
    """Write texts beside their points unless one would cover another; return how many."""
    taken: list[Any] = []
    for text, (x, y) in zip(texts, places_N2, strict=False):
        label = axes.annotate(
            text,
            (x, y),
            xytext=(3, 2),
            textcoords="offset points",
            fontsize=8,
            parse_math=False,
        )
        box = label.get_window_extent(renderer)
        if any(box.overlaps(other) for other in taken):
            label.remove()
            continue
        taken.append(box)
        axes.scatter([x], [y], s=7, color="#24476b", linewidths=0)
    return len(taken)
