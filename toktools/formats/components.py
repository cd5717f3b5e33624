"""The normalizers and pretokenizers of `tokenizer.json`, one by one, to and from ours."""

from __future__ import annotations

import re
from typing import Any

from toktools.errors import ToktoolsError
from toktools.normalizers import (
    BertCleanup,
    Lowercase,
    Normalizer,
    NormalizerSequence,
    Prepend,
    Replace,
    StripAccents,
    UnicodeForm,
)
from toktools.pretokenizers import (
    Cl100kSplit,
    DigitSplit,
    Gpt2Split,
    Llama3Split,
    MetaspaceSplit,
    O200kSplit,
    Pretokenizer,
    PunctuationSplit,
    Qwen2Split,
    RegexSplit,
    SplitSequence,
    WhitespaceSplit,
    WholeText,
)

Json = dict[str, Any]

_CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_SYMBOLS = r" ?[^\s\p{L}\p{N}]+[\r\n]*"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_LLAMA3 = _CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + f"{_SYMBOLS}|{_SPACES}"
_REGEXES: dict[str, Pretokenizer] = {
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": Gpt2Split(),
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": Gpt2Split(),
    _LLAMA3: Llama3Split(),
    _LLAMA3.replace("{1,3}", ""): Qwen2Split(),
    _LLAMA3.replace(_SPACES, r"\s+\z|\s*[\r\n]|\s+(?!\S)|\s"): Cl100kSplit(),
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTION}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTION}?"
    rf"|\p{{N}}{{1,3}}|{_SYMBOLS.replace('n]*', 'n/]*')}|{_SPACES}": O200kSplit(),
    r"\p{N}{1,3}": DigitSplit(group=3),
    r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))": DigitSplit(group=3, from_right=True),
}
"""The published patterns, for each cut of ours the one that is written first."""

_PRETOKENIZERS: list[tuple[Pretokenizer, Json | None]] = [
    (WholeText(), None),
    (WhitespaceSplit(), {"type": "WhitespaceSplit"}),
    (PunctuationSplit(), {"type": "BertPreTokenizer"}),
    (DigitSplit(), {"type": "Digits", "individual_digits": True}),
    (DigitSplit(group=None), {"type": "Digits", "individual_digits": False}),
]


def byte_level(*, use_regex: bool) -> Json:
    """Return the component that writes bytes in GPT-2's alphabet, after GPT-2's cut or none."""
    return {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": use_regex,
    }


def one_character_each() -> Json:
    """Return the component that makes every character a piece."""
    return _split({"Regex": r"[\s\S]"})


def _split(pattern: Json, behavior: str = "isolated", invert: bool = False) -> Json:
    return {
        "type": "Split",
        "pattern": pattern,
        "behavior": behavior.title().replace("_", ""),
        "invert": invert,
    }


def write_pretokenizer(pretokenizer: Pretokenizer) -> Json | None:
    """Return the component that cuts as `pretokenizer` does."""
    for known, component in _PRETOKENIZERS:
        if known == pretokenizer:
            return component
    for pattern, known in _REGEXES.items():
        if known == pretokenizer:
            return _split({"Regex": pattern})
    match pretokenizer:
        case MetaspaceSplit(replacement):
            return _split({"String": replacement}, "merged_with_next")
        case RegexSplit(pattern, behavior, invert):
            _require_same_meaning(pattern)
            return _split({"Regex": pattern}, behavior, invert)
        case SplitSequence(parts):
            written = [write_pretokenizer(part) for part in parts]
            return _sequence("pretokenizers", [part for part in written if part is not None])
    raise ToktoolsError(f"{pretokenizer!r} cannot be written as tokenizer.json")


def read_pretokenizer(component: Any) -> Pretokenizer:
    """Return the pretokenizer that this component stands for."""
    for pretokenizer, known in _PRETOKENIZERS:
        if known == component:
            return pretokenizer
    match component:
        case {"type": "Sequence", "pretokenizers": [*parts]}:
            return SplitSequence(*map(read_pretokenizer, parts))
        case {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": str(behavior)}:
            invert = component.get("invert", False)
            if pattern in _REGEXES and (behavior, invert) == ("Isolated", False):
                return _REGEXES[pattern]
            _require_same_meaning(pattern)
            snake = re.sub("(?<!^)(?=[A-Z])", "_", behavior).lower()
            return RegexSplit(pattern, snake, invert)  # type: ignore[arg-type]
        case {"type": "Split", "pattern": {"String": str(mark)}, "behavior": "MergedWithNext"}:
            if len(mark) == 1 and not component.get("invert"):
                return MetaspaceSplit(mark)
    raise ToktoolsError(f"has a pre_tokenizer that toktools does not know: {component!r:.100}")


def write_byte_level(pretokenizer: Pretokenizer) -> Json:
    """Return the component that cuts as `pretokenizer` does and then writes bytes."""
    if pretokenizer == Gpt2Split():
        return byte_level(use_regex=True)
    cut = write_pretokenizer(pretokenizer)
    parts = [] if cut is None else [cut]
    return _sequence("pretokenizers", [*parts, byte_level(use_regex=False)])


def read_byte_level(component: Any) -> Pretokenizer | None:
    """Return the cut of a component that ends by writing bytes; None if it does not."""
    match component:
        case {"type": "ByteLevel", "add_prefix_space": False}:
            return Gpt2Split() if component.get("use_regex", True) else WholeText()
        case {"type": "ByteLevel"}:
            raise ToktoolsError(
                "has a ByteLevel pre_tokenizer with add_prefix_space, which toktools has not"
            )
        case {"type": "Sequence", "pretokenizers": [*parts, last]}:
            cut = read_byte_level(last)
            if cut is None:
                return None
            cuts = [*map(read_pretokenizer, parts), *([] if cut == WholeText() else [cut])]
            return cuts[0] if len(cuts) == 1 else SplitSequence(*cuts)
    return None


def _require_same_meaning(pattern: str) -> None:
    """Raise ToktoolsError at what the library's engine and the `regex` package read differently."""
    found = re.search(r"(?<![\\\[])[\^$]|\\[hHGRKXyYOZ]|\(\?[a-zA-Z-]*[imsx]", pattern)
    if found:
        raise ToktoolsError(
            f"has a Split pre_tokenizer whose pattern {pattern!r:.60} holds {found[0]!r}, "
            "which regular-expression libraries read in different ways"
        )


def _sequence(key: str, parts: list[Json]) -> Json:
    return {"type": "Sequence", key: parts}


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
        case Prepend(prefix):
            return {"type": "Prepend", "prepend": prefix}
        case BertCleanup():
            return {"type": "BertNormalizer", **vars(normalizer)}
        case NormalizerSequence():
            parts = [part for part in map(write_normalizer, normalizer.parts) if part is not None]
            return _sequence("normalizers", parts)
    raise ToktoolsError(f"{normalizer!r} cannot be written as tokenizer.json")


def read_normalizer(component: Any) -> Normalizer | None:
    """Return the normalizer that this component stands for."""
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
        case {"type": "Prepend", "prepend": str(prefix)}:
            return Prepend(prefix)
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
    raise ToktoolsError(f"has a normalizer that toktools does not know: {component!r:.100}")
