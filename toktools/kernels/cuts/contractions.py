"""Contractions behind an apostrophe: 's, 't, 'm, 'd, 'll, 've, 're."""

from __future__ import annotations

import numpy as np

from toktools.kernels.kernel import inlined
from toktools.kernels.vectors import load_word

_BYTE, _TWO_BYTES = np.uint64(0xFF), np.uint64(0xFFFF)
_SMALL = np.uint64(0x2020)  # sets the bit in which small letters differ from capitals
_S, _T, _M, _D = (np.uint64(ord(letter)) for letter in "stmd")
_LL, _VE, _RE = (np.uint64(a | b << 8) for a, b in (b"ll", b"ve", b"re"))
_LONG_S = np.uint64(int.from_bytes("\u017f".encode(), "little"))


@inlined
def _length(letters):
    one, two = letters & _BYTE, letters & _TWO_BYTES
    if one in (_S, _T, _M, _D):
        return 2
    if two in (_LL, _VE, _RE):
        return 3
    return 0


@inlined
def contraction(text, i):
    """Return the length in bytes of the contraction at the apostrophe at byte i, or 0."""
    return _length(load_word(text, i + 1))


@inlined
def contraction_of_any_case(text, i):
    """Return the same for small letters and capitals; U+017F (two bytes) is an s."""
    letters = load_word(text, i + 1)
    if letters & _TWO_BYTES == _LONG_S:
        return 3
    return _length(letters | _SMALL)
