"""What the command lines share: one clear line for a mistake, and progress that stays out of pipes.

Results go to standard output; everything said to the person goes to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from toktools.errors import ToktoolsError

INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 + SIGINT, as shells report it."""


class Group(click.Group):
    """A click group whose commands end a user's mistake with `error: ...` and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ToktoolsError as e:
            fail(str(e))
        except BrokenPipeError:  # the reader of our output has gone, as with `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except OSError as e:
            fail(f"{e.filename or 'input/output'}: {e.strerror or e}")

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Keep the order in which the commands were written down."""
        return list(self.commands)


def fail(message: str) -> None:
    """Print one line `error: ...` to standard error and exit with status 1."""
    click.echo("error: " + " ".join(message.split("\n")), err=True)
    sys.exit(1)


def say(message: str) -> None:
    """Print a line for the person at the terminal, to standard error."""
    click.echo(message, err=True)


Bar = Callable[[int, int | None], object]
"""Called with (done, total), total None where it is not known."""


@contextmanager
def progress_bar(what: str) -> Iterator[Bar]:
    """Show a bar with the time left while the block runs, if standard error is a terminal."""
    with progress_bars(what) as (bar,):
        bar(0, None)
        yield bar


@contextmanager
def progress_bars(*names: str) -> Iterator[list[Bar]]:
    """Show bars with the time left, each from its first call on, if standard error is a terminal.

    Yields: a function a name, to call with (done, total), or (done, None) where no total is known.
    """
    if not sys.stderr.isatty():
        yield [lambda done, total: None] * len(names)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:

        def bar(name: str) -> Bar:
            task = progress.add_task(name, total=None, start=False, visible=False)

            def show(done: int, total: int | None) -> None:
                if not progress.tasks[task].started:
                    progress.start_task(task)
                progress.update(task, completed=done, total=total, visible=True)

            return show

        yield [bar(name) for name in names]
