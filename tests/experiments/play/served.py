"""The command `play` as it is, with two things added that tests need to see.

What the process asks of another machine is refused and told on standard error as OUTSIDE. An entry
more, "slow", stands for a large model: it writes for long, and each piece adds a byte to the file
that SLOW_LOG names.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from experiments.__main__ import main
from experiments.play import opening

LOOPBACK = (None, "", "127.0.0.1", "::1", "localhost")
open_entries = opening.open_entries


def refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: raise where a connection or a name leaves this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if (host.decode() if isinstance(host, bytes) else host) not in LOOPBACK:
        print(f"OUTSIDE: {event} {host}", file=sys.stderr, flush=True)
        raise ConnectionRefusedError(host)


class Slow:
    """A model that takes its time; what it expects is asked of another."""

    def __init__(self, run: Any) -> None:
        self.next_tokens = run.next_tokens

    def stream(self, prompt: str, **settings: Any) -> Iterator[str]:
        """Yield as many pieces as it may, ten a second."""
        for _ in range(settings["n_tokens"]):
            time.sleep(0.1)
            with open(os.environ["SLOW_LOG"], "a") as log:
                log.write(".")
            yield " tick"


def with_slow(arguments: Any, *rest: Any) -> list[opening.Entry]:
    """Return what was named, and the slow model."""
    entries = open_entries(arguments, *rest)
    slow: Any = Slow(entries[0].run)
    return [*entries, replace(entries[0], name="slow", run=slow)]


if __name__ == "__main__":
    sys.addaudithook(refuse_outside)
    opening.open_entries = with_slow
    main(["play", *sys.argv[1:]])
