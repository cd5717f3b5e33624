"""The decoders of `tokenizer.json`: how the library puts tokens back together as ours do."""

from __future__ import annotations

import re
from typing import Any

from toktools.formats.components import byte_level
from toktools.training.marks import Marks
from toktools.unicode.byte_alphabet import spell

Json = dict[str, Any]


def fuse() -> Json:
    """Return the decoder that puts tokens side by side."""
    return {"type": "Fuse"}


def marked(marks: Marks, *, over_bytes: bool = False) -> Json:
    """Return the decoder that takes marks off and puts spaces in as `Marks.surface` does.

    Args: over_bytes: the tokens are bytes in GPT-2's alphabet, which has its own sign for a space.
    """
    steps: list[Json] = []
    if marks.prefix and marks.spaces:
        steps.append({"type": "WordPiece", "prefix": marks.prefix, "cleanup": False})
    elif marks.prefix:
        steps.append(_replace({"Regex": "^" + re.escape(marks.prefix)}, ""))
    if marks.spaces_behind:
        steps.append({"type": "BPEDecoder", "suffix": marks.suffix})
    elif marks.suffix:
        steps.append(_replace({"String": marks.suffix}, ""))
    if over_bytes:
        steps += [_replace({"String": " "}, spell(b" "))] if marks.spaces else []
        steps.append(byte_level(use_regex=False))
    if not steps:
        return fuse()
    return steps[0] if len(steps) == 1 else {"type": "Sequence", "decoders": steps}


def _replace(pattern: Json, content: str) -> Json:
    return {"type": "Replace", "pattern": pattern, "content": content}
