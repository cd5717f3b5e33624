"""Files of records as documents: one field of each record that `where` lets through.

JSON lines (`.jsonl`, `.ndjson`, and `.json` with one object a line) and tables with a header
(`.csv`, `.tsv`). A record that `where` leaves out is yielded as None, so that whoever counts can
count it too.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toktools.corpus.names import listed, nearest
from toktools.corpus.readers import Document, decode, read_lines, without_bom
from toktools.corpus.streams import byte_lines, inner_suffix
from toktools.errors import ToktoolsError

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
TABLE_SUFFIXES = (".csv", ".tsv")
RECORD_SUFFIXES = JSON_SUFFIXES + TABLE_SUFFIXES

_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_FIELD = 1 << 24  # characters; a quote that is never closed must not swallow the file

Record = tuple[Mapping[str, Any], Document]
"""A record, and the document that it was read from: its place, and whether it was valid."""


def read_records(path: Path, field: str, where: Mapping[str, str]) -> Iterator[Document | None]:
    """Yield the text in `field` of each record, None for those that `where` leaves out.

    Args:
        path: a file with one of `RECORD_SUFFIXES`, compressed or not.
        field: the name of the field that holds the text.
        where: field name -> value; all must hold. Values that are no str are compared as JSON
            spells them or as Python does: 3, true or True, null or None.
    Raises: ToktoolsError with file and line at a record that cannot be read or lacks the field.
    """
    for record, source in _records(path):
        if all(key in record and _matches(record[key], where[key]) for key in where):
            yield _field(record, field, source)
        else:
            yield None


def first_fields(path: Path) -> list[str]:
    """Return the field names of a file's first record; [] if it has none."""
    for record, _ in _records(path):
        return list(record)
    return []


def _records(path: Path) -> Iterator[Record]:
    """Yield the records of a file of either kind."""
    table = inner_suffix(path) in TABLE_SUFFIXES
    return _table_records(path) if table else _json_records(path)


def _matches(value: Any, wanted: str) -> bool:
    """Whether a record's value is what `where` asks for."""
    return value == wanted if isinstance(value, str) else wanted in (str(value), json.dumps(value))


def _field(record: Mapping[str, Any], field: str, source: Document) -> Document:
    """Return the text in `field` as a document."""
    place = f"{source.path}:{source.line}"
    if field not in record:
        raise ToktoolsError(
            f"{place}: a record must have the field {field!r}{nearest(field, record)}; "
            f"this one has {listed(record)}"
        )
    text = record[field]
    if not isinstance(text, str):
        raise ToktoolsError(
            f"{place}: the field {field!r} must be a string, got {json.dumps(text)[:60]}; "
            "pick a field of text, or leave such records out with where"
        )
    lone = None if text.isascii() else _SURROGATE.search(text)
    if lone is None:
        return source._replace(text=text)
    problem = f"character {lone.start() + 1} of {field!r} is a lone surrogate, U+{ord(lone[0]):04X}"
    return source._replace(text=_SURROGATE.sub("\ufffd", text), problem=source.problem or problem)


def _json_records(path: Path) -> Iterator[Record]:
    """Yield the objects of a JSON lines file; lines of white space alone are passed over."""
    for source in read_lines(path):
        if not source.text.strip(" \t\r"):
            continue
        place = f"{source.path}:{source.line}"
        try:
            record = json.loads(source.text)
        except json.JSONDecodeError as e:
            raise ToktoolsError(
                f"{place}: invalid JSON at column {e.pos + 1}: {e.msg}; "
                "each line must be one whole JSON object"
            ) from e
        except (ValueError, RecursionError) as e:  # a number too long, a nest too deep
            raise ToktoolsError(f"{place}: JSON that cannot be read: {e}; mend the line") from e
        if not isinstance(record, dict):
            raise ToktoolsError(
                f"{place}: each line must be one JSON object, got {source.text[:40]!r}; "
                'write each document as {"text": "..."}'
            )
        yield record, source._replace(text="")


class _TableLines:
    """The lines of a table as the csv module wants them, remembering the first that is invalid."""

    def __init__(self, path: Path) -> None:
        self.problem: Document | None = None
        self._path = path

    def __iter__(self) -> Iterator[str]:
        for number, raw in enumerate(byte_lines(self._path, str(self._path)), start=1):
            line = decode(raw, str(self._path), number)
            if line.problem and self.problem is None:
                self.problem = line
            yield without_bom(line).text if number == 1 else line.text


def _table_records(path: Path) -> Iterator[Record]:
    """Yield the rows below the header; empty lines are passed over.

    Quoting is that of RFC 4180, with commas or tabs between; anything else in a quoted cell's
    place is an error rather than a guess.
    """
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
    lines = _TableLines(path)
    delimiter = "\t" if inner_suffix(path) == ".tsv" else ","
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        place = Document("", str(path), rows.line_num + 1)
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as e:
            raise ToktoolsError(
                f"{path}:{place.line}: a row that cannot be read: {e}; "
                'quote cells that hold quotes or line ends, doubling each quote: "say ""hi"""'
            ) from e
        source, lines.problem = lines.problem or place, None
        if not header:
            header = _checked_header(row, path) if row else header
        elif len(row) == len(header):
            yield dict(zip(header, row, strict=True)), source._replace(text="")
        elif row:
            raise ToktoolsError(
                f"{path}:{place.line}: a row must have the header's {len(header)} cells, "
                f"got {len(row)}; quote cells that hold the delimiter {delimiter!r}"
            )


def _checked_header(row: list[str], path: Path) -> list[str]:
    """Return the header if no name comes twice in it."""
    twice = sorted({name for name in row if row.count(name) > 1})
    if twice:
        raise ToktoolsError(
            f"{path}:1: the header must name each column once, got {twice[0]!r} more than once; "
            "rename one of them"
        )
    return row
