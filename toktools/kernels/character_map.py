"""What a normalizer makes of each character, and what the cut then does to it.

Lowercase and BERT's clean-up rewrite each character by itself, whatever stands beside it. So the
cut can be found in the text as it was given: white space separates, a character that becomes a
piece of its own stands alone, and a run of all others is one word, which is rewritten only when it
is met for the first time.

One thing looks at neighbours: decomposing puts marks in order. Marks that are removed afterwards
leave no trace of that. A character that leaves a mark behind is SLOW: its word is left to the
readable code.

Pages of 4096 characters are looked up in the readable code when a character of theirs is met.

The readable twins are `toktools.normalizers.BertCleanup`, `Lowercase`, and sequences of them.
"""

from __future__ import annotations

import unicodedata
from threading import Lock

import numpy as np

from toktools.kernels.character_classes import N_CODE_POINTS
from toktools.normalizers import (
    BertCleanup,
    Lowercase,
    Normalizer,
    NormalizerSequence,
    StripAccents,
    UnicodeForm,
)
from toktools.pretokenizers import Pretokenizer, PunctuationSplit, WhitespaceSplit

WORD, DROPPED, ALONE, UNKNOWN = 0, 1, 2, 4
"""Classes: part of a word, no part of any piece, a piece of its own, on a page not looked up."""

SAME, SLOW = -1, -2
"""In `mapped_at`: the character stays as it is; its word is left to the readable code."""

_PAGE = 12  # bits
_APART = "0"  # what no other character becomes, and what leaves its neighbours as they are
_SYMBOLS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_KINDS = (" \t\n\r", "\v\f", _SYMBOLS, _APART)


class CharacterMap:
    """The classes of characters, and what they become.

    Attributes:
        classes: uint8 (0x110000,): WORD, DROPPED, ALONE or UNKNOWN.
        mapped_at: int32 (0x110000,): SAME, SLOW, or where in `mapped` it stands what it becomes.
        mapped: uint8: the number of bytes, and the bytes, of each that changes.
        growth: into how many bytes one becomes at most.
        rewrites: whether any character changes.
    """

    def __init__(self, normalizer: Normalizer | None, cut: Pretokenizer) -> None:
        self._normalizer, self._cut = normalizer, cut
        parts = _flat(normalizer)
        self._orders = any(isinstance(part, UnicodeForm | BertCleanup) for part in parts)
        self._lock = Lock()
        self.rewrites = normalizer is not None
        self.classes = np.full(N_CODE_POINTS, UNKNOWN, np.uint8)
        self.mapped_at = np.full(N_CODE_POINTS, SAME, np.int32)
        self.mapped = np.zeros(1, np.uint8)
        self.growth = 1
        self._fill(0)

    @property
    def suits(self) -> bool:
        """Whether all ASCII characters of a kind are of a class, which the loops rely on."""
        classes = [{int(self.classes[ord(c)]) for c in kind} for kind in _KINDS]
        others = set(self.classes[:0x80].tolist()) - set().union(*classes[:3])
        return all(len(kind) == 1 for kind in classes) and (
            classes[0] == {DROPPED} and classes[3] == {WORD} and others <= {WORD}
        )

    def learn(self, text: str) -> None:
        """Look up the pages of all characters of a text."""
        with self._lock:
            for page in sorted({ord(character) >> _PAGE for character in set(text)}):
                if self.classes[page << _PAGE] == UNKNOWN:
                    self._fill(page)

    def _fill(self, page: int) -> None:
        first = page << _PAGE
        codes = [c for c in range(first, first + (1 << _PAGE)) if not 0xD800 <= c < 0xE000]
        classes = np.zeros(1 << _PAGE, np.uint8)
        added = bytearray()
        for code, text in zip(codes, self._rewritten(codes), strict=True):
            kind, piece = self._class_of(text)
            classes[code - first] = kind
            if piece is None:
                self.mapped_at[code] = SLOW
            elif piece != chr(code):
                data = piece.encode()
                self.mapped_at[code] = len(self.mapped) + len(added)
                added += bytes([len(data)]) + data
                self.growth = max(self.growth, -(-len(data) // len(chr(code).encode())))
        self.mapped = np.concatenate([self.mapped, np.frombuffer(bytes(added), np.uint8)])
        self.classes[first : first + (1 << _PAGE)] = classes  # last: another thread may look

    def _rewritten(self, codes: list[int]) -> list[str]:
        """Return what each character becomes."""
        if self._normalizer is None:
            return list(map(chr, codes))
        normalize = self._normalizer.normalize
        ascii = [normalize(chr(code)) for code in codes if code < 0x80]
        others = _APART.join(chr(code) for code in codes if code >= 0x80)
        return ascii + normalize(others).split(_APART)

    def _class_of(self, text: str) -> tuple[int, str | None]:
        """Return the class of a character that becomes `text`, and the piece, None if SLOW."""
        if self._orders and any(map(unicodedata.combining, text)):
            return WORD, None
        pieces = self._cut.split(f"x{text}x")
        if len(pieces) == 1:
            return WORD, text
        if pieces == ["x", "x"]:
            return DROPPED, text
        if len(pieces) == 3 and pieces[0] == pieces[2] == "x":
            return ALONE, pieces[1]
        return WORD, None


def is_mapped(normalizer: Normalizer | None, cut: Pretokenizer) -> bool:
    """Whether characters can be rewritten and cut one by one.

    Example:
        >>> cut = WhitespaceSplit()
        >>> is_mapped(BertCleanup(), cut), is_mapped(UnicodeForm("NFC"), cut)
        (True, False)
    """
    return type(cut) in (WhitespaceSplit, PunctuationSplit) and all(
        type(part) in (BertCleanup, Lowercase, StripAccents)
        or part in (UnicodeForm("NFD"), UnicodeForm("NFKD"))
        for part in _flat(normalizer)
    )


def _flat(normalizer: Normalizer | None) -> list[Normalizer]:
    """Return the normalizers that a sequence is made of."""
    if isinstance(normalizer, NormalizerSequence):
        return [part for each in normalizer.parts for part in _flat(each)]
    return [] if normalizer is None else [normalizer]
