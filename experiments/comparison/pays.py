"""Where a tokenizer pays: the bits of a text divided over groups of its words and characters.

The groups are those of the source text, so they are the same for every tokenizer. A token's bits
are divided over the characters that it stands for, evenly by their bytes: a convention, for a model
says only what the whole token costs. A token that stands for no character is paid by the one behind
it. Each document's end is one more character, of one byte. So groups add up to all the bits.

Legend: C characters of all documents, ends included; N tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.comparison.token_log import TokenLog
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Json = dict[str, Any]
_WORD = re.compile(r"\S+")
SPACE, END = "white space", "document's end"
FREQUENCIES = (
    ("not in the training text", 0),
    ("once", 1),
    ("2-9 times", 9),
    ("10-99 times", 99),
    ("100-999 times", 999),
    ("1,000 times or more", None),
)
"""Groups of words, with the most occurrences in the training text of each."""
POSITIONS = ("1st character", "2nd", "3rd", "4th-6th", "later")
_LAST_POSITIONS = np.array([0, 1, 2, 5])
CLASSES = (
    *("lower-case letter", "upper-case letter", "digit", "punctuation"),
    *(SPACE, "CJK", "other script", END),
)
_CJK = (
    *((0x1100, 0x11FF), (0x2E80, 0x2FDF), (0x3040, 0x318F), (0x31A0, 0x4DBF), (0x4E00, 0x9FFF)),
    *((0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFF66, 0xFFDC), (0x1B000, 0x1B16F)),
    (0x20000, 0x3FFFF),
)
"""Han, kana, bopomofo and hangul, first and last code points, half-width forms too."""


@dataclass(frozen=True)
class Text:
    """Documents in a row, an end behind each, and what each character is."""

    documents: Sequence[str]

    @cached_property
    def code_points_C(self) -> NDArray[np.int64]:  # noqa: N802
        """The code points; that of an end is -1."""
        parts = [np.empty(0, np.int64)]
        for document in self.documents:
            encoded = document.encode("utf-32-le", "surrogatepass")
            parts += [np.frombuffer(encoded, "<u4").astype(np.int64), np.array([-1])]
        return np.concatenate(parts)

    @cached_property
    def bytes_C(self) -> NDArray[np.int64]:  # noqa: N802
        """The UTF-8 bytes of each character; 1 for an end."""
        return 1 + np.searchsorted([0x80, 0x800, 0x10000], self.code_points_C, side="right")

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each document begins."""
        lengths = [0, *(len(document) + 1 for document in self.documents)]
        return np.cumsum(lengths)[:-1]

    @cached_property
    def words(self) -> list[tuple[str, int, int]]:
        """Each word with its half-open span."""
        return [
            (word.group(), int(start) + word.start(), int(start) + word.end())
            for document, start in zip(self.documents, self.starts, strict=True)
            for word in _WORD.finditer(document)
        ]


def bits_of_characters(text: Text, tokenizer: Tokenizer, log: TokenLog) -> NDArray[np.float64]:
    """Return what each character of a text costs in bits, (C,).

    Raises: ToktoolsError if the log is not of this text by this tokenizer.
    """
    parts: list[NDArray[np.int64]] = []
    for i, document in enumerate(text.documents):
        ids, spans = tokenizer.encode_with_offsets(document)
        first, last = log.document_starts[i], log.document_starts[i + 1] - 1
        if not np.array_equal(log.ids[first:last], np.array(ids, np.int32)):
            raise ToktoolsError(f"document {i} is not cut as in the log of its tokens")
        ends = [(len(document), len(document))]
        parts.append(np.array([*spans, *ends], np.int64) + text.starts[i])
    spans_N2 = np.concatenate(parts)
    return _divided(log.bits(), spans_N2, text.bytes_C)


