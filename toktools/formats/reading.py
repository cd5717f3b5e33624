"""Reading files that anybody may have written: one clear line for whatever is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toktools.errors import ToktoolsError

MAX_BYTES = 1 << 29
"""No file of a tokenizer is larger: half a gigabyte."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_bytes(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises: ToktoolsError, naming it, if it is no ordinary file, too large, or cannot be read.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise ToktoolsError(f"{path}: is a directory, not a file")
        if path.exists() and not path.is_file():  # a pipe or a device may never end
            raise ToktoolsError(f"{path}: is not an ordinary file; copy its content into one")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise ToktoolsError(f"{path}: must be at most {MAX_BYTES:,} bytes, got {size:,}")
        return path.read_bytes()
    except OSError as e:
        raise ToktoolsError(f"{path}: cannot be read: {e.strerror}") from e
    except ValueError as e:  # a NUL in the name
        if isinstance(e, ToktoolsError):
            raise
        raise ToktoolsError(f"{str(path)!r}: cannot be read: {e}") from e


def read_text(path: str | Path) -> str:
    """Return the content of a UTF-8 file, line ends as they are; otherwise as `read_bytes`."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as e:
        raise ToktoolsError(f"{path}: is not UTF-8 text: {e}") from e


def read_json(path: str | Path) -> Any:
    """Return the value in a JSON file, in which no object has a key twice.

    Raises: ToktoolsError, naming the file, as `read_text` or if it is no JSON of Unicode text.
    """
    text = read_text(path)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        if _SURROGATE.search(text):  # half a character, which no UTF-8 can hold
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as e:
        raise ToktoolsError(f"{path}: is not a JSON file: {e}") from e
    return value


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {twice!r:.60} stands twice in one object")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")
