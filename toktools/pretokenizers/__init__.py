"""How text is cut before a model sees it: no token ever crosses such a cut.

Every class here is a value: two of the same kind and options are equal. `split` gives the pieces,
`split_spans` says where they stand. What lies between two pieces (white space, for some) is not
encoded. In reading order: `basic.py`, `gpt.py` (the cuts of published models), `custom.py` (a
user's own: digits, metaspace, a regular expression, one after the other), `marks.py` (at the ends
of words, punctuation, a string).
"""

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


def pretokenizer(name: str) -> Pretokenizer:
    """Return the pretokenizer of that name; ToktoolsError names the closest where there is none."""
    return lookup(name, PRETOKENIZERS, what="pretokenizer")()
