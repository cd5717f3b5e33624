"""Where the pieces of simple cuts begin: those that look at no more than two characters at a time.

A class has a bit for whether its characters are dropped, whether a piece begins at each of them,
whether one ends behind each, and two bits of a number: a piece begins where the number changes.
`class_tables.py` finds the classes; whatever they are, the loop is the same. Of the ASCII
characters it knows six kinds, each of one class, by a character that stands for all.

The readable twins are, in `toktools.pretokenizers`, `WhitespaceSplit`, `PunctuationSplit`,
`WordSplit`, `PunctuationMarkSplit`, `DigitSplit`, `MetaspaceSplit`, `WholeText`, and sequences.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.cuts.blocks import (
    CONTINUED,
    END,
    HIGH,
    after,
    below,
    code_point,
    spread,
    top,
    write_starts,
)
from toktools.kernels.cuts.class_tables import (
    BEGINS,
    DROPPED,
    ENDS,
    KINDS,
    NUMBER_HIGH,
    NUMBER_LOW,
)
from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

_0, _1 = np.uint64(0), np.uint64(1)
_DROPPED, _BEGINS, _ENDS, _LOW, _HIGH = (
    np.uint64(bit.bit_length() - 1) for bit in (DROPPED, BEGINS, ENDS, NUMBER_LOW, NUMBER_HIGH)
)
_ascii = byte_masks(
    *KINDS.values(), ((ord("\n"), ord("\n")),), (CONTINUED,), (HIGH,), ((END, END),)
)
_a, _zero, _space, _underscore, _symbol, _control = (ord(character) for character in KINDS)


@inlined
def _where(bit, classes, letters, digits, spaces, underscores, symbols, control):
    """Return the bytes of ASCII whose class has a bit, given those of each kind."""
    found = letters & _all(classes[_a], bit) | digits & _all(classes[_zero], bit)
    found |= spaces & _all(classes[_space], bit) | underscores & _all(classes[_underscore], bit)
    return found | symbols & _all(classes[_symbol], bit) | control & _all(classes[_control], bit)


@inlined
def _all(kind, bit):
    """Return 64 times the same bit of a class."""
    return _0 - (np.uint64(kind) >> bit & _1)


@kernel
def class_run_starts(text, n, lines, classes, starts):
    """Write where each piece of `text[:n]` begins, dropped stretches as ~p; see `blocks.py`.

    Args: classes: `table_of` the cut.
    """
    count = np.int64(0)
    prev_D, prev_E, prev_low, prev_high, prev_F = _0, _0, _0, _0, _0
    text_begins = _1
    for i in range(0, n, WIDTH):
        (
            letters, digits, spaces, underscores, symbols, control,
            feeds, continued, high, F,
        ) = _ascii(text, i)  # fmt: skip
        kinds = letters, digits, spaces, underscores, symbols, control
        D, B, E = (
            _where(_DROPPED, classes, *kinds),
            _where(_BEGINS, classes, *kinds),
            _where(_ENDS, classes, *kinds),
        )
        number_low, number_high = _where(_LOW, classes, *kinds), _where(_HIGH, classes, *kinds)
        if high:
            wide_D, wide_E, wide_low, wide_high = _0, _0, _0, _0
            leads = high & ~continued & ~F
            while leads:
                k = lowest_bit(leads)
                place = np.uint64(k)
                leads &= leads - _1
                kind = np.uint64(classes[code_point(text, i + k)])
                wide_D |= (kind >> _DROPPED & _1) << place
                B |= (kind >> _BEGINS & _1) << place
                wide_E |= (kind >> _ENDS & _1) << place
                wide_low |= (kind >> _LOW & _1) << place
                wide_high |= (kind >> _HIGH & _1) << place
            D |= spread(wide_D, continued, prev_D)
            E |= spread(wide_E, continued, prev_E)
            number_low |= spread(wide_low, continued, prev_low)
            number_high |= spread(wide_high, continued, prev_high)
        begins = text_begins | B | after(E, prev_E) & ~continued | D ^ after(D, prev_D)
        begins |= number_low ^ after(number_low, prev_low)
        begins |= number_high ^ after(number_high, prev_high)
        if lines:
            F |= feeds
            D &= ~feeds
            begins |= F | after(F, prev_F)
        count = write_starts(begins & below(n - i), D, i, starts, count)
        prev_D, prev_E, prev_F = top(D), top(E), top(F)
        prev_low, prev_high = top(number_low), top(number_high)
        text_begins = _0
    return count
