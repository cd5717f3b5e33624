"""Carriage returns taken off the ends of lines, as reading a file line by line does.

The readable twin is `bytes.replace`, which needs new memory for the text.
"""

from __future__ import annotations

from toktools.kernels.kernel import kernel
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

_RETURN, _LINE_FEED = ord("\r"), ord("\n")
_masks = byte_masks(((_RETURN, _RETURN),))


@kernel
def drop_returns(text, n):
    """Take the carriage returns that stand before line feeds out of `text[:n]`; return its length.

    Args: text: uint8, with WIDTH bytes more behind; changed.
    """
    i = 0
    while i < n:
        returns = _masks(text, i)[0]
        if returns:
            i += lowest_bit(returns)
            break
        i += WIDTH
    i = kept = min(i, n)
    while i < n:
        byte = text[i]
        i += 1
        if byte == _RETURN and i < n and text[i] == _LINE_FEED:
            continue
        text[kept] = byte
        kept += 1
    return kept
