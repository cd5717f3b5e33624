"""The pretokenizers of `tokenizer.json`, one by one, to and from ours."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from toktools.errors import ToktoolsError, UnsupportedError
from toktools.pretokenizers import (
    Cl100kSplit,
    DigitSplit,
    Gpt2Split,
    Llama3Split,
    MetaspaceSplit,
    O200kSplit,
    Pretokenizer,
    PunctuationMarkSplit,
    PunctuationSplit,
    Qwen2Split,
    RegexSplit,
    SplitSequence,
    StringSplit,
    WhitespaceSplit,
    WholeText,
    WordSplit,
)
from toktools.pretokenizers.custom import Behavior, compile_pattern

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
    (WordSplit(), {"type": "Whitespace"}),
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
        "behavior": _camel(behavior),
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
        case StringSplit(mark, behavior, invert):
            return _split({"String": mark}, behavior, invert)
        case PunctuationMarkSplit(behavior):
            return {"type": "Punctuation", "behavior": _camel(behavior)}
        case RegexSplit(pattern, behavior, invert):
            require_same_meaning(pattern)
            return _split({"Regex": pattern}, behavior, invert)
        case SplitSequence(parts):
            written = [write_pretokenizer(part) for part in parts]
            return _sequence([part for part in written if part is not None])
    raise ToktoolsError(f"{pretokenizer!r} cannot be written as tokenizer.json")


def read_pretokenizer(component: Any) -> Pretokenizer:
    """Return the pretokenizer that this component stands for.

    Raises: UnsupportedError, naming the component, if there is none.
    """
    for pretokenizer, known in _PRETOKENIZERS:
        if known == component:
            return pretokenizer
    match component:
        case {"type": "Sequence", "pretokenizers": [*parts]}:
            return SplitSequence(*map(read_pretokenizer, parts))
        case {"type": "Punctuation"}:
            return PunctuationMarkSplit(_behavior(component, "Isolated"))
        case {"type": "CharDelimiterSplit", "delimiter": str(mark)} if len(mark) == 1:
            return StringSplit(mark, "removed")
        case {"type": "Split", "pattern": {"Regex": str(pattern)}, "invert": bool(invert)}:
            behavior = _behavior(component)
            if pattern in _REGEXES and (behavior, invert) == ("isolated", False):
                return _REGEXES[pattern]
            require_same_meaning(pattern)
            return RegexSplit(pattern, behavior, invert)
        case {"type": "Split", "pattern": {"String": str(mark)}, "invert": bool(invert)} if mark:
            behavior = _behavior(component)
            if len(mark) == 1 and (behavior, invert) == ("merged_with_next", False):
                return MetaspaceSplit(mark)
            return StringSplit(mark, behavior, invert)
    raise UnsupportedError(f"has a pre_tokenizer that toktools does not know: {component!r:.100}")


def _behavior(component: Json, default: str | None = None) -> Behavior:
    """Return what becomes of the matches, in our spelling."""
    behavior = component.get("behavior", default)
    snake = re.sub("(?<!^)(?=[A-Z])", "_", behavior).lower() if isinstance(behavior, str) else ""
    if snake not in get_args(Behavior) or behavior != _camel(snake):
        raise ToktoolsError(f"has a {component['type']} pre_tokenizer of behavior {behavior!r:.60}")
    return cast("Behavior", snake)


def _camel(behavior: str) -> str:
    return behavior.title().replace("_", "")


def flat(component: Any) -> list[Any]:
    """Return the pre_tokenizers that a component stands for, one after the other."""
    match component:
        case None:
            return []
        case {"type": "Sequence", "pretokenizers": [*parts]}:
            return [each for part in parts for each in flat(part)]
    return [component]


def write_byte_level(pretokenizer: Pretokenizer) -> Json:
    """Return the component that cuts as `pretokenizer` does and then writes bytes."""
    if pretokenizer == Gpt2Split():
        return byte_level(use_regex=True)
    cut = write_pretokenizer(pretokenizer)
    return _sequence([*([] if cut is None else [cut]), byte_level(use_regex=False)])


_PROBES = ("", "a", "aB1 _-\n\t .é漢", "  ")


def require_same_meaning(pattern: str) -> None:
    """Raise UnsupportedError at what the library's engine and the `regex` package read apart."""
    found = re.search(r"(?<![\\\[])[\^$]|\\[bBhHGRKXyYOZ]|\(\?[a-zA-Z-]*[imsx]", pattern)
    if found:
        raise UnsupportedError(
            f"has a pattern {pattern!r:.60} that holds {found[0]!r}, "
            "which regular-expression libraries read in different ways"
        )
    matches = (match for text in _PROBES for match in compile_pattern(pattern)(text))
    if any(match.start() == match.end() for match in matches):
        raise UnsupportedError(
            f"has a pattern {pattern!r:.60} that matches nothing at all in some places, "
            "which regular-expression libraries treat in different ways"
        )


def _sequence(parts: list[Json]) -> Json:
    return {"type": "Sequence", "pretokenizers": parts}
