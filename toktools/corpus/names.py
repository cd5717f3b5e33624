"""Names that users type: the one they meant, or an error with the closest match and the list."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the known name closest to `name`, "" if none is close.

    Example:
        >>> nearest("lowercas", ["lowercase", "nfc"])
        " (did you mean 'lowercase'?)"
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def listed(names: Iterable[str]) -> str:
    """Return the names as an error message lists them.

    Example:
        >>> listed(["a", "b"])
        "'a', 'b'"
    """
    return ", ".join(map(repr, names)) or "none"


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Return the message for a name that is none of the known ones.

    Example:
        >>> unknown("errors", "skp", ["strict", "skip"])
        "errors must be one of 'strict', 'skip', got 'skp' (did you mean 'skip'?)"
    """
    names = list(known)
    return f"{what} must be one of {listed(names)}, got {name!r}{nearest(str(name), names)}"
