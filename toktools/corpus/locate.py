"""From what the user typed to sources: -, names, files, directories, glob patterns."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path

from toktools.corpus.builtin import BUILTIN
from toktools.corpus.downloads import DOWNLOADS, downloaded
from toktools.corpus.files import TEXT_SUFFIXES, Files, SplitFiles, StandardInput
from toktools.corpus.names import nearest
from toktools.corpus.records import RECORD_SUFFIXES
from toktools.corpus.source import Source
from toktools.corpus.splits import ALIASES, SPLITS, split_name
from toktools.corpus.streams import inner_suffix
from toktools.errors import ToktoolsError

_SPLIT_STEM = re.compile(rf"(?:[^.]+\.)?({'|'.join([*SPLITS, *ALIASES])})\.")


def locate(source: str) -> Source:
    """Return the source that `source` names.

    Args:
        source: "-", a built-in name, a file, a directory, the name of a download or a glob
            pattern, tried in this order. So a path that exists is never taken for a pattern, and
            nothing is downloaded in its place.
    Raises: ToktoolsError if there is nothing of that name, or nothing in it.
    """
    if source == "-":
        return StandardInput()
    if source in BUILTIN:
        return BUILTIN[source]
    path = Path(source)
    try:
        if source and path.is_dir():
            return _directory(path)
        if path.is_file():
            return Files(path.name, [path])
        if source and path.exists():
            raise ToktoolsError(
                f"{source}: a corpus must be a regular file, for it is read more than once; "
                f"pipe it in: pass - and < {source}"
            )
    except OSError as e:
        raise ToktoolsError(
            f"{source}: a corpus must be readable: {e.strerror}; check the path and permissions"
        ) from e
    if source in DOWNLOADS:
        return downloaded(source)
    if glob.has_magic(source):
        return _matching(source)
    raise ToktoolsError(
        f"no corpus {source!r}: there is no such file or directory, nor a built-in corpus of "
        f"that name{nearest(source, [*BUILTIN, *DOWNLOADS])}; the built-in ones are "
        f"{', '.join(BUILTIN)}, and downloaded are {', '.join(DOWNLOADS)}"
    )


def _matching(pattern: str) -> Source:
    """Return the regular files that match a glob pattern; `**` goes through directories."""
    found = [Path(name) for name in glob.glob(pattern, recursive=True)]
    paths = sorted(path for path in found if path.is_file())
    if not paths:
        raise ToktoolsError(
            f"{pattern}: no file matches this pattern; * and ? stay within one directory, "
            "**/ goes through all below, hidden files never match"
        )
    return Files(pattern, paths)


def _directory(path: Path) -> Source:
    """Return a directory's split files if it has them, else all that is in it."""
    name = path.resolve().name
    by_split = _split_files(path)
    if "train" in by_split and len(by_split) > 1:
        return SplitFiles(name, by_split)
    paths = sorted(_visible_files(path))
    if not paths:
        raise ToktoolsError(
            f"{path}: a directory must hold files, got none that is not hidden; check the path"
        )
    return Files(name, paths)


def _split_files(path: Path) -> dict[str, Path]:
    """Return split -> file for the files directly in `path` that are named after splits."""
    found: dict[str, list[Path]] = {name: [] for name in SPLITS}
    for file in sorted(path.iterdir()):
        named = _SPLIT_STEM.match(file.name)
        known = inner_suffix(file) in (*TEXT_SUFFIXES, *RECORD_SUFFIXES)
        if named and known and len(named[0]) == len(_stem(file)) + 1 and file.is_file():
            found[split_name(named[1])].append(file)
    for split, files in found.items():
        if len(files) > 1 and found["train"]:
            raise ToktoolsError(
                f"{path}: one file must hold the {split} split, got "
                f"{' and '.join(file.name for file in files)}; move one away, or pass the files "
                "themselves"
            )
    return {split: files[0] for split, files in found.items() if files}


def _stem(file: Path) -> str:
    """Return a file's name without its inner suffix and what follows."""
    return file.name[: file.name.lower().rindex(inner_suffix(file))]


def _visible_files(path: Path) -> Iterator[Path]:
    """Yield all regular files below a directory, hidden ones and hidden directories left out."""
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file():
                yield file


def _raise(error: OSError) -> None:
    """Let os.walk tell of a directory that it cannot list."""
    raise error