def _divided(
    bits_N: NDArray[np.float64], spans_N2: NDArray[np.int64], bytes_C: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Divide the bits of tokens over the characters of their spans, evenly by bytes."""
    firsts_N, lengths_N = spans_N2[:, 0], np.maximum(spans_N2[:, 1] - spans_N2[:, 0], 1)
    before = np.concatenate([[0], np.cumsum(bytes_C)])
    per_byte_N = bits_N / (before[firsts_N + lengths_N] - before[firsts_N])
    skipped_N = np.cumsum(lengths_N) - lengths_N
    characters = np.arange(lengths_N.sum()) + np.repeat(firsts_N - skipped_N, lengths_N)
    shares = np.repeat(per_byte_N, lengths_N) * bytes_C[characters]
    return np.bincount(characters, weights=shares, minlength=len(bytes_C)).astype(np.float64)


def where_it_pays(
    tokenizer: Tokenizer, log: TokenLog, documents: Iterable[str], counts: Mapping[str, int]
) -> dict[str, list[Json]]:
    """Return the bits of a text by word frequency, position in the word and character class.

    Args:
        log: of the documents as this tokenizer cuts them.
        counts: how often each word stands in the training text; see `count_words`.
    Returns: for each way to group, {"group", "n_bytes", "n_units", "bits"} of every group that has
        something in it. Units are words by frequency, else characters.
    """
    text = Text(list(documents))
    bits_C = bits_of_characters(text, tokenizer, log)
    classes_C = _classes(text.code_points_C)
    return {
        "word frequency": _sums(text, bits_C, *_by_frequency(text, classes_C, counts)),
        "position in the word": _sums(text, bits_C, *_by_position(text, classes_C)),
        "character class": _sums(text, bits_C, CLASSES, classes_C),
    }


def count_words(documents: Iterable[str]) -> Counter[str]:
    """Return how often each word, between white space, stands in a text.

    Example:
        >>> count_words(["the cat", "the  end"])["the"]
        2
    """
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(document.split())
    return counts


def _sums(
    text: Text,
    bits_C: NDArray[np.float64],
    names: Sequence[str],
    groups_C: NDArray[np.int64],
    is_unit_C: NDArray[np.bool_] | None = None,
) -> list[Json]:
    """Add up each group; characters are the units unless `is_unit_C` says where units begin."""
    n = len(names)
    n_bytes = np.bincount(groups_C, weights=text.bytes_C, minlength=n)
    units = groups_C if is_unit_C is None else groups_C[is_unit_C]
    n_units = np.bincount(units, minlength=n)
    bits = np.bincount(groups_C, weights=bits_C, minlength=n)
    return [
        {
            "group": name,
            "n_bytes": int(n_bytes[i]),
            "n_units": int(n_units[i]),
            "bits": float(bits[i]),
        }
        for i, name in enumerate(names)
        if n_units[i]
    ]


def _by_frequency(
    text: Text, classes_C: NDArray[np.int64], counts: Mapping[str, int]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.bool_]]:
    names = [*(name for name, _ in FREQUENCIES), SPACE, END]
    bounds = [most for _, most in FREQUENCIES if most is not None]
    groups_C, is_unit_C = _outside_words(names, classes_C), np.ones(len(classes_C), bool)
    words = text.words
    found = np.searchsorted(bounds, [counts.get(word, 0) for word, _, _ in words])
    for (_, start, end), group in zip(words, found.tolist(), strict=True):
        groups_C[start:end] = group
        is_unit_C[start + 1 : end] = False
    return names, groups_C, is_unit_C


def _by_position(text: Text, classes_C: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    names = [*POSITIONS, SPACE, END]
    groups_C = _outside_words(names, classes_C)
    for _, start, end in text.words:
        groups_C[start:end] = np.searchsorted(_LAST_POSITIONS, np.arange(end - start))
    return names, groups_C


def _outside_words(names: Sequence[str], classes_C: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the group of each character if none stood in a word."""
    is_end_C = classes_C == CLASSES.index(END)
    return np.where(is_end_C, names.index(END), names.index(SPACE))


def _classes(code_points_C: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index in `CLASSES` of each character."""
    kinds, which_C = np.unique(code_points_C, return_inverse=True)
    table = np.array([CLASSES.index(class_of(int(kind))) for kind in kinds], np.int64)
    return table[which_C]


def class_of(code_point: int) -> str:
    """Return the class of a character; -1 is a document's end.

    Letters without case and their marks are of another script, symbols count as punctuation.

    Example:
        >>> [class_of(ord(c)) for c in "aÄ7€"], class_of(ord("猫")), class_of(ord("ع"))
        (['lower-case letter', 'upper-case letter', 'digit', 'punctuation'], 'CJK', 'other script')
    """
    if code_point < 0:
        return END
    character = chr(code_point)
    category = unicodedata.category(character)
    if character.isspace():
        return SPACE
    if any(first <= code_point <= last for first, last in _CJK):
        return "CJK"
    if category == "Ll":
        return "lower-case letter"
    if category in ("Lu", "Lt"):
        return "upper-case letter"
    return {"N": "digit", "P": "punctuation", "S": "punctuation"}.get(category[0], "other script")
