"""Rows of ids cut and filled to one length: what a model takes as a batch.

Letters: B rows (texts), T columns (places).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.errors import ToktoolsError

Side = Literal["right", "left"]


class Padded(NamedTuple):
    """A batch: ids (B, T) int64, lengths (B,) int64, and mask (B, T) bool, True where text is."""

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]
    mask: NDArray[np.bool_]


def truncated(ids: list[int], room: int, truncate: Side | Literal[False], number: int) -> list[int]:
    """Return at most `room` of `ids`; ToktoolsError at more if `truncate` is False.

    Args: truncate: the side that loses ids. number: which text it is, for the error.
    """
    if len(ids) <= room:
        return ids
    if truncate is False:
        raise ToktoolsError(
            f"text {number} has {len(ids)} tokens and max_length leaves room for {room}; "
            "pass truncate='right' to cut off its end, or a larger max_length"
        )
    return ids[:room] if truncate == "right" else ids[len(ids) - room :]


def pad(
    rows: Sequence[Sequence[int]],
    pad_id: int,
    *,
    pad_to: int | None = None,
    multiple_of: int | None = None,
    side: Side = "right",
) -> Padded:
    """Fill rows to one length, that of the longest by default.

    Args:
        rows: B lists of ids, none of them longer than `pad_to`.
        pad_id: what fills; a row may hold it too, and `mask` tells the two apart.
        pad_to: length of every row.
        multiple_of: round the length up to a multiple of this.
        side: where rows are filled.
    Raises: ToktoolsError at impossible options or a row that is too long.
    Example:
        >>> pad([[5, 6, 7], [8]], 0, side="left").ids.tolist()
        [[5, 6, 7], [0, 0, 8]]
    """
    require_side("side", side)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    width = int(lengths.max(initial=0)) if pad_to is None else pad_to
    if lengths.max(initial=0) > width:
        number = int(lengths.argmax())
        raise ToktoolsError(
            f"pad_to must hold the longest text, got {width} for text {number} of "
            f"{lengths[number]} tokens; max_length={width} cuts it"
        )
    if multiple_of is not None:
        if multiple_of < 1:
            raise ToktoolsError(f"multiple_of must be >= 1, got {multiple_of}")
        width = -(-width // multiple_of) * multiple_of
    places = np.arange(width)
    edges = lengths[:, None]
    mask = places < edges if side == "right" else places >= width - edges  # (B, T)
    ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    ids[mask] = [id for row in rows for id in row]
    return Padded(ids, lengths, mask)


def require_side(name: str, value: object) -> None:
    """Raise ToktoolsError unless `value` is "right" or "left"."""
    if value not in ("right", "left"):
        raise ToktoolsError(f"{name} must be 'right' or 'left', got {value!r}")
