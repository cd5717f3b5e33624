"""A run that its launcher starts anew after a process was lost goes on by itself.

torchrun gives a restarted process the same command line, without --resume. So a run names the
launch and the process that began it, and another process of that launch goes on with it: a
directory that was refused the first time is refused again. How often torchrun says that it has
started us anew does not help: on a machine where no process was lost, it does not count.
"""

from __future__ import annotations

from typing import Any

from lstm_lm.runs.directory import RunDirectory
from lstm_lm.training.launching import Place


def launch_record(place: Place) -> dict[str, Any]:
    """Return what `config.json` says of the launcher; nothing where there is none."""
    return {} if place.launch is None else {"launch": [place.launch, place.process]}


def processes_record(place: Place) -> dict[str, Any]:
    """Return what the environment says of several processes; nothing where there is one."""
    return {} if place.size == 1 else {"processes": place.size}


def is_restarted(directory: RunDirectory, place: Place) -> bool:
    """Whether the run there was begun by the launch that has now started us anew."""
    if place.launch is None or not directory.config.exists():
        return False
    launch, process = directory.read_config().get("launch", (None, None))
    return launch == place.launch and process != place.process
