"""Files and standard input as sources of documents.

The suffix decides how a file is read: records (`.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`) need a
field; everything else is UTF-8 text.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from toktools.corpus.names import listed
from toktools.corpus.readers import Document, read_file, read_lines
from toktools.corpus.records import RECORD_SUFFIXES, first_fields, read_records
from toktools.corpus.settings import Settings
from toktools.corpus.source import Source, refuse_field
from toktools.corpus.streams import COMPRESSED, inner_suffix
from toktools.errors import ToktoolsError

TEXT_SUFFIXES = (".txt", ".text", ".tokens", ".raw")
NOT_TEXT = (".parquet", ".arrow", ".feather", ".zip", ".tar", ".tgz", ".7z", ".pdf", ".docx")


class Files(Source):
    """Files, one after the other.

    Args:
        name: short, for people.
        paths: the files, in the order in which they are read.
    """

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self.name = name
        self._paths = paths

    def read(self, split: str | None, settings: Settings) -> Iterator[Document | None]:
        for path in self._paths:
            yield from _read(path, settings)

    def size(self, split: str | None, settings: Settings) -> int | None:
        return _size(self._paths, settings)

    def plain_files(self, split: str | None) -> list[Path] | None:
        return _uncompressed(self._paths)

    def check(self, settings: Settings) -> None:
        for path in self._paths:
            _check_file(path, settings)


class SplitFiles(Source):
    """One file for each split; without a split asked for, the one for training.

    Args:
        name: short, for people.
        paths: split -> file, "train" among them.
    """

    def __init__(self, name: str, paths: Mapping[str, Path]) -> None:
        self.name = name
        self.splits = tuple(paths)
        self._paths = paths

    def read(self, split: str | None, settings: Settings) -> Iterator[Document | None]:
        return _read(self._paths[split or "train"], settings)

    def size(self, split: str | None, settings: Settings) -> int | None:
        return _size([self._paths[split or "train"]], settings)

    def plain_files(self, split: str | None) -> list[Path] | None:
        return _uncompressed([self._paths[split or "train"]])

    def check(self, settings: Settings) -> None:
        super().check(settings)
        for path in self._paths.values():
            _check_file(path, settings)


class StandardInput(Source):
    """Text from standard input, kept in a temporary file on disk so that it can be read again."""

    name = "stdin"

    def __init__(self) -> None:
        self._spool: Path | None = None

    def read(self, split: str | None, settings: Settings) -> Iterator[Document | None]:
        if self._spool is None:
            self._spool = self._copied()
        read = read_file if settings.documents == "file" else read_lines
        return read(self._spool, "<stdin>")

    def check(self, settings: Settings) -> None:
        refuse_field("<stdin>", settings)

    def _copied(self) -> Path:
        """Copy standard input to a temporary file that goes when this source does."""
        handle, name = tempfile.mkstemp(prefix="toktools-stdin-")
        weakref.finalize(self, os.unlink, name)
        try:
            with open(handle, "wb") as spool:
                shutil.copyfileobj(sys.stdin.buffer, spool)
        except OSError as e:
            raise ToktoolsError(
                f"<stdin>: could not be copied to {name}: {e.strerror}; "
                "save it to a file and pass that"
            ) from e
        return Path(name)


def _read(path: Path, settings: Settings) -> Iterator[Document | None]:
    """Yield the documents of one file, read as its suffix and the settings say."""
    if settings.field is not None:
        return read_records(path, settings.field, settings.where)
    return read_file(path) if settings.documents == "file" else read_lines(path)


def _size(paths: Sequence[Path], settings: Settings) -> int | None:
    """Return the size of plain text files; of others the text is known only when read."""
    if settings.field is not None or _uncompressed(paths) is None:
        return None
    return sum(path.stat().st_size for path in paths)


def _uncompressed(paths: Sequence[Path]) -> list[Path] | None:
    """Return the paths, None if a file is compressed."""
    compressed = any(path.suffix.lower() in COMPRESSED for path in paths)
    return None if compressed else list(paths)


def _check_file(path: Path, settings: Settings) -> None:
    """Raise ToktoolsError if the file cannot be read as the settings ask."""
    suffix = inner_suffix(path)
    if suffix in NOT_TEXT:
        raise ToktoolsError(
            f"{path}: a corpus is text, JSON lines, CSV or TSV (or one of these as .gz, .bz2, .xz "
            f"or .zst), got {suffix}; convert it, e.g. to .jsonl"
        )
    if suffix not in RECORD_SUFFIXES:
        refuse_field(path, settings)
    elif settings.field is None:
        fields = first_fields(path)
        example = fields[0] if fields else "text"
        raise ToktoolsError(
            f"{path}: field must be given for {suffix}; the first record has {listed(fields)}; "
            f"pass e.g. field={example!r} (--field {example})"
        )
    elif settings.documents == "file":
        raise ToktoolsError(
            f"{path}: documents='file' is for plain text, got records; leave it out: each record "
            "is a document"
        )
