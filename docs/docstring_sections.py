"""Docstrings of this project write short sections on one line ("Returns: ids"); Griffe, which reads
them for the API page, wants the text on lines of its own. This puts it there."""

from __future__ import annotations

import re
from typing import Any

import griffe

_NAMES = {"Example": "Examples"}  # what Griffe calls it
_HEADER = re.compile(r"(Args|Returns|Raises|Yields|Attributes|Source|Cost|Example):(?:[ ]+(.*))?$")


class DocstringSections(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Griffe calls this for every object that it has read."""
        if obj.docstring is not None:
            obj.docstring.value = spread(obj.docstring.value)


def spread(docstring: str) -> str:
    """Return the docstring with every section on lines of its own, set off by blank lines."""
    lines: list[str] = []
    section, on_one_line = "", False
    for line in docstring.splitlines():
        header = _HEADER.match(line)
        if header:
            section, text = header[1], header[2]
            on_one_line = text is not None
            lines += ["", f"{_NAMES.get(section, section)}:"]
            if text is None:
                continue
            line = "    " + text
        elif not line.startswith(" "):
            section = ""
        elif section and on_one_line:
            line = "    " + line.lstrip()
        if section == "Raises":  # "KeyError if ..." -> "KeyError: if ..."
            line = re.sub(r"^( {4}\w+(?:Error|Interrupted)) ", r"\1: ", line)
        lines.append(line)
    return "\n".join(lines)
