"""What the Hugging Face normalizers know of Unicode: parts of them stand still at old versions.

Its normal forms are those of Unicode 10 or so: a code point that came later neither decomposes nor
composes nor is put in order. Its accents are two sets, one for `StripAccents`, a smaller one for
BERT's clean-up (Unicode 8). The encoding of the tables is that of `tables.py`; the tests
compare each with the library, code point by code point.
"""

from functools import cache

from toktools.unicode.tables import as_character_class, ranges

_LATE = """\
120 1e-1 1n-1 fn 49-8 16-9 8a fx 72-1 al 1ne q1-1d lh-4 iq-2 3mn n3l-3 1j n0 hun 8 7 9 bg-4 1-15
1-d 12c-3 1t-4 8t-1 u-4 w-b 1-2 1y-a 1d-3 6i ju 1z 1 8 2 12 2 6 2 1-2 4-2 3x re-1 6t 7 4-1 4 4c 2b
i 29 iw 1-1 29 bt-1 d0b-b 5 2ev-3 hx-1 cvl-3 5gv-z tp-1 87-2 8-1 2 w-1 tg 1ri 1j-1e 1c-1p x 4g-6
af 1p-3 e4-3 72-1 6r 2 7-1 5 22e 22r-9
"""
"""Code points that Unicode 18 decomposes, composes or orders, not the library: 460."""

_ACCENTS = """\
lc-33 7n-6 7b-18 1 1-1 1-1 1 20-a 1c-k g 2t-6 2-5 2-1 1-3 z u-q 2j-a 1m-8 y-3 1-8 1-2 1-4 17-2
3c-d 1-w 1i-2 1-h 1-6 a-1 t-2 1k 1-6 2-1 2-2 9 a-1 t-2 1k 1-4 4-1 2-2 3 u-1 3 b-2 1k 1-7 1-2 1-2
k-1 t-2 1k 1-6 2-1 2-2 8-1 a-1 u 1n-4 3-2 1-3 9 14-3 1m-6 1-2 1-3 7-1 b-1 t-2 1k 1-6 1-2 1-3 7-1
b-1 t-2 1m-6 1-2 1-3 9 a-1 u-1 1y 4-5 1 1-7 i-1 1p 2-6 c-7 2q 2-5 1-1 b-5 22-1 r 1 1 4-1 1d-j 1-1
5-a 1-z 9 2s-j n-3 4-2 1-2 2-6 3-3 d-b 1 a-3 jj-2 qa-2 t-2 t-1 u-1 1s-v 9 19-2 3b-1 y 3a-b 4-b
63-4 1l-9 1-s 2 1c-e 1t-4 1b-g 12-8 c-2 u-c 1k-d 1c-j 48-2 1-k 4 4-2 3-1 5i-1h 5-4 k0-w 2da-2 3x
2o-v fe-5 2x-1 n9w-3 1-9 w-1 28-1 7k 3 4 n-4 2g-1 1e-h q-h 1g-7 p-c 18-3 1b-d 10 1v-d c 8-1 19-2
1e 1-2 2-1 5-1 1 15-4 5-1 6k-7 1-1 fn4 kh-f g-f r1 6a 45-4 1ae-2 1-1 5-3 14-2 4 4l-1 109-2 1h-e
1k-3 19-a 1x-2 10-d 1q c-2 1c-d 9-2 2n-b 6 4g-b l-3 1k 1-6 2-1 2-2 9 a-1 2-6 3-4 5c-h 2x-j 6j-6
2-8 r-1 2a-g 2y-c 2t-e zn-7 1-7 2a-l 1-d fg9-4 1n-6 t6-19 g-3 f7u-1 43q-4 3-5 8-7 2-6 u-3 44-2
1iz-1i 4-1d 8 e m-4 1-e 11s-6 1-g 2-6 1-1 1-4 1ph-6 31-6 gzhx-6n
"""
"""Category M as `StripAccents` knows it: 2,097 code points."""

