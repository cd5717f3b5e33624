"""Arrays that a loop works in, lent to one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

W = TypeVar("W")


class Workers(Generic[W]):
    """As many sets of arrays as there ever were threads at once; a set is made where none is free.

    Example:
        >>> workers = Workers(list)
        >>> with workers.one() as a, workers.one() as b:
        ...     a is b
        False
        >>> with workers.one() as c:
        ...     c is a or c is b
        True
    """

    def __init__(self, make: Callable[[], W]) -> None:
        self._make = make
        self._free: list[W] = []  # `pop` and `append` are safe among threads

    @contextmanager
    def one(self) -> Iterator[W]:
        """Lend a set of arrays."""
        worker = self.take()
        try:
            yield worker
        finally:
            self.give(worker)

    def take(self) -> W:
        """Lend a set of arrays until it is given back."""
        try:
            return self._free.pop()
        except IndexError:
            return self._make()

    def give(self, worker: W) -> None:
        """Take back what was lent."""
        self._free.append(worker)
