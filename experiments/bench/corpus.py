"""A large text out of what is installed: `python -m experiments bench corpus OUT --size 60MB`.

Documentation and sources (`SUFFIXES`) below the folders given, or below the standard library, the
installed packages and the system's documentation. A file counts if it is UTF-8 and no larger than
`LARGEST` (beyond are tables and dumps, not prose or code), and equal files count once. They follow
in the order of their SHA-256, so that any size takes a fair sample, and the same files give the
same text wherever they lie. Files named one by one are taken whole, and first.
"""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toktools.corpus.streams import all_bytes, inner_suffix
from toktools.errors import ToktoolsError
from toktools.files import replacing

SUFFIXES = (".py", ".rst", ".md", ".txt")
LARGEST = 1_000_000  # bytes


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What a corpus was made of: its bytes, its files, and the bytes of each kind of file."""

    n_bytes: int = 0
    n_files: int = 0
    n_equal: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


def gather(out: Path, size: int, sources: Sequence[Path] = ()) -> Gathered:
    """Write about `size` bytes of UTF-8 text to `out`, files end to end.

    Args:
        out: the file to write. size: bytes; the last file may be cut, at a line.
        sources: files and folders; none for what is installed.
    Returns: what was taken; fewer bytes than `size` if there are no more.
    Raises:  ToktoolsError if a source does not exist, or there is no text at all.
    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("a.txt", "b.md"):
        ...     _ = (folder / name).write_text("one line\\n" * 4)
        >>> taken = gather(folder / "out", 22, [folder])
        >>> (folder / "out").read_text(), taken.n_files, taken.n_equal
        ('one line\\none line\\n', 1, 1)
    """
    sources = list(sources) or installed()
    for source in sources:
        if not source.exists():
            raise ToktoolsError(f"--from must name a file or folder, got {source}; there is none")
    paths, n_equal = _distinct(sources)
    kinds: Counter[str] = Counter()
    n_files = 0
    with replacing(out) as temporary, temporary.open("wb") as file:
        for path in paths:
            text = _text(path) or b""
            kept = text[: text.rfind(b"\n", 0, size - kinds.total()) + 1]
            kinds[inner_suffix(path)] += file.write(kept)
            n_files += bool(kept)
            if len(kept) < len(text):
                break
        if not kinds.total():
            raise ToktoolsError(
                f"no text ({', '.join(SUFFIXES)}; UTF-8) below {', '.join(map(str, sources))}; "
                "name another folder with --from"
            )
    return Gathered(n_bytes=kinds.total(), n_files=n_files, n_equal=n_equal, kinds=kinds)


def installed() -> list[Path]:
    """Return the folders of the standard library, the installed packages and their documentation.

    Example:
        >>> Path(os.__file__).parent in installed()
        True
    """
    paths = sysconfig.get_paths()
    folders = [paths["stdlib"], paths["purelib"], paths["platlib"], "/usr/share"]
    return [folder for folder in map(Path, dict.fromkeys(folders)) if folder.is_dir()]


def _distinct(sources: Sequence[Path]) -> tuple[list[Path], int]:
    """Return files of different content, documentation before sources, and how many were equal."""
    named = [source for source in sources if source.is_file()]
    found = [path for source in sources if source.is_dir() for path in _below(source)]
    by_digest: dict[bytes, Path] = {}
    n_texts = 0
    for path in found:
        text = _text(path) if path.stat().st_size <= LARGEST else None
        if text:
            n_texts += 1
            by_digest.setdefault(hashlib.sha256(text).digest(), path)
    ordered = sorted(by_digest.items(), key=lambda item: (_is_source(item[1]), item[0]))
    return [*named, *(path for _, path in ordered)], n_texts - len(by_digest)


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if inner_suffix(path) in SUFFIXES and path.is_file():
                yield path


def _is_source(path: Path) -> bool:
    return inner_suffix(path) == ".py"


def _text(path: Path) -> bytes | None:
    """Return a file as UTF-8 that ends each line with a line feed; None if it is no such text."""
    try:
        raw = all_bytes(path, str(path)).decode("utf-8-sig")
    except (ToktoolsError, UnicodeDecodeError):
        return None
    if "\0" in raw:
        return None
    lines = raw.replace("\r\n", "\n").replace("\r", "\n").encode()
    return lines if lines.endswith(b"\n") else lines + b"\n"
