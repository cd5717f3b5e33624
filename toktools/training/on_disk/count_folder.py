"""The folder of a counting: its runs, and a record of how far it has come.

The record, `counting.json`, is replaced as a whole after each run has been written: at any moment
it names finished runs alone and the documents that are in them. Whatever ends the process, the
counting can go on from there.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from toktools.corpus.digest import CorpusDigest
from toktools.errors import ToktoolsError
from toktools.files import replacing
from toktools.training.on_disk.runs import RunSize, StoredCounts, merge_runs, write_run

RECORD = "counting.json"
NO_DIGEST = CorpusDigest().hex()
_VERSION = 2
_MOST_RUNS = 64  # open at a time when they are merged


@dataclass
class Progress:
    """How far a counting has come.

    Attributes:
        options: what decides the counts: how text is cut and rewritten, which corpus.
        n_read: documents read, weighted ones once; n_documents: each as often as it weighs.
        n_bytes: their UTF-8 bytes; digest: of the documents, so far.
        runs: the files that hold the counts; n_runs: how many were ever begun.
    """

    options: dict[str, Any]
    n_read: int = 0
    n_documents: int = 0
    n_bytes: int = 0
    digest: str = NO_DIGEST
    runs: list[str] = field(default_factory=list)
    n_runs: int = 0


class CountFolder:
    """Runs and record in one folder.

    Args:
        folder: where; None: a temporary folder that goes with this object.
        options: see `Progress`.
        resume: go on with what is recorded there.
    Raises: ToktoolsError if a record is there and `resume` is not given, or of other options.
    """

    def __init__(self, folder: Path | None, options: dict[str, Any], *, resume: bool) -> None:
        if folder is None:
            self.path = Path(tempfile.mkdtemp(prefix="toktools-counts-"))
            weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        else:
            self.path = folder
            _make(folder)
        options = json.loads(json.dumps(options))
        self.progress = Progress(options)
        if (self.path / RECORD).exists():
            if not resume:
                raise ToktoolsError(
                    f"{self.path}: holds an earlier counting; resume it (--resume), "
                    "or name another folder"
                )
            self.progress = self._recorded(options)
        self._clean()

    def add(self, counts: Iterable[tuple[str, int]], progress: Progress) -> RunSize:
        """Write a run and record it; `progress` says what all runs hold together."""
        name = f"run-{self.progress.n_runs + 1:06d}"
        size = write_run(self.path / name, counts)
        progress.runs, progress.n_runs = [*self.progress.runs, name], self.progress.n_runs + 1
        self._record(progress)
        if len(progress.runs) >= _MOST_RUNS:
            self.compact()
        return size

    def compact(self) -> StoredCounts:
        """Merge all runs into one and return it."""
        runs = [self.path / name for name in self.progress.runs]
        name = f"run-{self.progress.n_runs + 1:06d}"
        size = write_run(self.path / name, merge_runs(runs))
        merged = Progress(
            **{**asdict(self.progress), "runs": [name], "n_runs": self.progress.n_runs + 1}
        )
        self._record(merged)
        self._clean()
        return StoredCounts(self.path / name, size, self)

    def _record(self, progress: Progress) -> None:
        with replacing(self.path / RECORD) as temporary:
            temporary.write_text(
                json.dumps({"version": _VERSION, **asdict(progress)}, indent=1) + "\n", "utf-8"
            )
        self.progress = progress

    def _recorded(self, options: dict[str, Any]) -> Progress:
        """Read the record; ToktoolsError unless it is whole and of these options."""
        path = self.path / RECORD
        try:
            record = json.loads(path.read_text("utf-8"))
            version = record.pop("version")
            progress = Progress(**record)
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            raise ToktoolsError(f"{path}: is no record of a counting; name another folder") from e
        if version != _VERSION:
            raise ToktoolsError(f"{path}: is of another version of toktools; name another folder")
        for name in sorted(progress.options.keys() | options.keys()):
            before, now = progress.options.get(name), options.get(name)
            if before != now:
                raise ToktoolsError(
                    f"{self.path}: was counted with {name} {before}, got {now}; "
                    "resume with the same options, or name another folder"
                )
        return progress

    def _clean(self) -> None:
        """Remove runs that the record does not name: half-written, or merged into another."""
        for pattern in ("run-*", ".run-*", f".{RECORD}.*"):
            for path in self.path.glob(pattern):
                if path.name not in self.progress.runs:
                    path.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ToktoolsError(f"{folder}: cannot be used as a folder: {e.strerror}") from e
