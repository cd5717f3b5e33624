"""The fields of a configuration: declared with their help text, checked one by one.

The command line builds its options from the help texts; so a default is written once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any

from toktools.errors import ToktoolsError, lookup

_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
    "tuple[str, ...]": (tuple, list),
}


def setting(default: Any, text: str, *, choices: tuple[str, ...] = ()) -> Any:
    """Return a dataclass field that knows its help text and its choices."""
    return field(default=default, metadata={"help": text, "choices": choices})


def at_least(config: object, name: str, least: int) -> None:
    """Raise ToktoolsError if the field `name` is below `least`."""
    if getattr(config, name) < least:
        raise ToktoolsError(f"{name} must be >= {least}, got {getattr(config, name)}")


def one_of(config: object, name: str, choices: tuple[str, ...]) -> None:
    """Raise ToktoolsError, with the closest name, if the field `name` is none of `choices`."""
    lookup(getattr(config, name), dict.fromkeys(choices), what=name)


def check_types(config: Any) -> None:
    """Raise ToktoolsError at a value not of its field's declared type; int counts as float."""
    for item in dataclasses.fields(config):
        value, declared = getattr(config, item.name), str(item.type)
        if value is None and declared.endswith("| None"):
            continue
        wanted = declared.removesuffix(" | None")
        allowed = _TYPES[wanted]
        if not isinstance(value, allowed) or (isinstance(value, bool) and wanted != "bool"):
            raise ToktoolsError(f"{item.name} must be of type {wanted}, got {value!r}")
