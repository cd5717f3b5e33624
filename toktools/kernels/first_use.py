"""One line where the compiled loops are about to be compiled: the first time on a machine."""

from __future__ import annotations

import logging
from typing import Any

_said: list[bool] = []


def say_if_new(loop: Any) -> None:
    """Say in one line, once a process, that loops are being compiled, unless they have been before.

    The line goes to the logger "toktools", which shows it on standard error unless told otherwise.

    Args: loop: one of the loops that are about to run; it stands for all of them.
    """
    if not _said and not is_kept(loop):
        _said.append(True)
        logging.getLogger("toktools").warning(
            "toktools: compiling its loops for this machine, some ten seconds; done once"
        )


def is_kept(loop: Any) -> bool:
    """Whether a loop's machine code, up to date, is loaded already or stands in numba's cache."""
    if loop.signatures:
        return True
    try:
        return bool(loop._cache._cache_file._load_index())
    except AttributeError:  # another numba, or no folder that could be written to
        return False
