"""Whether work is enough for the compiled loops: they must be loaded first, or even compiled."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NamedTuple


class Least(NamedTuple):
    """From how much work on the compiled loops have done it before the readable code has.

    loaded: where this process has run them before. kept: where their machine code is on disk.
    new: where they must be compiled first.
    """

    loaded: int
    kept: int
    new: int

    def is_met(self, amount: int, loop: str) -> bool:
        """Whether so much work is enough.

        Args: loop: the one that does most of it, as "module:function" in `toktools.kernels`.
        """
        if amount < self.loaded or amount >= self.new:
            return amount >= self.new
        return _is_loaded(loop) or (amount >= self.kept and _is_kept(loop))


def _is_loaded(loop: str) -> bool:
    module, function = loop.split(":")
    imported = sys.modules.get(f"toktools.kernels.{module}")
    return imported is not None and getattr(imported, function).is_loaded


def _is_kept(loop: str) -> bool:
    module, function = loop.split(":")
    return getattr(import_module(f"toktools.kernels.{module}"), function).is_kept()
