"""All that decides which documents a corpus gives: checked once, saved with what is trained."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toktools.corpus.names import unknown
from toktools.corpus.normalization import check_names
from toktools.corpus.splits import check_fractions, split_name
from toktools.errors import ToktoolsError

DOCUMENTS = ("line", "file")
ERRORS = ("strict", "replace", "skip")

Where = str | Mapping[str, Any] | Iterable[str] | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The arguments of `open_corpus`, which says what each means.

    Raises: ToktoolsError at one that is out of range or a name that is unknown.
    """

    source: str | list[str]
    field: str | None = None
    where: dict[str, str] = dataclasses.field(default_factory=dict)
    split: str | None = None
    documents: str = "line"
    errors: str = "strict"
    normalize: tuple[str, ...] = ()
    seed: int = 0
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.documents not in DOCUMENTS:
            raise ToktoolsError(unknown("documents", self.documents, DOCUMENTS))
        if self.errors not in ERRORS:
            raise ToktoolsError(unknown("errors", self.errors, ERRORS))
        if self.limit is not None and self.limit < 1:
            raise ToktoolsError(
                f"limit must be at least 1, got {self.limit}; leave it out for all documents"
            )
        if self.where and self.field is None:
            raise ToktoolsError(
                "where chooses among records, so field must be given too; "
                "pass the name of the field that holds the text (--field NAME)"
            )
        if not isinstance(self.seed, int):
            raise ToktoolsError(f"seed must be an int, got {self.seed!r}")
        if self.split is not None:
            object.__setattr__(self, "split", split_name(self.split))
        object.__setattr__(self, "normalize", check_names(self.normalize))
        object.__setattr__(self, "fractions", check_fractions(self.fractions))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them; they are arguments of `open_corpus` again."""
        return json.loads(json.dumps(vars(self)))


def source_names(source: str | Path | Sequence[str | Path]) -> str | list[str]:
    """Return the source as str or list of str, a Path so written that it is no built-in's name.

    Example:
        >>> source_names([Path("python-docs"), "anbn"])
        ['./python-docs', 'anbn']
    """
    if isinstance(source, str):
        return source
    if isinstance(source, Path):
        return str(source) if len(source.parts) > 1 else f"./{source}"
    if not source:
        raise ToktoolsError("source must name at least one corpus, got an empty list")
    return [str(source_names(member)) for member in source]


def parse_where(where: Where) -> dict[str, str]:
    """Return the filter as field name -> value.

    Args:    where: a mapping, one "key=value", several of them, or None.
    Raises:  ToktoolsError at one without "=", or a key with two values.
    Example:
        >>> parse_where(["category=POLITICS", "n=3"]), parse_where({"n": 3})
        ({'category': 'POLITICS', 'n': '3'}, {'n': '3'})
    """
    if where is None:
        return {}
    if isinstance(where, Mapping):
        return {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in where.items()
        }
    parsed: dict[str, str] = {}
    for item in [where] if isinstance(where, str) else where:
        key, equals, value = item.partition("=")
        if not (key and equals):
            raise ToktoolsError(f"where must be KEY=VALUE, got {item!r}; e.g. category=POLITICS")
        if parsed.setdefault(key, value) != value:
            raise ToktoolsError(
                f"all of where must hold, so {key!r} cannot be both {parsed[key]!r} and {value!r}; "
                "open two corpora, or pick one value"
            )
    return parsed
