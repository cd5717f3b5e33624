"""Whether bytes are UTF-8: what every loop here relies on.

The readable twin is `bytes.decode`, which holds the interpreter while it looks.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts.blocks import CONTINUED, HIGH, after, top
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, byte_masks

_masks = byte_masks(
    (HIGH,), (CONTINUED,), ((0xC2, 0xF4),), ((0xE0, 0xF4),), ((0xF0, 0xF4),),
    ((0xE0, 0xE0),), ((0xED, 0xED),), ((0xF0, 0xF0),), ((0xF4, 0xF4),),
    ((0x80, 0x9F),), ((0x80, 0x8F),),
)  # fmt: skip
"""Of a block: bytes that are not ASCII; that continue a character; first ones of at least two, of
three and of four bytes; the four after which not every byte may follow, and those that may not."""
_0, _1, _2, _3 = (np.uint64(n) for n in range(4))
_62, _61 = np.uint64(62), np.uint64(61)


@kernel
def is_utf8(text):
    """Whether all of `text`, uint8, is valid UTF-8.

    Source: Unicode Standard, chapter 3.9, table 3-7 (well-formed sequences).
    """
    i = _valid_blocks(text)
    return i >= 0 and _is_valid_from(text, i)


@kernel
def _valid_blocks(text):
    """Return where the last character begins, or ends, in the whole blocks; -1 if one is bad."""
    awaited = e0 = ed = f0 = f4 = _0  # bytes that must continue a character; of the block before
    i = 0
    while i + WIDTH <= len(text):
        high, continued, two, three, four, is_e0, is_ed, is_f0, is_f4, to_9f, to_8f = _masks(
            text, i
        )
        i += WIDTH
        if high | awaited == _0:
            continue
        awaited |= two << _1 | three << _2 | four << _3
        bad = awaited ^ continued | high ^ (two | continued)
        bad |= after(is_e0, e0) & to_9f | after(is_ed, ed) & ~to_9f
        bad |= after(is_f0, f0) & to_8f | after(is_f4, f4) & ~to_8f
        if bad:
            return -1
        awaited = top(two) | three >> _62 | four >> _61
        e0, ed, f0, f4 = top(is_e0), top(is_ed), top(is_f0), top(is_f4)
    if awaited:
        i -= 1
        while text[i] & 0xC0 == 0x80:
            i -= 1
    return i


@kernel
def _is_valid_from(text, i):
    """Whether the text is valid from byte i on, where a character begins."""
    n = len(text)
    while i < n:
        lead = text[i]
        if lead < 0x80:
            i += 1
            continue
        if lead < 0xC2 or lead > 0xF4:
            return False
        width = 2 + (lead >= 0xE0) + (lead >= 0xF0)
        if i + width > n:
            return False
        second = text[i + 1]
        low, last = 0x80, 0xBF
        if lead == 0xE0:
            low = 0xA0
        elif lead == 0xED:
            last = 0x9F
        elif lead == 0xF0:
            low = 0x90
        elif lead == 0xF4:
            last = 0x8F
        if second < low or second > last:
            return False
        for j in range(2, width):
            if text[i + j] & 0xC0 != 0x80:
                return False
        i += width
    return True
