"""BERT's clean-up: four steps, each of which may be left out.

Differs from `unicode.py` in its accents, which are those of an older Unicode, and in its spaces.

Source: Devlin et al. 2019, arXiv:1810.04805, the basic tokenizer of the released code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from toktools.normalizers.basic import (
    Lowercase,
    Normalizer,
    NormalizerSequence,
    each_character,
)
from toktools.normalizers.unicode import UnicodeForm
from toktools.unicode.history import BERT_SPACE, CHINESE, bert_accents, bert_control


@dataclass(frozen=True)
class BertCleanup:
    """Cleans text as BERT's tokenizers do; the options are those of the library's BertNormalizer.

    Args:
        clean_text: drop control characters, and make every white space " ".
        handle_chinese_chars: put spaces around Chinese characters.
        strip_accents: decompose, and drop non-spacing marks; None follows `lowercase`.
        lowercase: lowercase each character.
    Example:
        >>> BertCleanup().normalize("Ça\\tva 好")
        'ca va  好 '
    """

    clean_text: bool = True
    handle_chinese_chars: bool = True
    strip_accents: bool | None = None
    lowercase: bool = True

    def normalize(self, text: str) -> str:
        return self._steps().normalize(text)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        return self._steps().normalize_aligned(text)

    def _steps(self) -> NormalizerSequence:
        strip = self.lowercase if self.strip_accents is None else self.strip_accents
        return _sequence(self.clean_text, self.handle_chinese_chars, strip, self.lowercase)


@cache
def _sequence(clean: bool, chinese: bool, strip: bool, lowercase: bool) -> NormalizerSequence:
    steps: list[Normalizer] = []
    if clean:
        steps.append(_Substitute(f"[{bert_control()}]", ""))
        steps.append(_Substitute(f"[{BERT_SPACE}]", " "))
    if chinese:
        steps.append(_Substitute(f"[{CHINESE}]", lambda match: f" {match[0]} "))
    if strip:
        steps += [UnicodeForm("NFD"), _Substitute(f"[{bert_accents()}]", "")]
    if lowercase:
        steps.append(Lowercase())
    return NormalizerSequence(*steps)


class _Substitute:
    """Replaces single characters of a class."""

    def __init__(self, pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> None:
        self._pattern, self._replacement = re.compile(pattern), replacement

    def normalize(self, text: str) -> str:
        return self._pattern.sub(self._replacement, text)

    def normalize_aligned(self, text: str) -> tuple[str, list[int]]:
        return each_character(text, self.normalize)
