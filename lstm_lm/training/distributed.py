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

import hashlib
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from lstm_lm.training.launching import Place
from lstm_lm.training.processes import Processes
from toktools.errors import ToktoolsError

Result = TypeVar("Result")
LONGEST_WAIT = timedelta(days=2)
"""For the first process to validate; one that has ended is noticed at once."""


class DistributedProcesses(Processes):
    """Several processes, and what they send; see `Processes` for what each method is for."""

    def first(self, function: Callable[[], Result]) -> Result:
        """Return what `function` gives in the first process."""
        told = [_outcome(function) if self.is_first else None]
        with _asking():
            dist.broadcast_object_list(told, device=torch.device("cpu"))
        return _results(told)[0]

    def each(self, function: Callable[[], Result]) -> list[Result]:
        """Return what `function` gives in each process."""
        own, told = _outcome(function), [None] * self.size
        with _asking():
            dist.all_gather_object(told, own)
        return _results(told)

    def any(self, flag: bool) -> bool:
        """Whether any process says so."""
        return bool(self._sum(float(flag)))

    def of_first(self, number: float) -> float:
        """Return the number of the first process."""
        return self._sum(number if self.is_first else 0.0)

    def _sum(self, number: float) -> float:
        """Return the sum over all processes, in 64 bits."""
        total = torch.tensor([number], dtype=torch.float64)
        with _asking():
            dist.all_reduce(total)
        return float(total)

    def sum_gradients(
        self, parameters: Iterable[nn.Parameter], figures: Sequence[Tensor]
    ) -> list[Tensor]:
        """Add up the gradients of all processes, in place, and return the sums of the figures."""
        trained = [p for p in parameters if p.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        parts = [g.flatten() for g in gradients] + [f.detach().reshape(1) for f in figures]
        flat = torch.cat([part.to(gradients[0].dtype) for part in parts])
        with _asking():
            dist.all_reduce(flat)
        sums = flat.split([len(part) for part in parts])
        for p, gradient, total in zip(trained, gradients, sums, strict=False):
            p.grad = gradient.copy_(total.view_as(gradient))
        return [total[0] for total in sums[len(trained) :]]

    def whole(self, own: Tensor, n_rows: int) -> Tensor:
        """Return a tensor (., B, ...) of all `n_rows` rows."""
        counted = own.detach()[:, : self.rows(n_rows).n_counted]
        return torch.cat(self.each(lambda: counted.cpu()), dim=1).to(own.device)

    def own(self, whole: Tensor) -> Tensor:
        """Return this process's own rows of a tensor (., B, ...)."""
        return whole[:, self.rows(whole.shape[1]).slice].contiguous()


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
def group(own: Place) -> Iterator[DistributedProcesses]:
    """Join the others until the block ends; a block inside another uses the same."""
    if dist.is_initialized():
        yield DistributedProcesses(own)
        return
    on_gpus = torch.cuda.is_available() and dist.is_nccl_available()
    store, rank, size = next(rendezvous("env://", timeout=LONGEST_WAIT))
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if on_gpus else "gloo",
        store=PrefixStore(_meet(store, rank, size), store),
        rank=rank,
        world_size=size,
        timeout=LONGEST_WAIT,
    )
    try:
        yield DistributedProcesses(own)
    finally:
        dist.destroy_process_group()


def _meet(store: Store, rank: int, size: int) -> str:
    """Return a name for the processes that are here now, once all of them have found the same.

    torchrun keeps its store over a restart, and in it the addresses of processes that are dead: one
    that was quicker than the others would connect to those. A name that is made of a random word of
    each process is that of no group before.
    """
    store.set(f"here/{rank}", uuid.uuid4().hex)
    while True:
        words = b"".join(store.get(f"here/{r}") for r in range(size))
        name = hashlib.sha256(words).hexdigest()
        store.set(f"{name}/{rank}", "found")
        if store.check([f"{name}/{r}" for r in range(size)]):
            return name
        time.sleep(0.02)
