"""Whether a run in its directory may go on: the same options, the same text, the same programs.

A resumed run promises the bits of one never stopped. Where that promise could not be kept, it is
refused, and the refusal says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_lm.config import ModelConfig, TrainingConfig, from_json, to_json
from toktools.errors import ToktoolsError

PROGRAMS = ("toktools", "torch", "numpy")
_START_ANEW = "or start another run (-o ELSEWHERE, or --overwrite)"


def check_same(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ToktoolsError where a run to be resumed differs from what is recorded of it.

    Args: recorded: its `config.json`; options that are not in it had their defaults of now.
          given: the same of the run as it would go on.
    """
    befores = {
        "model": to_json(from_json(ModelConfig, recorded["model"])),
        "training": to_json(from_json(TrainingConfig, recorded["training"])),
    }
    for part, before in befores.items():
        for name, value in given[part].items():
            if before[name] != value:
                raise ToktoolsError(
                    f"a resumed run goes on as it was: {name} is {before[name]!r}, "
                    f"got {value!r}; leave it out, or start another run"
                )
    for split in ("train", "validation"):
        if recorded["data"][split]["digest"] != given["data"][split]["digest"]:
            raise ToktoolsError(
                f"a resumed run goes on as it was: the {split} text or the tokenizer has changed "
                "since it began; start another run"
            )
    _check_environment(recorded.get("environment", {}), given["environment"])


def _check_environment(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ToktoolsError if versions, device or threads could give other bits."""
    if not before:
        return
    for name in PROGRAMS:
        old, new = before["packages"].get(name), now["packages"][name]
        if old != new:
            raise ToktoolsError(
                f"a resumed run goes on bit by bit, which another version cannot promise: it began "
                f"with {name} {old}, this is {new}; install {name}=={old}, {_START_ANEW}"
            )
    if before["device"] != now["device"]:
        raise ToktoolsError(
            f"a resumed run goes on as it was: device is {before['device']!r}, got "
            f"{now['device']!r}; give --device {before['device']}, {_START_ANEW}"
        )
    old, new = before["torch_threads"], now["torch_threads"]
    if old != new:
        raise ToktoolsError(
            f"a resumed run goes on bit by bit, and sums depend on the number of threads: it began "
            f"with {old}, got {new}; set OMP_NUM_THREADS={old}, {_START_ANEW}"
        )
