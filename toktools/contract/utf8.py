"""Where characters begin and end in UTF-8, broken bytes included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

_BROKEN = re.compile("([\udc80-\udcff]+)")  # how "surrogateescape" writes bytes that are not UTF-8


def byte_positions(text: str) -> list[int]:
    """Return where each character of `text` begins in its UTF-8, and where the last one ends.

    Example:
        >>> byte_positions("aé!")
        [0, 1, 3, 4]
    """
    if text.isascii():
        return list(range(len(text) + 1))
    return list(accumulate((len(character.encode()) for character in text), initial=0))


def character_starts(data: bytes) -> list[int]:
    r"""Return the byte at which each character of `data.decode("utf-8", "replace")` begins.

    Example:
        >>> character_starts("aé!".encode()), character_starts(b"\xe6\xbcX\xff")
        ([0, 1, 3], [0, 2, 3])
    """
    lengths: list[int] = []
    for i, part in enumerate(_BROKEN.split(data.decode("utf-8", "surrogateescape"))):
        if i % 2:
            lengths.extend(_replaced(part.encode("utf-8", "surrogateescape")))
        else:
            lengths.extend(len(character.encode()) for character in part)
    return list(accumulate(lengths, initial=0))[:-1]


def _replaced(broken: bytes) -> Iterator[int]:
    """Yield the length of each stretch of `broken` for which one U+FFFD stands.

    Source: Unicode Standard, chapter 3.9, "maximal subpart"; what Python's decoder does.
    """
    position = 0
    while position < len(broken):
        try:
            broken[position : position + 4].decode()
        except UnicodeDecodeError as e:
            yield e.end
            position += e.end
