r"""Where the pieces of GPT-4o's cut begin: words that end where upper case follows lower case.

Differs from `cl100k.py` in what a word is; the letters of `blocks.py`, and more:
- M marks: part of a word, or of a run of symbols that began before them;
- `taken`: X and M that such a run has taken, behind the space or another symbol;
- T the characters of words: L, and M that is not taken;
- `upper`, `lower`: letters of one case; B the rest of T, of neither, or marks;
- Q what a run of symbols takes behind its first line end: R and slashes.
Words are matched as `[upper B]*[lower B]+`, else `[upper B]+`. So upper case begins a word behind
lower case, or behind lower case and then B; behind other B it does so if nothing but upper case
follows to the end of the word. The latter shows at that end, and is taken back as in
`white_space.py`. A contraction stays with the word before it; behind it a new one begins.

The readable twin is `toktools.pretokenizers.O200kSplit`.
"""

from __future__ import annotations

import numpy as np

from toktools.kernels.character_classes import LOWER, MARK, NUMBER, SPACE, UPPER
from toktools.kernels.cuts.blocks import (
    CONTINUED,
    END,
    HIGH,
    after,
    below,
    code_point,
    ends_white_space,
    reach,
    spread,
    top,
    write_starts,
)
from toktools.kernels.cuts.contractions import contraction_of_any_case
from toktools.kernels.cuts.numbers import threes
from toktools.kernels.cuts.white_space import settle, settle_open, white_space_starts
from toktools.kernels.kernel import inlined, kernel
from toktools.kernels.vectors import WIDTH, byte_masks, lowest_bit

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)
_START = np.int64(0)  # a plain 0 is of another type, for which all is compiled once more
_SPACE = np.uint64(SPACE)
_NUMBER_BIT, _UPPER_BIT, _LOWER_BIT, _MARK_BIT = (
    np.uint64(bit.bit_length() - 1) for bit in (NUMBER, UPPER, LOWER, MARK)
)

_ascii = byte_masks(
    ((ord("A"), ord("Z")),),
    ((ord("a"), ord("z")),),
    ((ord("0"), ord("9")),),
    ((ord(" "), ord(" ")),),
    ((ord("\t"), ord("\r")), (ord(" "), ord(" "))),
    ((ord("\n"), ord("\n")),),
    ((ord("\r"), ord("\r")),),
    ((ord("'"), ord("'")),),
    ((ord("/"), ord("/")),),
    (CONTINUED,),
    (HIGH,),
    ((END, END),),
)


@inlined
def _block(text, i, lines, classes, before):
    """Return the masks of the 64 bytes at i.

    Args: before: `top` of upper, lower, L, M, N and W in the block before.
    Returns: upper, lower, L, M, N, S, W, R, F; `last`: first bytes of white space characters above
             0x7F that something follows; apostrophes; slashes; bytes that continue a character;
             bytes above 0x7F.
    """
    upper, lower, N, S, W, feeds, R, quotes, slashes, continued, high, F = _ascii(text, i)
    L, M, last = upper | lower, _0, _0
    if high:
        wide_upper, wide_lower, wide_L, wide_M, wide_N, wide_W = _0, _0, _0, _0, _0, _0
        leads = high & ~continued & ~F
        while leads:
            k = lowest_bit(leads)
            place = np.uint64(k)
            leads &= leads - _1
            kind = np.uint64(classes[code_point(text, i + k)])
            wide_L |= (kind & _1) << place
            wide_N |= (kind >> _NUMBER_BIT & _1) << place
            wide_upper |= (kind >> _UPPER_BIT & _1) << place
            wide_lower |= (kind >> _LOWER_BIT & _1) << place
            wide_M |= (kind >> _MARK_BIT & _1) << place
            if kind & _SPACE:
                wide_W |= _1 << place
                if ends_white_space(text, i + k, classes):
                    last |= _1 << place
        before_upper, before_lower, before_L, before_M, before_N, before_W = before
        upper |= spread(wide_upper, continued, before_upper)
        lower |= spread(wide_lower, continued, before_lower)
        L |= spread(wide_L, continued, before_L)
        M |= spread(wide_M, continued, before_M)
        N |= spread(wide_N, continued, before_N)
        W |= spread(wide_W, continued, before_W)
    if lines:
        F |= feeds
        W &= ~feeds
    else:
        R |= feeds
    return upper, lower, L, M, N, S, W, R, F, last, quotes, slashes, continued, high


@inlined
def _symbols(X, M, S, R, slashes, continued, prev_X, prev_S, prev_taken, prev_eaten):
    """Return what runs of symbols take, and what they eat behind that (see `o200k.py`).

    A slash that is eaten begins no run, and what is eaten depends on the runs: taken in turns until
    both agree. As a bit depends on lower bits alone, they come to.
    """
    P, Q = X | M, R | slashes
    eaten = _0
    while True:
        symbols = X & ~eaten
        first = symbols & ~continued & (after(symbols, prev_X) | after(S, prev_S))
        free = P & ~eaten
        taken = reach(first | prev_taken, free)
        fed = R & (after(symbols | taken, prev_X | prev_taken)) | prev_eaten
        found = reach(fed, Q)
        if found & slashes == eaten & slashes:
            return taken, found
        eaten = found