_BERT_ACCENTS = """\
lc-33 7n-4 7d-18 1 1-1 1-1 1 20-a 1c-k g 2t-6 2-5 2-1 1-3 z u-q 2j-a 1m-8 y-3 1-8 1-2 1-4 17-2
3r-v 1j 1 4-7 4 3-6 a-1 t 1m 4-3 8 k-1 t-1 1l 4-1 4-1 2-2 3 u-1 3 b-1 1l 4-4 1-1 4 k-1 t 1m 2 1-3
8 8 b-1 u 1p c 1e 1p-2 5-2 1-3 7-1 b-1 t 1m 2 6 5-1 k-1 t 1r-3 8 k-1 2u 7-2 1 2i 2-6 c-7 2q 2-5
1-1 b-5 22-1 r 1 1 1j-d 1-4 1-1 5-a 1-z 9 2u-3 1-5 1-1 2-1 p-1 4-2 g-3 d 2-1 6 f jj-2 qa-2 t-2 t-1
u-1 1s-1 1-6 8 2-a 9 19-2 4b 3a-2 4-1 9 6-2 63-1 2 1m 1-6 1 1 2-7 6-9 2 1c-d 1u-3 1c 1-4 1 5 14-8
c-1 w-3 2-1 1-2 1k 1-1 3 1-2 1m-7 2-1 48-2 1-c 1-6 4 6 3-1 5i-1h 6-3 k0-c 4 3-b 2da-2 3x 2o-v fe-3
2z-1 n9w 4-9 w-1 28-1 7k 3 4 p-1 4d r-h 1g-7 p-a 1a-2 1c 2-3 2 14 1v-5 2-1 2-1 c 8 1b 1f 1-2 2-1
5-1 1 16-1 8 6m 2 4 fn4 kh-f g-f r1 6a 45-4 1ae-2 1-1 5-3 14-2 4 4l-1 10a 1i-e 1k-2 1d-3 2-1 1x-2
10-4 1-7 1q c-1 1g-8 b-2 2q-2 2 1-1 4n 3-7 l-1 1m 3 11-6 3-4 8u-5 1 4-1 1-1 6m-3 6-1 1-1 r-1 2d-7
2 1-1 2y 1 2-5 1 2t-2 2-3 1-4 gjo-4 1n-6 uw-3 f7u-1 43s-2 h-7 2-6 u-3 44-2 1iz-1i 4-1d 8 e m-4 1-e
2sg-6 gzl5-6n
"""
"""Category Mn of Unicode 8.0, which BERT's clean-up removes: 1,567 code points."""

_BERT_CONTROL = """\
0-8 2-1 1-h 2n-w d 11u-5 m 5c 1d 3cu 1ks-4 q-4 1d-4 1-9 11u8-4xr 16n 6x-2 1 3b3 xya-3 43z-7 h406
u-2n 1egw-1ekd 2-1ekd
"""
"""Categories Cc, Cf and Co, and U+FFFD, which BERT's clean-up drops: 137,681."""

BERT_SPACE = "\t\n\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space that BERT's clean-up makes a space; the rest of it counts as control characters."""

CHINESE = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b81f"
    "\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f"
)
"""The blocks that BERT's clean-up sets apart. (U+2B820 to U+2B91F is left out there too.)"""


@cache
def late() -> str:
    """Return the code points without normalization data in the library, for a character class."""
    return as_character_class(ranges(_LATE))


@cache
def accents() -> str:
    """Return what `StripAccents` removes, for a character class."""
    return as_character_class(ranges(_ACCENTS))


@cache
def bert_accents() -> str:
    """Return the accents that BERT's clean-up removes, for a character class."""
    return as_character_class(ranges(_BERT_ACCENTS))


@cache
def bert_control() -> str:
    """Return the characters that BERT's clean-up drops, for a character class."""
    return as_character_class(ranges(_BERT_CONTROL))
