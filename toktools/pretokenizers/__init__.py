"""How text is cut before a model sees it: no token ever crosses such a cut.

Every class here is a value: two of the same kind and options are equal. `split` gives the pieces,
`split_spans` says where they stand. What lies between two pieces (white space, for some) is not
encoded. In reading order: `basic.py`, `gpt.py` (the cuts of published models), `custom.py` (a
user's own: digits, metaspace, a regular expression, one after the other), `marks.py` (at the ends
of words, punctuation, a string).
"""

from __future__ import annotations

from collections.abc import Sequence

from toktools.errors import lookup
from toktools.pretokenizers.basic import (
    Pretokenizer,
    PunctuationSplit,
    WhitespaceSplit,
    WholeText,
)
from toktools.pretokenizers.custom import DigitSplit, MetaspaceSplit, RegexSplit, SplitSequence
from toktools.pretokenizers.gpt import Cl100kSplit, Gpt2Split, Llama3Split, O200kSplit, Qwen2Split
from toktools.pretokenizers.marks import PunctuationMarkSplit, StringSplit, WordSplit

PRETOKENIZERS: dict[str, type[Pretokenizer]] = {
    "gpt2": Gpt2Split,
    "cl100k": Cl100kSplit,
    "o200k": O200kSplit,
    "llama3": Llama3Split,
    "qwen2": Qwen2Split,
    "whitespace": WhitespaceSplit,
    "punctuation": PunctuationSplit,
    "digits": DigitSplit,
    "metaspace": MetaspaceSplit,
    "none": WholeText,
}
"""The names by which options and files speak of them."""


PretokenizerLike = Pretokenizer | str | Sequence[Pretokenizer | str]
"""What options take: a pretokenizer, its name, or several of these, one after the other."""


def pretokenizer(wanted: PretokenizerLike) -> Pretokenizer:
    """Return the pretokenizer of that name, or the sequence of several.

    Raises: ToktoolsError, with the closest name, where there is none.
    Example:
        >>> pretokenizer(["whitespace", "digits"]).split("in 2019")
        ['in', '2', '0', '1', '9']
    """
    if isinstance(wanted, str):
        return lookup(wanted, PRETOKENIZERS, what="pretokenizer")()
    if isinstance(wanted, Sequence):
        parts = [pretokenizer(part) for part in wanted]
        return parts[0] if len(parts) == 1 else SplitSequence(*parts)
    return wanted
