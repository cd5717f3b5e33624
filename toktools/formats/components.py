"""The normalizers and pretokenizers of `tokenizer.json`, one by one, to and from ours."""

from __future__ import annotations

from typing import Any

from toktools.errors import ToktoolsError
from toktools.normalizers import Lowercase, Normalizer
from toktools.pretokenizers import Gpt2Split, Pretokenizer, PunctuationSplit, WhitespaceSplit

Json = dict[str, Any]

_GPT2_REGEX = (
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # as `Gpt2Split`
)


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
    return _split(r"[\s\S]")


def _split(pattern: str) -> Json:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }


_PRETOKENIZERS: list[tuple[Pretokenizer, Json]] = [
    (WhitespaceSplit(), {"type": "WhitespaceSplit"}),
    (PunctuationSplit(), {"type": "BertPreTokenizer"}),
    (Gpt2Split(), _split(_GPT2_REGEX)),
    (Gpt2Split(), byte_level(use_regex=True)),
]


def write_pretokenizer(pretokenizer: Pretokenizer) -> Json:
    """Return the component that cuts as `pretokenizer` does."""
    for known, component in _PRETOKENIZERS:
        if known == pretokenizer:
            return component
    raise ToktoolsError(f"{pretokenizer!r} cannot be written as tokenizer.json")


def read_pretokenizer(component: Any) -> Pretokenizer:
    """Return the pretokenizer that this component stands for."""
    for pretokenizer, known in _PRETOKENIZERS:
        if known == component:
            return pretokenizer
    raise ToktoolsError(f"has a pre_tokenizer that toktools does not know: {component!r:.100}")


def write_normalizer(normalizer: Normalizer | None) -> Json | None:
    """Return the component that rewrites as `normalizer` does."""
    if normalizer is None:
        return None
    if normalizer == Lowercase():
        return {"type": "Lowercase"}
    raise ToktoolsError(f"{normalizer!r} cannot be written as tokenizer.json")


def read_normalizer(component: Any) -> Normalizer | None:
    """Return the normalizer that this component stands for."""
    if component is None:
        return None
    if component == {"type": "Lowercase"}:
        return Lowercase()
    raise ToktoolsError(f"has a normalizer that toktools does not know: {component!r:.100}")
