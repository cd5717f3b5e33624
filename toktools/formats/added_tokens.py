"""The added tokens of a `tokenizer.json`: which of them ours finds in text as the library does.

The library looks for them in two rounds, first those that are not `normalized`, and gives what it
finds ids of its own; what is left is rewritten and cut, and the model may find a token's string
there once more. Ours looks once, and its models never find such a string. Where that makes a
difference, the file is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from toktools.errors import ToktoolsError, UnsupportedError
from toktools.formats.steps import Steps


class AddedToken(NamedTuple):
    """A string that is found in text before anything else, and its id."""

    content: str
    id: int
    normalized: bool


def read_added_tokens(tokens: Any, vocab: dict[str, Any], no_normalizer: bool) -> list[AddedToken]:
    """Return the added tokens of a file.

    Raises: UnsupportedError, naming the token, if ours would not find the same; ToktoolsError if
            one is not described, or has another id than in the library.
    """
    if tokens is None:
        return []
    if not isinstance(tokens, list):
        raise ToktoolsError(f"'added_tokens' must be a JSON array, got {tokens!r:.60}")
    read = [_read(token, no_normalizer) for token in tokens]
    _require_ids(read, vocab)
    _require_one_round(read)
    return read


def _read(token: Any, no_normalizer: bool) -> AddedToken:
    match token:
        case {"content": str(content), "id": int(id)} if content and not isinstance(id, bool):
            for option in ("lstrip", "rstrip", "single_word"):
                if token.get(option):
                    raise UnsupportedError(
                        f"has an added token {content!r:.60} with {option}, which toktools has not"
                    )
            normalized = bool(token.get("normalized", False))
            if normalized and not no_normalizer:
                raise UnsupportedError(
                    f"has an added token {content!r:.60} that is looked for in normalized text; "
                    "toktools looks for them before it normalizes"
                )
            return AddedToken(content, id, normalized)
    raise ToktoolsError(f"an added token must have a content and an id, got {token!r:.60}")


def _require_ids(added: Iterable[AddedToken], vocab: dict[str, Any]) -> None:
    """Raise ToktoolsError where the library would number them in another way."""
    seen: set[str] = set()
    following = len(vocab)
    for token in added:
        if token.content in seen:
            raise ToktoolsError(f"the added token {token.content!r:.60} stands there twice")
        seen.add(token.content)
        expected = vocab.get(token.content, following)
        if expected != token.id:
            raise ToktoolsError(
                f"the added token {token.content!r:.60} must have the id {expected!r:.60} (those "
                f"that the model has not follow its own, in order), got {token.id}"
            )
        following += token.content not in vocab


def _require_one_round(added: list[AddedToken]) -> None:
    """Raise UnsupportedError if the order of the two rounds can matter: where strings overlap."""
    second = [token.content for token in added if token.normalized]
    for first in (token.content for token in added if not token.normalized):
        for other in second:
            if _overlap(first, other):
                raise UnsupportedError(
                    f"has the added tokens {first!r:.60} and {other!r:.60}, which overlap and "
                    "of which one is 'normalized'; toktools looks for both at once"
                )


def _overlap(a: str, b: str) -> bool:
    """Whether an occurrence of one may share characters with one of the other."""
    return (
        a in b
        or b in a
        or any(a.endswith(b[:n]) or b.endswith(a[:n]) for n in range(1, min(len(a), len(b))))
    )


def require_apart(
    vocab: dict[str, Any], added: list[AddedToken], steps: Steps, unk: str | None, *, within: bool
) -> None:
    """Raise UnsupportedError if the model can find a special token's string in ordinary text.

    Args: unk: the unknown token, special even if it is not added. within: whether the model looks
          for it within pieces too (an unknown word is unknown all the same if it is spelled so).
    """
    names = {token.content for token in added}
    if steps.normalizer is not None:
        for name in names & vocab.keys() - ({unk} if not within else set()):
            if steps.pretokenizer.split(name) == [name]:
                raise UnsupportedError(
                    f"has an added token {name!r:.60} among the tokens of its model, which "
                    "the normalizer can make of other text; toktools keeps the two apart"
                )
    spelled = unk if within and unk not in names else None
    if spelled is not None and steps.pretokenizer.split(spelled) == [spelled]:
        raise UnsupportedError(
            f"has the unknown token {unk!r:.60} in its model but not among the added tokens, "
            "so that text can spell it; toktools keeps the two apart"
        )
