"""What a normalizer makes of each character, and what the cut then does to it.

Lowercase and BERT's clean-up rewrite each character by itself, whatever stands beside it. So the
cut can be found in the text as it was given: white space separates, a character that becomes a
piece of its own stands alone, and a run of all others is one word, which is rewritten only when it
is met for the first time.

One thing looks at neighbours: decomposing puts marks in order. Marks that are removed afterwards
leave no trace of that. A character that leaves a mark behind is SLOW: its word is left to the
readable code.

What becomes of a character is asked of the readable code when the character is met for the first
time.

The readable twins are `toktools.normalizers.BertCleanup`, `Lowercase`, and sequences of them.
"""

from __future__ import annotations

import unicodedata
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.character_classes import N_CODE_POINTS
from toktools.kernels.cuts.blocks import code_point
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import load_word, lowest_bit
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
"""Classes: part of a word, no part of any piece, a piece of its own, not met yet."""

SAME, SLOW = -1, -2
"""In `mapped_at`: the character stays as it is; its word is left to the readable code."""

_APART = "0"  # leaves its neighbours as they are; few others become it
_SYMBOLS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_KINDS = (" \t\n\r", "\v\f", _SYMBOLS, _APART)
_HIGH_BITS = np.uint64(0x8080808080808080)
_0, _2, _3 = np.uint64(0), np.uint64(2), np.uint64(3)


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
        self._seen = np.zeros(N_CODE_POINTS, np.bool_)
        self._fill(list(range(0x80)))

    @property
    def suits(self) -> bool:
        """Whether all ASCII characters of a kind are of a class, which the loops rely on."""
        classes = [{int(self.classes[ord(c)]) for c in kind} for kind in _KINDS]
        others = set(self.classes[:0x80].tolist()) - set().union(*classes[:3])
        return all(len(kind) == 1 for kind in classes) and (
            classes[0] == {DROPPED} and classes[3] == {WORD} and others <= {WORD}
        )

    def learn(self, text: NDArray[np.uint8], n: int) -> None:
        """Look up all characters of `text[:n]`; text: valid UTF-8, and 8 bytes more."""
        with self._lock:
            codes = np.empty(n // 2 + 1, np.int32)
            n_codes = _not_met(text, n, self.classes, self._seen, codes)
            self._seen[codes[:n_codes]] = False  # what is known, `classes` says
            if n_codes:
                self._fill(codes[:n_codes].tolist())

    def _fill(self, codes: list[int]) -> None:
        """Look up these characters, all of ASCII or none of it."""
        added = bytearray()
        kinds, pieces = self._classes_of(self._rewritten(codes))
        changed = [i for i, piece in enumerate(pieces) if piece != chr(codes[i])]
        for code, piece in ((codes[i], pieces[i]) for i in changed):
            if piece is None:
                self.mapped_at[code] = SLOW
                continue
            data = piece.encode()
            self.mapped_at[code] = len(self.mapped) + len(added)
            added += bytes([len(data)]) + data
            self.growth = max(self.growth, -(-len(data) // len(chr(code).encode())))
        self.mapped = np.concatenate([self.mapped, np.frombuffer(bytes(added), np.uint8)])
        self.classes[codes] = kinds  # last: another thread may look

    def _rewritten(self, codes: list[int]) -> list[str]:
        """Return what each character becomes."""
        if self._normalizer is None:
            return list(map(chr, codes))
        normalize = self._normalizer.normalize
        if codes[0] >= 0x80:
            texts = normalize(_APART.join(map(chr, codes))).split(_APART)
            if len(texts) == len(codes):
                return texts
        return [normalize(chr(code)) for code in codes]

    def _classes_of(self, texts: list[str]) -> tuple[list[int], list[str | None]]:
        """Return what `_class_of` does of each, classes and pieces; most of them are cut together.

        Each of those stands between "a" and "z", with white space to the next: what is part of a
        word makes one piece with both, what is alone comes between them.
        """
        kinds, found = [WORD] * len(texts), list[str | None](texts)
        together = list(range(len(texts)))
        if self._normalizer is not None:
            together = [i for i, text in enumerate(texts) if self._is_plain(text)]
            for i in set(range(len(texts))).difference(together):
                kinds[i], found[i] = self._class_of(texts[i])
        pieces = self._cut.split("a" + "z a".join([texts[i] for i in together]) + "z")
        if len(pieces) == len(together):  # words all of them
            return kinds, found
        parts = iter(pieces)
        for i, piece in zip(together, parts, strict=False):
            if piece != "a":
                continue
            if (after := next(parts)) == "z":
                kinds[i] = DROPPED
            else:
                kinds[i], found[i] = ALONE, after
                next(parts)
        return kinds, found

    def _is_plain(self, text: str) -> bool:
        """Whether a text is one character, at most between spaces, that is no mark on another."""
        character = text[1] if len(text) == 3 and text[0] == text[2] == " " else text
        if len(character) != 1 or (len(text) == 3 and character in "az"):
            return False
        return not (self._orders and unicodedata.combining(character))

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


@kernel
def _not_met(text, n, classes, seen, codes):
    """Write each character of `text[:n]` that is UNKNOWN and not `seen`; return how many."""
    n_codes, i, end = 0, _0, np.uint64(n)
    while i < end:
        high = load_word(text, i) & _HIGH_BITS
        i += np.uint64(lowest_bit(high)) >> _3  # 8 bytes if all are ASCII
        if high == _0 or i >= end:
            continue
        code = np.uint64(code_point(text, i))
        if classes[code] == UNKNOWN and not seen[code]:
            seen[code] = True
            codes[n_codes] = code
            n_codes += 1
        i += _2 + np.uint64(text[i] >= 0xE0) + np.uint64(text[i] >= 0xF0)
    return n_codes


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
