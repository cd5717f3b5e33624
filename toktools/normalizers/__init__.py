"""How a tokenizer rewrites text before it cuts it, and where each character came from.

A normalizer belongs to a tokenizer and makes it lossy. To compare tokenizers fairly, normalise the
corpus instead (`open_corpus(..., normalize=...)`), so that all of them see the same text. Every
class here is a value, and rewrites as the Hugging Face normalizer of its kind does.
"""

from __future__ import annotations

from collections.abc import Sequence

from toktools.errors import lookup
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

NORMALIZERS: dict[str, Normalizer] = {
    "nfc": UnicodeForm("NFC"),
    "nfd": UnicodeForm("NFD"),
    "nfkc": UnicodeForm("NFKC"),
    "nfkd": UnicodeForm("NFKD"),
    "lowercase": Lowercase(),
    "strip-accents": NormalizerSequence(UnicodeForm("NFD"), StripAccents()),
    "bert": BertCleanup(),
    "bert-cased": BertCleanup(lowercase=False),
}
"""The names by which options speak of them; "strip-accents" decomposes first."""

NormalizerLike = Normalizer | str | Sequence[Normalizer | str]
"""What options take: a normalizer, its name, or several of these, one after the other."""


def normalizer(wanted: NormalizerLike) -> Normalizer:
    """Return the normalizer of that name, or the sequence of several.

    Raises: ToktoolsError, with the closest name, where there is none.
    Example:
        >>> normalizer(["nfkc", "lowercase"]).normalize("ﬁ A")
        'fi a'
    """
    if isinstance(wanted, str):
        return lookup(wanted, NORMALIZERS, what="normalizer")
    if isinstance(wanted, Sequence):
        parts = [normalizer(part) for part in wanted]
        return parts[0] if len(parts) == 1 else NormalizerSequence(*parts)
    return wanted
