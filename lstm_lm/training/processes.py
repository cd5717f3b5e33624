"""The processes that train one model: here one, which has nothing to tell anybody.

`lstm_lm.training.distributed` adds several. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from lstm_lm.data.rows import Rows, own_rows
from lstm_lm.training.launching import Place, place

if TYPE_CHECKING:
    from torch import Tensor, nn

Result = TypeVar("Result")


class Processes:
    """All processes of a training, seen from one.

    Each method must be called by all at the same point.

    Args: place: which of how many this is.
    """

    def __init__(self, place: Place | None = None) -> None:
        self.place = place or Place()

    @property
    def size(self) -> int:
        """How many there are."""
        return self.place.size

    @property
    def is_first(self) -> bool:
        """Whether this is the first, which alone writes and speaks."""
        return self.place.is_first

    def rows(self, whole: int) -> Rows:
        """Return which of `whole` rows are this process's own."""
        return own_rows(whole, self.place.rank, self.size)

    def first(self, function: Callable[[], Result]) -> Result:
        """Return what `function` gives in the first process; a ToktoolsError there comes to all."""
        return function()

    def each(self, function: Callable[[], Result]) -> list[Result]:
        """Return what `function` gives in each process; a ToktoolsError anywhere comes to all."""
        return [function()]

    def any(self, flag: bool) -> bool:
        """Whether any process says so."""
        return flag

    def of_first(self, number: float) -> float:
        """Return the number of the first process: for what a clock says."""
        return number

    def sum_gradients(
        self, parameters: Iterable[nn.Parameter], figures: Sequence[Tensor]
    ) -> list[Tensor]:
        """Add up the gradients of all processes, in place, and return the sums of the figures."""
        return list(figures)

    def whole(self, own: Tensor, n_rows: int) -> Tensor:
        """Return a tensor (., B, ...) of all `n_rows` rows from each process's own."""
        return own

    def own(self, whole: Tensor) -> Tensor:
        """Return this process's own rows of a tensor (., B, ...): the way back of `whole`."""
        return whole


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun has started, until the block ends.

    A block inside another uses the same. Without torchrun, this process is the only one.

    Example:
        >>> with joined() as processes:
        ...     processes.size, processes.first(lambda: "told")
        (1, 'told')
    """
    own = place()
    if own.size == 1:
        yield Processes(own)
        return
    from lstm_lm.training.distributed import group

    with group(own) as processes:
        yield processes
