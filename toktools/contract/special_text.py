"""Special-token strings in text: which count as tokens, which are text, and which are refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from toktools.errors import ToktoolsError
from toktools.vocabulary import Vocabulary

Special = Collection[str] | Literal["all"]
"""Special-token strings, or all that the tokenizer has."""


def sections(
    text: str, vocabulary: Vocabulary, allowed: Special, disallowed: Special = ()
) -> Iterator[tuple[int, int, int | None]]:
    """Yield (start, end, special id or None) for each special token and each stretch between.

    The longest special token wins where several begin at one place.

    Args:   allowed: strings that count as special tokens.
            disallowed: strings that must not occur; "all" means all that are not allowed.
    Raises: ToktoolsError at a string that must not occur, or one that is no special token.
    """
    if not allowed and not disallowed:  # as nearly always
        if text:
            yield 0, len(text), None
        return
    names = _names(allowed, vocabulary, "allowed_special")
    refused = _names(disallowed, vocabulary, "disallowed_special")
    if disallowed == "all":
        refused -= names
    if refused and (match := _any_of(refused).search(text)):
        raise ToktoolsError(_refusal(match[0], match.start()))
    position = 0
    if names:
        for match in _any_of(names).finditer(text):
            if match.start() > position:
                yield position, match.start(), None
            yield match.start(), match.end(), vocabulary.ids[match[0]]
            position = match.end()
    if position < len(text):
        yield position, len(text), None


def _names(given: Special, vocabulary: Vocabulary, option: str) -> set[str]:
    special = list(vocabulary.special)
    if given == "all":
        return set(special)
    if isinstance(given, str):
        raise ToktoolsError(
            f"{option} must be a set of strings or 'all', got a string; pass {{{given!r}}}"
        )
    unknown = set(given) - set(special)
    if unknown:
        raise ToktoolsError(
            f"{min(unknown)!r} is not a special token of this tokenizer; "
            f"it has {', '.join(map(repr, special)) or 'none'}"
        )
    return set(given)


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))


def _refusal(name: str, position: int) -> str:
    """Return what was found where, and each remedy as code to paste."""
    return (
        f"text must not hold the special token {name!r}, found at character {position}; to encode "
        f"it as that token: allowed_special={{{name!r}}}, disallowed_special='all'; as text: "
        f"disallowed_special=set(tokenizer.vocabulary.special) - {{{name!r}}}; "
        "to take every special token as text: disallowed_special=()"
    )
