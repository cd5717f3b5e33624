"""Several processes that train one model together: what they tell each other.

Every process holds the whole model and goes through the same batches, of which it reads its own
rows. Gradients are sums over all rows before anything is done with them, so that every process
makes the same update, the one that a single process would make of the whole batch. What is decided
by a clock, a signal or a file is decided by the first process, which alone writes.

Source: Li et al. 2020, arXiv:2006.15704, for gradients that are reduced over processes. Here they
        are reduced in one piece, after the backward pass, and not averaged but summed: each is
        divided by the targets of all rows beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lstm_lm.data.rows import Rows, own_rows
from lstm_lm.training.launching import Place, place
from toktools.errors import ToktoolsError

Result = TypeVar("Result")
_CPU = torch.device("cpu")
LONGEST_WAIT = timedelta(days=2)
"""For the first process to validate; one that has ended is noticed at once."""


class Processes:
    """All processes of a training, seen from one; of a training in one process, that one.

    Each method must be called by all at the same point. With one process nothing is sent.

    Args: place: which of how many this is. control: a group whose messages stay on the CPU.
    """

    def __init__(self, place: Place | None = None, control: Any = None) -> None:
        self.place, self._control = place or Place(), control

    @property
    def size(self) -> int:
        """How many there are."""
        return self.place.size

    @property
    def is_first(self) -> bool:
        """Whether this is the first."""
        return self.place.is_first

    def rows(self, whole: int) -> Rows:
        """Return which of `whole` rows are this process's own."""
        return own_rows(whole, self.place.rank, self.size)

    def first(self, function: Callable[[], Result]) -> Result:
        """Return what `function` gives in the first process; a ToktoolsError there comes to all."""
        if self.size == 1:
            return function()
        told = [_outcome(function) if self.is_first else None]
        with _asking():
            dist.broadcast_object_list(told, device=_CPU, group=self._control)
        return _results(told)[0]

    def each(self, function: Callable[[], Result]) -> list[Result]:
        """Return what `function` gives in each process; a ToktoolsError anywhere comes to all."""
        if self.size == 1:
            return [function()]
        own, told = _outcome(function), [None] * self.size
        with _asking():
            dist.all_gather_object(told, own, group=self._control)
        return _results(told)

    def any(self, flag: bool) -> bool:
        """Whether any process says so."""
        return bool(self._sum_of_numbers(float(flag)))

    def of_first(self, number: float) -> float:
        """Return the number of the first process: for what a clock says."""
        return self._sum_of_numbers(number if self.is_first else 0.0)

    def sum_gradients(
        self, parameters: Iterable[nn.Parameter], figures: Sequence[Tensor]
    ) -> list[Tensor]:
        """Add up the gradients of all processes, in place, and return the sums of the figures."""
        if self.size == 1:
            return list(figures)
        trained = [p for p in parameters if p.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        parts = [g.flatten() for g in gradients] + [f.detach().reshape(1) for f in figures]
        lengths = [len(part) for part in parts]
        flat = torch.cat([part.to(gradients[0].dtype) for part in parts])
        with _asking():
            dist.all_reduce(flat)
        sums = flat.split(lengths)
        for p, gradient, total in zip(trained, gradients, sums, strict=False):
            p.grad = gradient.copy_(total.view_as(gradient))
        return [total[0] for total in sums[len(trained) :]]

    def whole(self, tensor: Tensor, n_rows: int) -> Tensor:
        """Return a tensor (., B, ...) of all `n_rows` rows from each process's own."""
        if self.size == 1:
            return tensor
        counted = tensor.detach()[:, : self.rows(n_rows).n_counted]
        return torch.cat(self.each(lambda: counted.cpu()), dim=1).to(tensor.device)

    def own(self, whole: Tensor) -> Tensor:
        """Return this process's own rows of a tensor (., B, ...): the way back of `whole`."""
        return whole if self.size == 1 else whole[:, self.rows(whole.shape[1]).slice].contiguous()

    def _sum_of_numbers(self, number: float) -> float:
        """Return the sum over all processes; float64."""
        if self.size == 1:
            return number
        total = torch.tensor([number], dtype=torch.float64)
        with _asking():
            dist.all_reduce(total, group=self._control)
        return float(total)


_Outcome = tuple[Any, ToktoolsError | None]


def _outcome(function: Callable[[], Any]) -> _Outcome:
    """Return what a function gives, or the mistake that it ends with."""
    try:
        return function(), None
    except ToktoolsError as e:
        return None, e


def _results(outcomes: Sequence[Any]) -> list[Any]:
    """Return the results; raise the first mistake, if there is one."""
    for _, error in outcomes:
        if error is not None:
            raise error
    return [result for result, _ in outcomes]


@contextmanager
def _asking() -> Iterator[None]:
    """Say in one line what it means when the others do not answer."""
    try:
        yield
    except RuntimeError as e:  # both of gloo and of NCCL
        raise ToktoolsError(
            "another process of this training has ended, so this one ends too; see its message, "
            "and go on with --resume"
        ) from e


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun has started, until the block ends; a block inside uses the
    same. Without torchrun, this process is the only one.
    """
    own = place()
    if own.size == 1:
        yield Processes(own)
        return
    if dist.is_initialized():
        yield Processes(own, _control())
        return
    on_gpus = torch.cuda.is_available() and dist.is_nccl_available()
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpus else "gloo", timeout=LONGEST_WAIT)
    try:
        yield Processes(own, _control())
    finally:
        dist.destroy_process_group()


def _control() -> Any:
    """Return a group for what is not on a GPU; that of all, where there is none."""
    on_gpus = "nccl" in dist.get_backend_config()
    return dist.new_group(backend="gloo", timeout=LONGEST_WAIT) if on_gpus else dist.group.WORLD
