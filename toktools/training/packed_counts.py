"""Counts of pretokens as three arrays: what the compiled loops give, and learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


class PackedCounts(Mapping[str, int]):
    """Pretokens and their counts; a mapping like any other to whoever wants one.

    Args:
        data: uint8: the pretokens as UTF-8, one behind the other; all are distinct.
        ends: int64 (n,): where each ends in `data`.
        counts: int64 (n,): how often each occurs, > 0.
    Example:
        >>> data = np.frombuffer("hétwo".encode(), np.uint8)
        >>> counts = PackedCounts(data, np.array([3, 6]), np.array([5, 7]))
        >>> dict(counts), len(counts)
        ({'hé': 5, 'two': 7}, 2)
    """

    def __init__(
        self, data: NDArray[np.uint8], ends: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> None:
        self.data, self.ends, self.counts = data, ends, counts

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[str]:
        data = self.data.tobytes()
        for start, end in pairwise([0, *self.ends.tolist()]):
            yield data[start:end].decode()

    def __getitem__(self, pretoken: str) -> int:
        return self._by_pretoken[pretoken]

    @cached_property
    def _by_pretoken(self) -> dict[str, int]:
        return dict(self.items())

    def items(self) -> list[tuple[str, int]]:  # type: ignore[override]
        """Return (pretoken, count) for all of them."""
        return list(zip(self, self.counts.tolist(), strict=True))
