"""An id put behind each document of a flat array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import kernel
from toktools.kernels.room import Room


def ended(
    ids: NDArray[np.uint32], ends: NDArray[np.int64], eos_id: int, room: Room | None = None
) -> tuple[NDArray[np.uint32], NDArray[Any]]:
    """Return the ids with `eos_id` behind each document, and the documents' new ends.

    Args: ends: int64 (n_documents,): where each document ends in `ids`; the last is their number.
          room: that the ids stand in, and are left in; without it they get an array of their own.
    Example:
        >>> ids, ends = ended(np.array([5, 6, 7], np.uint32), np.array([2, 2, 3]), 1)
        >>> ids.tolist(), ends.tolist()
        ([5, 6, 1, 1, 7, 1], [3, 4, 6])
    """
    n = len(ids) + len(ends)
    if room:
        room.reserve(len(ids), len(ends))
    out = room.array[:n] if room else np.empty(n, np.uint32)
    _end(ids, ends, eos_id, out)
    return out, ends + np.arange(1, len(ends) + 1)


@kernel
def _end(ids, ends, eos_id, out):
    """Copy ids to `out`, which may begin as they do, with `eos_id` at each end; the last first."""
    for d in range(len(ends) - 1, -1, -1):
        out[ends[d] + d] = eos_id
        start = ends[d - 1] if d else 0
        for i in range(ends[d] - 1, start - 1, -1):
            out[i + d] = ids[i]
