"""The normalizers of `tokenizer.json`, one by one, to and from ours."""

from __future__ import annotations

from typing import Any

from toktools.errors import ToktoolsError, UnsupportedError
from toktools.formats.components import require_same_meaning
from toktools.normalizers import (
    BertCleanup,
    Lowercase,
    NmtCleanup,
    Normalizer,
    NormalizerSequence,
    Prepend,
    RegexReplace,
    Replace,
    SpellBytes,
    Strip,
    StripAccents,
    UnicodeForm,
)

Json = dict[str, Any]


def write_normalizer(normalizer: Normalizer | None) -> Json | None:
    """Return the component that rewrites as `normalizer` does."""
    match normalizer:
        case None:
            return None
        case Lowercase():
            return {"type": "Lowercase"}
        case StripAccents():
            return {"type": "StripAccents"}
        case UnicodeForm(form):
            return {"type": form}
        case Replace(old, new):
            return {"type": "Replace", "pattern": {"String": old}, "content": new}
        case RegexReplace(pattern, new):
            require_same_meaning(pattern)
            return {"type": "Replace", "pattern": {"Regex": pattern}, "content": new}
        case Prepend(prefix):
            return {"type": "Prepend", "prepend": prefix}
        case Strip(left, right):
            return {"type": "Strip", "strip_left": left, "strip_right": right}
        case NmtCleanup():
            return {"type": "Nmt"}
        case SpellBytes():
            return {"type": "ByteLevel"}
        case BertCleanup():
            return {"type": "BertNormalizer", **vars(normalizer)}
        case NormalizerSequence():
            parts = [part for part in map(write_normalizer, normalizer.parts) if part is not None]
            return {"type": "Sequence", "normalizers": parts}
    raise ToktoolsError(f"{normalizer!r} cannot be written as tokenizer.json")


def read_normalizer(component: Any) -> Normalizer | None:
    """Return the normalizer that this component stands for.

    Raises: UnsupportedError, naming the component, if there is none.
    """
    if component is None:
        return None
    match component:
        case {"type": "Lowercase"}:
            return Lowercase()
        case {"type": "StripAccents"}:
            return StripAccents()
        case {"type": "NFC" | "NFD" | "NFKC" | "NFKD" as form}:
            return UnicodeForm(form)
        case {"type": "Replace", "pattern": {"String": str(old)}, "content": str(new)} if old:
            return Replace(old, new)
        case {"type": "Replace", "pattern": {"Regex": str(pattern)}, "content": str(new)}:
            require_same_meaning(pattern)
            return RegexReplace(pattern, new)
        case {"type": "Prepend", "prepend": str(prefix)}:
            return Prepend(prefix)
        case {"type": "Strip", "strip_left": bool(left), "strip_right": bool(right)}:
            return Strip(left, right)
        case {"type": "Nmt"}:
            return NmtCleanup()
        case {"type": "ByteLevel"}:
            return SpellBytes()
        case {
            "type": "BertNormalizer",
            "clean_text": bool(clean),
            "handle_chinese_chars": bool(chinese),
            "strip_accents": bool() | None as strip,
            "lowercase": bool(lowercase),
        }:
            return BertCleanup(clean, chinese, strip, lowercase)
        case {"type": "Sequence", "normalizers": [*parts]}:
            read = [part for part in map(read_normalizer, parts) if part is not None]
            return NormalizerSequence(*read)
    raise UnsupportedError(f"has a normalizer that toktools does not know: {component!r:.100}")
