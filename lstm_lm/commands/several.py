"""A training in several processes, started by torchrun, as the command line sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from lstm_lm.training.launching import Place
from toktools.errors import ToktoolsError


@contextmanager
def first_speaks(place: Place) -> Iterator[None]:
    """Let the first process alone say what is wrong, for a mistake comes to all of them."""
    try:
        yield
    except ToktoolsError:
        if place.is_first:
            raise
        raise click.exceptions.Exit(1) from None


def check_distributable(place: Place, backend: str, seeds: Sequence[int]) -> None:
    """Raise ToktoolsError if several processes were started for what one alone can do."""
    if place.size == 1:
        return
    if backend != "torch":
        raise ToktoolsError(
            f"--backend {backend} trains in one process, got {place.size}; run it without torchrun"
        )
    if seeds:
        raise ToktoolsError(
            f"several seeds are trained one after the other, in one process, got {place.size}; "
            "run them without torchrun, or give one --seed"
        )


def how_to_go_on(place: Place, output: object) -> str:
    """Return the command that goes on with a run that was stopped."""
    if place.size == 1:
        return f"lstm_lm train -o {output} --resume"
    return f"torchrun --nproc-per-node ... -m lstm_lm train -o {output} --resume"
