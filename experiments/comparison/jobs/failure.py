"""How a job can fail, in one line: an error of its own, a full disk, no memory, a signal."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

Json = dict[str, Any]
N_LINES = 3
"""How many lines of a log are told with a failure."""
_HINTS = {
    signal.SIGKILL: "; nothing here sends it, but the system does when memory is short",
    signal.SIGTERM: "; somebody else asked it to stop",
    signal.SIGXFSZ: "; a file was larger than is allowed",
}


def told(error: BaseException) -> str:
    """Return what an exception in a job says to people, in one line.

    Example:
        >>> import errno
        >>> told(OSError(errno.ENOSPC, "No space left on device"))
        'a file could not be written: No space left on device'
    """
    from toktools.errors import ToktoolsError

    if isinstance(error, ToktoolsError):
        return " ".join(str(error).splitlines())
    if isinstance(error, OSError):
        what = error.filename or "a file could not be written"
        return f"{what}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "memory ran out"
    return f"a defect: {type(error).__name__}: {' '.join(str(error).splitlines())}"


def ended(status: int) -> str:
    """Return what an exit status says, of a process that said nothing itself.

    Example:
        >>> ended(-9)
        'killed by SIGKILL; nothing here sends it, but the system does when memory is short'
        >>> ended(3)
        'ended with exit status 3'
    """
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        number = signal.Signals(-status)
    except ValueError:
        return f"killed by signal {-status}"
    return f"killed by {number.name}{_HINTS.get(number, '')}"


def failure(error: str, log: Path) -> Json:
    """Return the record of a failure: what it was, and with it how the log ended.

    Args: log: what the job said; an error that it says itself need not be told twice.
    """
    lines = last_lines(log)
    new = [line for line in lines if line not in error]
    more = f" (the end of its log: {' | '.join(new)})" if new else ""
    return {"error": error + more, "log": lines}


def last_lines(path: Path) -> list[str]:
    """Return the last lines of a text file that have something in them; none if it is not there."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4000))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip()][-N_LINES:]
