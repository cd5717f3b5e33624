"""How a tokenizer rewrites text before it cuts it, and where each character came from.

A normalizer belongs to a tokenizer and makes it lossy. To compare tokenizers fairly, normalise the
corpus instead (`open_corpus(..., normalize=...)`), so that all of them see the same text. Every
class here is a value, and rewrites as the Hugging Face normalizer of its kind does.
"""

from toktools.normalizers.basic import (
    Lowercase,
    Normalizer,
    NormalizerSequence,
    Prepend,
    Replace,
)
from toktools.normalizers.bert import BertCleanup
from toktools.normalizers.marks import (
    EnsurePrefix,
    NmtCleanup,
    RegexReplace,
    SpellBytes,
    Strip,
)
from toktools.normalizers.unicode import StripAccents, UnicodeForm
