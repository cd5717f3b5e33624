"""Tables in the documentation, rendered from the stored results: nothing there is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.bench.first_use import first_use_table
from experiments.bench.table import full_table, header, short_table
from lstm_lm.files import write_text
from toktools.errors import ToktoolsError

Json = dict[str, Any]
ROOT = Path(__file__).parent.parent.parent
STORED = ROOT / "experiments" / "results" / "bench.json"
PAGE, README, PLOT = ROOT / "docs" / "speed.md", ROOT / "README.md", ROOT / "docs" / "speed.png"

PARTS: dict[str, Callable[[Json], str]] = {
    "what was measured": lambda stored: header(stored["tokenizers"]),
    "all figures": lambda stored: full_table(stored["tokenizers"]),
    "short": lambda stored: short_table(stored["tokenizers"]),
    "mixed scripts measured": lambda stored: header(stored["mixed"]),
    "mixed scripts": lambda stored: full_table(stored["mixed"]),
    "first use": lambda stored: first_use_table(stored["first use"]),
}
KINDS = {"first": "first use", "mixed": "mixed"}
"""Which results a part is made from, by its first word; the others from "tokenizers"."""


def rendered(text: str, stored: Json) -> str:
    """Return a page with each part between its two marks put in anew.

    Args:   text: Markdown; a part stands between `<!-- speed: NAME -->` and `<!-- speed: end -->`.
            stored: {"tokenizers": ..., "mixed": ..., "first use": ...}; a part whose figures are
            not there stays.
    Raises: ToktoolsError at an unknown name, or a part without an end.
    Example:
        >>> rendered("no part here", {})
        'no part here'
    """
    before, *parts = text.split("<!-- speed: ")
    out = [before]
    for part in parts:
        name, _, rest = part.partition(" -->")
        if name == "end":
            out.append(part)
            continue
        if name not in PARTS:
            raise ToktoolsError(f"a part must be one of {', '.join(PARTS)}, got {name!r}")
        kind = KINDS.get(name.split()[0], "tokenizers")
        body = f"\n\n{PARTS[name](stored)}\n\n" if kind in stored else rest
        out.append(f"{name} -->{body}")
    return "<!-- speed: ".join(out)


def stored_results() -> Json:
    """Return the stored results, {} if there are none yet."""
    return json.loads(STORED.read_text("utf-8")) if STORED.exists() else {}


def store(kind: str, result: Json) -> None:
    """Keep a result ("tokenizers", "mixed" or "first use") beside the others in `STORED`."""
    write_text(STORED, json.dumps(stored_results() | {kind: result}, indent=1) + "\n")


def render() -> list[Path]:
    """Write the pages and the plot anew from the stored results; return the files.

    Raises: ToktoolsError if there are no results.
    """
    from experiments.bench.plot import plot

    stored = stored_results()
    if not stored:
        raise ToktoolsError(f"{STORED} must hold results; run `bench tokenizers --store` first")
    for page in (PAGE, README):
        write_text(page, rendered(page.read_text("utf-8"), stored))
    plot(stored["tokenizers"], PLOT)
    return [PAGE, README, PLOT]
