"""Whether a run in its directory may go on: the same options, text, programs and code.

A resumed run promises the bits of one never stopped. Where that promise could not be kept, it is
refused, and the refusal says what to do. What was not recorded of an older run is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_lm.config import from_json, to_json
from lstm_lm.runs.backends import CONFIGS, backend_of
from toktools.errors import ToktoolsError

PROGRAMS = {"torch": ("toktools", "torch", "numpy"), "numpy": ("toktools", "numpy")}
"""Whose versions must be the same, by backend."""
THREADS = {"torch_threads": "OMP_NUM_THREADS", "blas_threads": "OPENBLAS_NUM_THREADS"}
"""Where numbers of threads are recorded, and what sets them."""
_START_ANEW = "or start another run (-o ELSEWHERE, or --overwrite)"


def check_same(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ToktoolsError where a run to be resumed differs from what is recorded of it.

    Args: recorded: its `config.json`; options that are not in it had their defaults of now.
          given: the same of the run as it would go on.
    """
    backend = backend_of(recorded)
    if backend != backend_of(given):
        raise ToktoolsError(
            f"a resumed run goes on as it was: backend is {backend!r}, got {given['backend']!r}"
        )
    for part, kind in zip(("model", "training"), CONFIGS[backend], strict=True):
        _check_options(to_json(from_json(kind, recorded[part])), given[part])
    for split in ("train", "validation"):
        if recorded["data"][split]["digest"] != given["data"][split]["digest"]:
            raise ToktoolsError(
                f"a resumed run goes on as it was: the {split} text or the tokenizer has changed "
                "since it began; start another run"
            )
    if recorded.get("environment"):
        before, now = recorded["environment"], given["environment"]
        _check_programs(before, now, PROGRAMS[backend])
        _check_machine(before, now)
        _check_code(before, now)


def accepting_code(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a run that goes on with the code of now; it names all code before.

    Example:
        >>> recorded, given = ({"environment": {"code": code}} for code in ("a1", "b2"))
        >>> accepting_code(recorded, given)
        {'environment': {'code': 'b2', 'earlier_code': ['a1']}}
    """
    before, now = dict(recorded.get("environment", {})), given["environment"]["code"]
    if before.get("code", now) != now:
        before["earlier_code"] = [*before.get("earlier_code", []), before["code"]]
        before["code"] = now
    return {**recorded, "environment": before}


def _check_options(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ToktoolsError at an option with another value."""
    for name, value in now.items():
        if before[name] != value:
            raise ToktoolsError(
                f"a resumed run goes on as it was: {name} is {before[name]!r}, "
                f"got {value!r}; leave it out, or start another run"
            )


def _check_programs(
    before: Mapping[str, Any], now: Mapping[str, Any], programs: tuple[str, ...]
) -> None:
    """Raise ToktoolsError at another version of a package."""
    for name in programs:
        old, new = before["packages"].get(name), now["packages"][name]
        if old != new:
            raise ToktoolsError(
                f"a resumed run goes on bit by bit, which another version cannot promise: it began "
                f"with {name} {old}, this is {new}; install {name}=={old}, {_START_ANEW}"
            )


def _check_machine(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ToktoolsError at another device, matrix library or number of threads."""
    if before["device"] != now["device"]:
        raise ToktoolsError(
            f"a resumed run goes on as it was: device is {before['device']!r}, got "
            f"{now['device']!r}; give --device {before['device']}, {_START_ANEW}"
        )
    if before.get("blas") != now.get("blas"):
        raise ToktoolsError(
            f"a resumed run goes on bit by bit, which another matrix library cannot promise: it "
            f"began with {before.get('blas')}, this is {now.get('blas')}; use a numpy built on "
            f"that, {_START_ANEW}"
        )
    old, new = (part.get("processes", 1) for part in (before, now))
    if old != new:
        raise ToktoolsError(
            f"a resumed run goes on bit by bit, and sums depend on the number of processes: it "
            f"began with {old}, got {new}; start {old} (torchrun --nproc-per-node), {_START_ANEW}"
        )
    for name, variable in THREADS.items():
        old, new = before.get(name), now.get(name)
        if old != new:
            remedy = f"unset {variable}" if old == "not set" else f"set {variable}={old}"
            raise ToktoolsError(
                f"a resumed run goes on bit by bit, and sums depend on the number of threads: it "
                f"began with {old}, got {new}; {remedy}, {_START_ANEW}"
            )


def _check_code(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ToktoolsError if any source file of toktools or lstm_lm has changed."""
    old, new = before.get("code", now["code"]), now["code"]
    if old != new:
        raise ToktoolsError(
            f"a resumed run goes on bit by bit, which other code cannot promise: the source of "
            f"toktools and lstm_lm (comments too) was {old[:12]}, is {new[:12]}; go back to that "
            f"source, give --accept-other-code to go on without the promise, {_START_ANEW}"
        )