@inlined
def _cases(upper, lower, B, breaks, prev_low, prev_high):
    """Return where upper case begins a word, and where it may.

    Args: breaks: first bytes behind contractions; prev_low, prev_high: `top` of lower case with the
          B behind it, and of other B.
    Returns: the former; the latter; lower case with the B behind it; other B.
    """
    through = lower | B & ~breaks
    low = reach(lower | prev_low, through) | lower
    other = B & ~low
    return upper & after(low, prev_low), upper & after(other, prev_high), low, other


@inlined
def _contractions(text, i, quotes, T, prev_T, breaks):
    """Return the bytes of contractions behind words, in this block and the next; and `breaks`.

    Args: quotes: apostrophes; breaks: first bytes behind contractions so far.
    Returns: the bytes, here and in the next block; the first bytes behind them, likewise.
    """
    inside, next_inside, next_breaks = _0, _0, _0
    quotes &= after(T, prev_T)
    while quotes:
        k = lowest_bit(quotes)
        place = np.uint64(k)
        quotes &= quotes - _1
        if breaks >> place & _1:
            continue
        length = contraction_of_any_case(text, i + k)
        if length:
            inside |= below(length) << place
            if k + length < WIDTH:
                breaks |= _1 << np.uint64(k + length)
            else:
                next_inside = below(k + length - WIDTH)
                next_breaks = _1 << np.uint64(k + length - WIDTH)
    return inside, next_inside, breaks, next_breaks


@kernel
def o200k_starts(text, n, lines, classes, starts):
    """Write where each piece of `text[:n]` begins; see `blocks.py`. classes: `gpt_classes()`."""
    count = i = _START
    prev_T, prev_N, prev_X, prev_S, prev_V, prev_F = _0, _0, _0, _0, _0, _0
    prev_single, prev_taken, prev_eaten, prev_left, prev_loose = _0, _0, _0, _0, _0
    prev_low, prev_other, inside, breaks = _0, _0, _0, _0
    phase, is_open, words_open = _START, False, False
    (
        upper, lower, L, M, N, S, W, R, F, last, quotes, slashes, continued, high,
    ) = _block(text, i, lines, classes, (_0, _0, _0, _0, _0, _0))  # fmt: skip
    while i < n:
        (
            next_upper, next_lower, next_L, next_M, next_N, next_S, next_W, next_R, next_F,
            next_last, next_quotes, next_slashes, next_continued, next_high,
        ) = _block(
            text, i + WIDTH, lines, classes,
            (top(upper), top(lower), top(L), top(M), top(N), top(W)),
        )  # fmt: skip
        wanted = below(n - i)
        X, V = ~(L | M | N | W | F), W & ~R
        if is_open:
            take_back, is_open = settle_open(V, R)
            count -= take_back

        taken, eaten = _symbols(
            X, M, S, R, slashes, continued, prev_X, prev_S, prev_taken, prev_eaten
        )
        T = L | M & ~taken
        X_begins = X & ~(continued | taken | eaten)
        single = spread(X_begins, continued, prev_single)
        begins = X_begins | T & ~(after(T, prev_T) | after(V, prev_V) | after(single, prev_single))

        next_inside, next_breaks = _0, _0
        if quotes:
            more, next_inside, breaks, next_breaks = _contractions(
                text, i, quotes, T, prev_T, breaks
            )
            inside |= more
        B = T & ~(upper | lower)
        capitals, perhaps, low, other = _cases(upper, lower, B, breaks, prev_low, prev_other)
        bad_case = T & ~upper
        if words_open:
            take_back, words_open = settle_open(upper, bad_case)
            count -= take_back
        perhaps &= wanted
        if perhaps:
            perhaps, words_open = settle(perhaps, upper, bad_case)
        begins = (begins | capitals | perhaps) & ~inside | breaks

        groups, phase = threes(N, continued, prev_N, phase)
        begins |= groups
        followed = ~((W | F) >> _1 | (next_W | next_F) << _63)
        last |= W & followed & ~high
        certain, soft = white_space_starts(W, R, eaten, last, prev_left, prev_loose)
        begins |= certain
        kept, more = settle(soft & wanted, V, R)
        begins |= kept
        is_open |= more
        if lines:
            begins |= F | after(F, prev_F)
        count = write_starts(begins & wanted, _0, i, starts, count)

        prev_T, prev_N, prev_X, prev_S, prev_V = top(T), top(N), top(X & ~eaten), top(S), top(V)
        prev_F, prev_single, prev_taken, prev_eaten = top(F), top(single), top(taken), top(eaten)
        prev_left, prev_loose = top(W & ~eaten), top(R & ~eaten)
        prev_low, prev_other = top(low), top(other)
        inside, breaks = next_inside, next_breaks
        upper, lower, L, M, N, S = next_upper, next_lower, next_L, next_M, next_N, next_S
        W, R, F, last, quotes = next_W, next_R, next_F, next_last, next_quotes
        slashes, continued, high = next_slashes, next_continued, next_high
        i += WIDTH
    if is_open:
        take_back, is_open = settle_open(W & ~R, R)
        count -= take_back | is_open
    if words_open:
        take_back, words_open = settle_open(upper, (L & ~upper) | M)
        count -= take_back | words_open
    return count
