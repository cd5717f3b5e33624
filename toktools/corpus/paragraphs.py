"""Plain text as Sphinx writes it, cut into paragraphs of clean prose and code.

A paragraph ends at a blank line. Its line breaks and indentation become single spaces, and a word
that was broken at its hyphen is joined again. A label ("Note:", "See also:") becomes the start of
the paragraph that it introduces. Left out: the rules under headings and around tables, the rows of
drawn tables, bullets, "-[ Footnotes ]-", and paragraphs without a letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from toktools.corpus.normalization import whitespace

_RULE = re.compile(r"[-=*~^+|#\"' ]+")
_LABEL = re.compile(r"[A-Z]\w*( \w+)?:")
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_]-)\n\s*(?=[^\W\d_])")


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    r"""Yield the paragraphs of `text`, each with the line it starts on.

    Example:
        >>> list(paragraphs("Title\n=====\n\nA self-\ncontained\n   one.\n"))
        [(1, 'Title'), (4, 'A self-contained one.')]
    """
    start, label = 1, ""
    lines: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            if not lines:
                start = number
            lines.append(line.rstrip())
            continue
        paragraph, lines = _folded(lines), []
        if _LABEL.fullmatch(paragraph):
            label = paragraph + " "
        elif paragraph:
            yield start, label + paragraph
            label = ""


def _folded(lines: list[str]) -> str:
    """Return the lines of one paragraph as one; "" if nothing worth reading is in them."""
    kept = [line for line in lines if not (_RULE.fullmatch(line) or _is_table_row(line))]
    text = whitespace(_BROKEN_WORD.sub("", "\n".join(kept))).removeprefix("* ")
    readable = any(char.isalpha() for char in text) and not text.startswith("-[ ")
    return text if readable else ""


def _is_table_row(line: str) -> bool:
    """Whether a line is the row of a table drawn with bars: | like | this |."""
    return len(line) > 1 and line.lstrip().startswith("| ") and line.endswith("|")
