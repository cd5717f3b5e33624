"""Runs that are done already, here or in another folder: taken over where the key is the same.

Every run directory names the key of its run, in `config.json` from its first moment and in
`result.json` when it is done. A run of another key that stands where a job's run belongs is not
thrown away but moved to `earlier/`, where it is found again should its code come back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from experiments.comparison.jobs.job import Job, Places
from experiments.comparison.jobs.key import Key, tokenizer_key
from lstm_lm.files import read_json, write_bytes, write_json
from lstm_lm.runs.directory import RunDirectory
from toktools.errors import ToktoolsError

Json = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        taken: jobs whose finished run came from elsewhere, and where it stood.
        other_code: jobs for which there is a finished run of other code only, which was not taken.
    """

    taken: dict[Job, Path] = field(default_factory=dict)
    other_code: set[Job] = field(default_factory=set)


@dataclass(frozen=True)
class Settler:
    """Makes a folder ready: what is done stays or is taken over, what has another key moves away.

    Attributes:
        stores: folders in which finished runs are looked for, besides `earlier/` of this one.
        any_code: take runs of other code too, and leave begun ones, to be gone on with.
    """

    places: Places
    stores: tuple[Path, ...] = ()
    any_code: bool = False

    def settle(self, keys: Mapping[Job, Key]) -> Found:
        """Settle every run; see `Settler`.

        Args:   keys: of all runs.
        Raises: ToktoolsError if a store is not a folder.
        """
        found, finished = Found(), self._finished()
        for job, key in keys.items():
            place = self.places.run(job)
            if RunDirectory(place).config.exists() and not self._is_same(key, place):
                if _is_finished(place):
                    found.other_code.add(job)
                self._set_aside(job, finished)
            if not _is_finished(place):
                self._take(job, key, finished, found)
            self._settle_tokenizer(job, key)
        return found

    def _finished(self) -> dict[Path, Json]:
        """Return the finished runs in the stores that name their key, and the keys."""
        for store in self.stores:
            if not store.is_dir():
                raise ToktoolsError(f"{store}: a store must be a folder with comparisons in it")
        own = (self.places.folder / "runs").resolve()
        folders = [self.places.earlier, *self.stores]
        paths = [path.parent for store in folders for path in sorted(store.rglob("result.json"))]
        keys = {path: _recorded(path) for path in paths if own not in path.resolve().parents}
        return {path: key for path, key in keys.items() if key is not None}

    def _is_same(self, key: Key, path: Path) -> bool:
        """Whether the run at `path`, finished or begun, may stand for the one asked for.

        One that names no key is older than keys are. All but the code is known to be the same.
        """
        recorded = _recorded(path)
        return self.any_code if recorded is None else key.matches(recorded, any_code=self.any_code)

    def _set_aside(self, job: Job, finished: dict[Path, Json]) -> None:
        """Move the run of a job to `earlier/`."""
        self.places.earlier.mkdir(exist_ok=True)
        name = job.name.replace("/", "-")
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.places.earlier)) / name
        self.places.run(job).rename(path)
        recorded = _recorded(path)
        if _is_finished(path) and recorded is not None:
            finished[path] = recorded

    def _take(self, job: Job, key: Key, finished: dict[Path, Json], found: Found) -> None:
        """Take over a finished run, one of the same code if there is one."""
        alike = [path for path, k in finished.items() if key.matches(k, any_code=True)]
        same = [path for path in alike if key.matches(finished[path])]
        if not same and not self.any_code:
            found.other_code.update([job] if alike else [])
            return
        for source in [*same, *alike][:1]:
            if self.places.earlier in source.parents:
                del finished[source]
                _bring(self.places.run(job), source.rename)
                source.parent.rmdir()
            else:
                _bring(self.places.run(job), partial(shutil.copytree, source))
            found.taken[job] = source
            found.other_code.discard(job)

    def _settle_tokenizer(self, job: Job, key: Key) -> None:
        """Keep the tokenizer of a run if it is the same, or take it from the run."""
        path, beside = self.places.tokenizer(job.spec), self.places.tokenizer_key(job.spec)
        recorded = read_json(beside) if beside.exists() else None
        wanted = tokenizer_key(key.as_dict())
        if path.exists() and wanted.matches(recorded, any_code=self.any_code):
            return
        path.unlink(missing_ok=True)
        inside, run = RunDirectory(self.places.run(job)).tokenizer, _recorded(self.places.run(job))
        if run is not None and inside.exists():
            path.parent.mkdir(exist_ok=True)
            write_json(beside, tokenizer_key(run).as_dict())
            write_bytes(path, inside.read_bytes())


def _recorded(path: Path) -> Json | None:
    """Return the key of the run at `path`; None if it has none, as runs of long ago."""
    config = RunDirectory(path).config
    return read_json(config).get("key") if config.exists() else None


def _is_finished(path: Path) -> bool:
    return (path / "result.json").exists()


def _bring(target: Path, bring: Callable[[Path], object]) -> None:
    """Let `bring` put a run directory at `target`, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".taken-", dir=target.parent) as folder:
        temporary = Path(folder) / target.name
        bring(temporary)
        if target.exists():
            shutil.rmtree(target)  # begun only: what is finished is not taken over
        temporary.rename(target)
