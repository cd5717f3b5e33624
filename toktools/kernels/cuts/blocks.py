"""What all cuts share: 64 bytes of text as masks of classes, and operations on such masks.

A mask has bit i for byte i of a block, and all bytes of a character are in its class. Letters: L
letters, N numbers, S the space, W all white space, R carriage returns and line feeds, F where a
text ends, X anything else. F is the byte END, and with `lines` the line feed, which then is neither
W nor R. `prev_L` is the highest bit of L in the block before, moved to bit 0.

A cut function is `starts(text, n, lines, classes, starts) -> count`:

- text: uint8, valid UTF-8 that begins where a piece begins. It holds PADDING bytes more than n:
  what follows, or END where the text has ended (part of the padding may be text, the rest END).
- n: bytes to look at, >= 1.
- lines: whether each line is a text of its own; its line feed is then a piece apart.
- classes: what the cut knows of each code point, uint8 (0x110000,); see `cut_of`.
- starts: int64, room for n; where each piece begins, in bytes, ascending. For a cut that drops
  text, a stretch that is dropped is a piece too, with its position p written as ~p.
- count: how many pieces there are. If the text goes on after n, the last of them is not final: its
  end is unknown, and what stands in it may turn out to be several pieces. All before it are final,
  whatever follows. So the caller goes on from the last one's start, with a longer chunk if it is
  the only one.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.character_classes import LETTER, NUMBER, SPACE
from toktools.kernels.kernel import inlined
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit, n_bits

PADDING = 2 * WIDTH + 8
"""Bytes that must follow the text in its array."""

END = 0xFF
"""The byte, in no UTF-8, that stands in the padding where the text has ended."""

_0, _1 = np.uint64(0), np.uint64(1)
_TOP = np.uint64(WIDTH - 1)
_L, _N, _W = np.uint64(LETTER), np.uint64(NUMBER), np.uint64(SPACE)
_N_BIT = np.uint64(1)  # its position
CONTINUED = (0x80, 0xBF)  # bytes of a character after its first
HIGH = (0x80, 0xFF)


@inlined
def top(mask):
    """Return the highest bit, at bit 0: what the next block sees before its first byte."""
    return mask >> _TOP


@inlined
def after(mask, before):
    """Return the mask moved to the byte after each; `before`: the `top` of the block before."""
    return mask << _1 | before


@inlined
def reach(markers, through):
    """Return the bits of `through` that are marked, or above a marked one without a gap."""
    return (((markers & through) + through) ^ through | markers) & through


@inlined
def spread(leads, continued, before):
    """Return first bytes of characters with the bytes after them.

    Args: continued: bytes that continue a character; before: `top` of this class, one block before.
    """
    return leads | reach(after(leads, before), continued)


@inlined
def below(n):
    """Return a mask of the first n bits; all if n >= 64."""
    return (_1 << np.uint64(n)) - _1 if n < WIDTH else ~_0


@inlined
def code_point(text, i):
    """Return the code point of the character of two to four bytes that begins at byte i."""
    lead = np.int64(text[i])
    second = np.int64(text[i + 1]) & 0x3F
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | second
    third = np.int64(text[i + 2]) & 0x3F
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | second << 6 | third
    return (lead & 0x07) << 18 | second << 12 | third << 6 | np.int64(text[i + 3]) & 0x3F


@inlined
def ends_white_space(text, i, classes):
    """Whether something that is no white space follows the white space character at byte i.

    The end of a text does not count as something; the character is of two or three bytes.
    """
    k = i + 2 + np.int64(text[i] >= 0xE0)
    byte = np.int64(text[k])
    if byte == END:
        return False
    return classes[byte if byte < 0x80 else code_point(text, k)] & SPACE == 0


@inlined
def write_starts(begins, dropped, i, starts, count):
    """Write where the bits of a mask stand, counted from i, those in `dropped` as ~p.

    Eight at a time where there is room, for how many there are cannot be guessed; what is written
    too much is overwritten by what follows.

    Returns: the new count.
    """
    end = count + n_bits(begins)
    if count + WIDTH > len(starts):
        while begins:
            k = lowest_bit(begins)
            starts[count] = (i + k) ^ -np.int64(dropped >> np.uint64(k) & _1)  # ~p is p ^ -1
            count += 1
            begins &= begins - _1
    while count < end:
        for j in range(8):
            k = lowest_bit(begins)  # 64 if there is none: then what is written does not matter
            starts[count + j] = (i + k) ^ -np.int64(dropped >> np.uint64(k & 63) & _1)
            begins &= begins - _1
        count += 8
    return end


_ascii = byte_masks(
    ((ord("A"), ord("Z")), (ord("a"), ord("z"))),
    ((ord("0"), ord("9")),),
    ((ord(" "), ord(" ")),),
    ((ord("\t"), ord("\r")), (ord(" "), ord(" "))),
    ((ord("\n"), ord("\n")),),
    ((ord("\r"), ord("\r")),),
    ((ord("'"), ord("'")),),
    (CONTINUED,),
    (HIGH,),
    ((END, END),),
)


@inlined
def block(text, i, lines, classes, prev_L, prev_N, prev_W):
    """Return the masks of the 64 bytes at i.

    Returns: L, N, S, W, R, F; `last`: first bytes of white space characters above 0x7F that
             something follows; apostrophes; bytes that continue a character; bytes above 0x7F.
    """
    L, N, S, W, feeds, R, quotes, continued, high, F = _ascii(text, i)
    last = _0
    if high:
        wide_L, wide_N, wide_W = _0, _0, _0
        leads = high & ~continued & ~F
        while leads:
            k = lowest_bit(leads)
            place = np.uint64(k)
            leads &= leads - _1
            kind = np.uint64(classes[code_point(text, i + k)])
            wide_L |= (kind & _L) << place
            wide_N |= (kind & _N) >> _N_BIT << place
            if kind & _W:
                wide_W |= _1 << place
                if ends_white_space(text, i + k, classes):
                    last |= _1 << place
        L |= spread(wide_L, continued, prev_L)
        N |= spread(wide_N, continued, prev_N)
        W |= spread(wide_W, continued, prev_W)
    if lines:
        F |= feeds
        W &= ~feeds
    else:
        R |= feeds
    return L, N, S, W, R, F, last, quotes, continued, high
