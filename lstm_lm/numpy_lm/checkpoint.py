"""The checkpoint of a training in NumPy: groups of arrays and a position, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lstm_lm.files import read_arrays, write_arrays
from lstm_lm.numpy_lm.cell import Arrays
from lstm_lm.runs.directory import RunDirectory
from toktools.errors import ToktoolsError


def save_last(run: RunDirectory, groups: Mapping[str, Arrays], position: Mapping[str, Any]) -> None:
    """Write `last.safetensors`: the arrays as group/name, the position as JSON in the header."""
    flat = {f"{group}/{name}": a for group, arrays in groups.items() for name, a in arrays.items()}
    write_arrays(run.last, flat, {"position": json.dumps(position)})


@contextmanager
def load_last(run: RunDirectory) -> Iterator[tuple[dict[str, Arrays], dict[str, Any]]]:
    """Give what `save_last` wrote to the block that uses it.

    Raises: ToktoolsError if the file is damaged, or the block finds that something is missing
            (KeyError) or does not fit (TypeError, ValueError).
    """
    flat, metadata = read_arrays(run.last)
    groups: dict[str, Arrays] = {}
    for key, array in flat.items():
        group, _, name = key.partition("/")
        groups.setdefault(group, {})[name] = array
    try:
        yield groups, json.loads(metadata["position"])
    except (KeyError, TypeError, ValueError) as e:
        if isinstance(e, ToktoolsError):
            raise
        raise ToktoolsError(f"{run.last}: damaged: {e!r}") from e
