"""Whether bytes are UTF-8: what every loop here relies on.

The readable twin is `bytes.decode`, which holds the interpreter while it looks.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts.blocks import CONTINUED, HIGH
from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

_masks = byte_masks((HIGH,), (CONTINUED,))
_0 = np.uint64(0)


@kernel
def is_utf8(text):
    """Whether all of `text`, uint8, is valid UTF-8.

    Source: Unicode Standard, chapter 3.9, table 3-7 (well-formed sequences).
    """
    i, n = 0, len(text)
    while i < n:
        if i + WIDTH <= n:
            high, _ = _masks(text, i)
            if high == _0:
                i += WIDTH
                continue
            i += lowest_bit(high)
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
        low, top = 0x80, 0xBF
        if lead == 0xE0:
            low = 0xA0
        elif lead == 0xED:
            top = 0x9F
        elif lead == 0xF0:
            low = 0x90
        elif lead == 0xF4:
            top = 0x8F
        if second < low or second > top:
            return False
        for j in range(2, width):
            if text[i + j] & 0xC0 != 0x80:
                return False
        i += width
    return True
