"""Corpora that need no file and no network: made by rule, or read from the running Python.

python-docs    the language reference inside CPython, `pydoc_data.topics`; a document is a paragraph
stdlib-code    the source of Python's standard library; a document is a line, or a file
human-numbers  the numbers in English words; fastbook, chapter 12
anbn, anbncn   a a b b, a a b b c c: as many of each letter; a network must count
dyck           ( [ ] ) ( ): balanced brackets of two kinds; a network must stack

The first two differ between Python versions; the others are the same everywhere.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from toktools.corpus.formal import anbn, anbncn, dyck
from toktools.corpus.paragraphs import paragraphs
from toktools.corpus.readers import Document, read_file, read_lines
from toktools.corpus.settings import Settings
from toktools.corpus.source import Source, refuse_field
from toktools.errors import ToktoolsError

_UNITS = (
    *("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

# Tests and their data, other people's packages, an editor, tables made for one machine, and prose.
_NOT_CODE = {
    *("test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"),
    *("idlelib", "lib2to3", "pydoc_data"),
}


class Builtin(Source):
    """A built-in corpus.

    Args:
        name: what the user types.
        read: yields the documents of a split, or all.
        splits: the splits it has of its own.
        as_files: whether documents="file" means something here.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[str | None, Settings], Iterator[Document]],
        splits: tuple[str, ...] = (),
        as_files: bool = False,
    ) -> None:
        self.name = name
        self.splits = splits
        self._read = read
        self._as_files = as_files

    def read(self, split: str | None, settings: Settings) -> Iterator[Document]:
        return self._read(split, settings)

    def check(self, settings: Settings) -> None:
        super().check(settings)
        refuse_field(self.name, settings)
        if settings.documents == "file" and not self._as_files:
            raise ToktoolsError(
                f"{self.name}: documents='file' is for files of text; leave it out here"
            )


def number_words(n: int) -> str:
    """Return 1 <= n <= 9999 in words, without "and" and hyphens.

    Example:
        >>> number_words(9999), number_words(8020)
        ('nine thousand nine hundred ninety nine', 'eight thousand twenty')
    """
    words: list[str] = []
    if n >= 1000:
        words += [_UNITS[n // 1000], "thousand"]
    if n % 1000 >= 100:
        words += [_UNITS[n % 1000 // 100], "hundred"]
    rest = n % 100
    if rest >= 20:
        words.append(_TENS[rest // 10])
        rest %= 10
    if rest:
        words.append(_UNITS[rest])
    return " ".join(words)


def _human_numbers(split: str | None, settings: Settings) -> Iterator[Document]:
    """Yield the data set of the book: 1 to 7,999 to train on, 8,001 to 9,999 to validate.

    8,000 is in neither part. This is the numbering that gives the figures that the book and the
    fast.ai lessons print: 9,998 lines; joined with " . ", 63,095 tokens and 30 distinct ones;
    13,017 tokens in the validation part with a separator between lines and a start token.
    """
    parts = {"train": range(1, 8000), "validation": range(8001, 10_000)}
    line = 0
    for name, numbers in parts.items():
        for n in numbers:
            line += 1
            if split in (None, name):
                yield Document(number_words(n), "human-numbers", line)


def _python_docs(split: str | None, settings: Settings) -> Iterator[Document]:
    """Yield the paragraphs of the language reference, topics in the order of their names.

    Topics overlap: whole sections come in two or three. Each paragraph is given once, where it
    comes first, so that what is tested on has not been trained on.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as e:
        raise ToktoolsError(
            "python-docs needs pydoc_data, which this Python came without; "
            "install Python's full standard library, or pass a corpus of your own"
        ) from e
    seen: set[str] = set()
    for topic in sorted(topics):
        for line, text in paragraphs(topics[topic]):
            if text not in seen:
                seen.add(text)
                yield Document(text, f"python-docs/{topic}", line)


def _stdlib_code(split: str | None, settings: Settings) -> Iterator[Document]:
    """Yield the lines or files of the standard library's own `.py` files, sorted by path."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        machine = any(part.startswith(("_sysconfigdata", "config-")) for part in parts)
        if machine or not _NOT_CODE.isdisjoint(parts) or not _is_utf8(path):
            continue
        yield from read_file(path) if settings.documents == "file" else read_lines(path)


def _is_utf8(path: Path) -> bool:
    """Whether all of a (small) file is UTF-8."""
    try:
        path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return False
    return True


BUILTIN: dict[str, Builtin] = {
    source.name: source
    for source in (
        Builtin("python-docs", _python_docs),
        Builtin("stdlib-code", _stdlib_code, as_files=True),
        Builtin("human-numbers", _human_numbers, splits=("train", "validation")),
        *(
            Builtin(read.__name__, read, splits=("train", "validation", "test"))
            for read in (anbn, anbncn, dyck)
        ),
    )
}
"""Name -> corpus, in the order in which errors and help list them."""
