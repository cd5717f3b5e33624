r"""Runs of white space as GPT-4's cut and its kin see them: `\s*[\r\n]+|\s+(?!\S)|\s+`.

Letters as in `blocks.py`; V is white space but R. Symbols take the line ends right behind them
(`eaten`). What is left of the run is a piece up to the last line end in it, and another behind
that, whose last character is a piece of its own if something follows (and may join it).

Whether a line end is the last in its run shows only at the end of the run, perhaps in another
block. So a piece is begun behind each, and taken back at the next: it is the last piece then.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts.blocks import after
from toktools.kernels.kernel import inlined
from toktools.kernels.vectors import lowest_bit

_0, _1 = np.uint64(0), np.uint64(1)


@inlined
def white_space_starts(W, R, eaten, last_characters, prev_left, prev_loose):
    """Return where pieces of white space begin: for certain, and unless a line end follows.

    Args: last_characters: first bytes of the last character of each run that something follows.
          prev_left, prev_loose: `top` of white space, and of line ends, that were not eaten.
    """
    left, loose = W & ~eaten, R & ~eaten
    begins = left & ~after(left, prev_left) | last_characters & ~R
    return begins, W & ~R & after(loose, prev_loose)


@inlined
def settle(begins, run, bad):
    """Take back each of `begins`, at the start of a run, whose run ends before a bit of `bad`.

    Returns: the others, and whether the run of one of them reaches the end of the block. No
             branches: they would be guessed wrong too often.
    """
    is_open = run + begins < run  # the sum overflows
    ends_badly = bad >> _1 & run
    for step in range(6):  # down the run by 1, 2, 4, ... 32 bits
        distance = _1 << np.uint64(step)
        ends_badly |= run & ends_badly >> distance
        run = run & run >> distance
    return begins & ~ends_badly, is_open


@inlined
def settle_open(run, bad):
    """Say how a run that reached the end of the block before goes on in this one.

    Returns: whether its start must be taken back, and whether it reaches the end of this one too.
    """
    ends = ~run
    if not ends:
        return False, True
    return bad >> np.uint64(lowest_bit(ends)) & _1 != _0, False
