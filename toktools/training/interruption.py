"""Ctrl-C and SIGTERM as a question to be asked now and then: work ends where it is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class CountingInterrupted(KeyboardInterrupt):
    """Counting was stopped; the message says what was kept."""


@contextmanager
def asked_to_stop(wanted: bool) -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C or SIGTERM has come; a second one stops at once.

    Args: wanted: if not, or outside the main thread, signals do what they always did.
    """
    if not wanted or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked: list[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {n: signal.signal(n, ask) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
