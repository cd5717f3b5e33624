"""What `\\w` is to the Hugging Face library: the characters of words, Unicode 16.0.

Letters and marks, the numbers that are digits or letters, and a few more.

Source: Unicode Technical Standard 18, annex C (`\\p{Alphabetic}`, M, Nd, Pc, Join_Control).
"""

from functools import cache

from toktools.unicode.case import marks
from toktools.unicode.tables import as_character_class, letters, ranges

_NUMBERS_IN_WORDS = """\
1c-9 17q-9 3q-9 5i-9 bg-9 3a-9 3a-9 3a-9 3a-9 3a-9 3a-9 3a-9 3a-9 3a-9 2o-9 3a-9 1y-9 7q-9 1y-9
190-2 6n-9 12-9 8c-9 3k-9 4m-9 6-9 52-9 2e-9 3q-9 6-9 zq-y 2-3 2v2 p-8 e-2 nad-9 58-9 dc-9 12-9
5i-9 m-9 2e-9 ba-9 geu-9 fa-1g cs 8 3q-4 5m-9 1om-9 6-9 m4-9 3k-9 1o-9 40-9 7q-9 9i-9 3a-9 ae-9
2u-9 6-j 24-9 bq-9 2u-9 ie-9 2e-9 6u-9 1y-9 bq-9 x2-32 c01-9 1t2-9 2e-9 3q-9 eu-9 iuu-9 250-1d
1ts-9 bq-9 dy-9 6v-9 np-9 3o6-9
"""
"""General categories Nd and Nl: 996 code points."""

_OTHERS = (
    "_\u200c\u200d\u203f\u2040\u2054\u24b6-\u24e9\ufe33\ufe34\ufe4d-\ufe4f\uff3f"
    "\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189"
)
"""Connectors, the two joiners, and letters in circles and squares."""


@cache
def word_characters() -> str:
    """Return the characters of words, as ranges ready for a character class."""
    return letters() + marks() + as_character_class(ranges(_NUMBERS_IN_WORDS)) + _OTHERS
