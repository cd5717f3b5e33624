"""Whether work is enough for the compiled loops: they must be loaded first, or even compiled."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple


class Least(NamedTuple):
    """From how much work on the compiled loops have done it before the readable code has.

    kept: where their machine code is on disk. new: where they must be compiled first.
    """

    kept: int
    new: int

    def is_met(self, amount: int, loop: str) -> bool:
        """Whether so much work is enough.

        Args: loop: the one that does most of it, as "module:function" in `toktools.kernels`.
        """
        return amount >= self.kept and (amount >= self.new or _is_kept(loop))


def _is_kept(loop: str) -> bool:
    module, function = loop.split(":")
    return getattr(import_module(f"toktools.kernels.{module}"), function).is_kept()
