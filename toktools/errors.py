"""The one error that means "the user can fix this": what must hold, what was got, what to do."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


class ToktoolsError(ValueError):
    """A mistake in input, options or files, told in one line; the command line prints just that."""


class UnsupportedError(ToktoolsError):
    """A file that is sound, as far as we can tell, but asks for what toktools has not."""


def lookup(name: str, table: Mapping[str, T], *, what: str) -> T:
    """Return `table[name]`; ToktoolsError names the closest match and the list of all names."""
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ToktoolsError(f"there is no {what} {name!r}; {hint}known are {', '.join(table)}")
