"""One job as a process of its own: `python -m experiments.comparison.jobs.child FOLDER NAME`.

The process that starts it writes one line of JSON to its standard input, {"key": ...,
"accept_other_code": ...}, and holds that open. When it ends, however it ends, so does the input,
and the job saves its state and stops. Why a job fails it says on standard output, in JSON, for a
pipe takes it even where the disk is full. Standard error is its log.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import traceback
from typing import Any, NoReturn

from experiments.comparison.jobs.failure import told
from experiments.comparison.jobs.job import job_named
from experiments.comparison.jobs.key import code_now
from experiments.comparison.jobs.work import open_worker
from lstm_lm.commands.display import validation_line
from toktools.errors import ToktoolsError

STOPPED = 130
"""The exit status of a job that was asked to stop, and whose state is saved."""
_INPUT, _OUTPUT, _LOG = 0, 1, 2


def main(folder: str, name: str) -> None:
    """Do the job; exit with 0, with `STOPPED`, or with 1 and a line that says why."""
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _stop)
    pipe = os.dup(_OUTPUT)
    os.dup2(_LOG, _OUTPUT)  # what a library prints goes to the log
    order = json.loads(_first_line())
    threading.Thread(target=_stop_with_input, daemon=True).start()
    try:
        _do(folder, name, order)
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except Exception as e:
        os.write(pipe, json.dumps({"error": told(e)}).encode())
        if not isinstance(e, ToktoolsError | OSError | MemoryError):
            traceback.print_exc()
        sys.exit(1)


def _do(folder: str, name: str, order: dict[str, Any]) -> None:
    key = order["key"]
    worker = open_worker(
        folder, accept_other_code=order["accept_other_code"], on_progress=_on_progress
    )
    if key["code"] != code_now():
        raise ToktoolsError(
            "the code has changed since this comparison was started; start it again"
        )
    worker.do(job_named(worker.plan, name), key)


def _on_progress(fraction: float, record: dict[str, Any] | None) -> None:
    """Log validations; how far the run is stands in its metrics.jsonl."""
    if record is not None and record["event"] == "validation":
        print(validation_line(record), file=sys.stderr, flush=True)


def _stop(number: int, frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _first_line() -> bytes:
    """Read a line without a buffer, in which a thread could be caught when the process ends."""
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(_INPUT, 1)
        if not read:
            raise SystemExit(STOPPED)
        line += read
    return line


def _stop_with_input() -> None:
    """Ask this process to stop when its standard input ends."""
    while os.read(_INPUT, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(*sys.argv[1:])
