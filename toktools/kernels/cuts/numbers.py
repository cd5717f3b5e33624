"""Numbers in groups of three, from the left."""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts.blocks import after, top
from toktools.kernels.kernel import inlined
from toktools.kernels.vectors import lowest_bit

_0, _1, _2, _3 = (np.uint64(i) for i in range(4))


@inlined
def threes(N, continued, prev_N, phase):
    """Return where groups begin, and how many numbers of the last group this block holds.

    Args: N, continued, prev_N: see `blocks.py`; phase: what this returned for the block before.
    """
    firsts = N & ~after(N, prev_N)
    more_than_three = N & N << _1 & N << _2 & N << _3  # bytes
    if not more_than_three | top(N) | N & prev_N:
        return firsts, np.int64(0)
    groups, numbers = _0, N & ~continued
    while numbers:
        place = np.uint64(lowest_bit(numbers))
        numbers &= numbers - _1
        if firsts >> place & _1:
            phase = np.int64(0)
        if phase == 0:
            groups |= _1 << place
        phase = phase + 1 if phase < 2 else 0
    return groups, phase
