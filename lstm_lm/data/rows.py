"""Which rows of a batch are a process's own, where several processes read one batch together.

Legend: B rows of the whole batch.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A stretch of the rows of a batch; never empty, for no layer reads a batch without rows.

    Attributes:
        start, stop: the stretch, half-open. whole: B.
        spare: the batch had fewer rows than there are processes; this one reads row 0 as another
            does, and what it makes of it counts for nothing.
    """

    start: int
    stop: int
    whole: int
    spare: bool = False

    @property
    def n_counted(self) -> int:
        """How many rows count here; over all processes, B."""
        return 0 if self.spare else self.stop - self.start

    @property
    def slice(self) -> slice:
        """The stretch, to index with."""
        return slice(self.start, self.stop)


def own_rows(whole: int, rank: int, size: int) -> Rows:
    """Return the rows of the process `rank` (0, 1, ...) of `size`.

    Each process has as many, or one more or less where `size` does not divide them.

    Example:
        >>> [(rows.start, rows.stop) for rows in (own_rows(5, rank, 2) for rank in range(2))]
        [(0, 2), (2, 5)]
        >>> own_rows(1, 0, 2)
        Rows(start=0, stop=1, whole=1, spare=True)
    """
    start, stop = whole * rank // size, whole * (rank + 1) // size
    if start == stop:
        return Rows(start=0, stop=1, whole=whole, spare=True)
    return Rows(start=start, stop=stop, whole=whole)
