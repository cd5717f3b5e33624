"""Text files as documents: a line each, or the whole file.

A line ends at \\n and nowhere else; \\r\\n is one ending too. A byte order mark at the start of a
file is dropped. Blank lines are documents; an empty file has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from toktools.corpus.streams import all_bytes, byte_lines

BOM = "\ufeff"


class Document(NamedTuple):
    """One document and where it stands.

    text: what can be read of it; U+FFFD stands where something could not.
    path, line: the file, as errors call it, and the line where it, or its problem, starts.
    problem: what could not be read, in words; "" if all could.
    """

    text: str
    path: str
    line: int
    problem: str = ""


def read_lines(path: Path, shown: str | None = None) -> Iterator[Document]:
    r"""Yield each line of a file, without its ending, as a document.

    Args:
        path: the file, compressed or not.
        shown: what errors call it; by default its path.
    Raises: ToktoolsError if it cannot be read.
    """
    shown = shown or str(path)
    number = 0
    for raw in byte_lines(path, shown):
        number += 1
        document = decode(without_ending(raw), shown, number)
        if number == 1:
            document = without_bom(document)
            if not document.text and not raw.endswith(b"\n"):
                continue  # nothing but a byte order mark
        yield document


def read_file(path: Path, shown: str | None = None) -> Iterator[Document]:
    """Yield the whole file, line endings included, as one document; otherwise as `read_lines`."""
    shown = shown or str(path)
    document = without_bom(decode(all_bytes(path, shown), shown, 1))
    if document.text:
        yield document


def without_ending(raw: bytes) -> bytes:
    r"""Return a line without the \n or \r\n that ends it.

    Example:
        >>> without_ending(b"a\r\n"), without_ending(b"a\r")
        (b'a', b'a\r')
    """
    if raw.endswith(b"\r\n"):
        return raw[:-2]
    return raw[:-1] if raw.endswith(b"\n") else raw


def without_bom(document: Document) -> Document:
    """Return the document without the byte order mark that its text may start with."""
    if document.text.startswith(BOM):
        return document._replace(text=document.text[1:])
    return document


def decode(raw: bytes, shown: str, line: int) -> Document:
    r"""Return UTF-8 bytes as a document that says what is wrong with them, if anything.

    Args:
        raw: the bytes of one line, or of several.
        shown: the file's name for errors.
        line: the line that `raw` starts on.
    Example:
        >>> decode(b"good\nb\xffd", "a.txt", 1)[1:]
        ('a.txt', 2, 'byte 2 of the line, 0xff, is not UTF-8')
    """
    try:
        return Document(raw.decode(), shown, line)
    except UnicodeDecodeError as e:
        line += raw.count(b"\n", 0, e.start)
        byte = e.start - raw.rfind(b"\n", 0, e.start)
        problem = f"byte {byte} of the line, 0x{raw[e.start]:02x}, is not UTF-8"
        return Document(raw.decode(errors="replace"), shown, line, problem)
