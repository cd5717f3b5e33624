"""Token <-> id, and the special tokens that stand outside the text.

Ids are positions: the special tokens come first, in the order PAD, EOS, ANY, then everything else
in the order that the tokenizer's trainer gives. Published vocabularies order theirs otherwise, and
some leave holes: ids that no token has.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from toktools.errors import ToktoolsError

_MOST_HOLES = 1 << 20  # more would rather be a mistake
_HOLE = ""


@dataclass(frozen=True, kw_only=True)
class SpecialTokens:
    """The strings of the special tokens; None where a tokenizer has no such token.

    Args:
        pad: fills the short rows of a batch; never scored.
        eos: stands for the end of a document (of a line, when documents are lines).
        any: stands for what the tokenizer cannot represent. Tokenizers that can represent every
            string have none.
        extra: further tokens that take an id and never come from ordinary text.

    Raises:
        ToktoolsError: if a string is empty or given twice.
    """

    pad: str | None = "<PAD>"
    eos: str | None = "<EOS>"
    any: str | None = "<ANY>"
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = list(self)
        if "" in names:
            raise ToktoolsError("a special token must not be empty; pass None to leave it out")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ToktoolsError(f"special tokens must differ, got {twice[0]!r} more than once")

    def __iter__(self) -> Iterator[str]:
        """Yield the tokens in id order: PAD, EOS, ANY, then the extra ones."""
        for name in (self.pad, self.eos, self.any, *self.extra):
            if name is not None:
                yield name

    def without_any(self) -> SpecialTokens:
        """Return the same tokens for a tokenizer that never fails."""
        return replace(self, any=None)

    @classmethod
    def none(cls) -> SpecialTokens:
        """Return an empty set, so that ids start with the first ordinary token."""
        return cls(pad=None, eos=None, any=None)


class Vocabulary:
    """An immutable, ordered set of tokens: the id of a token is its position.

    Args:
        tokens: every token, specials included, in id order; "" at an id that no token has.
        special: which of them are special.

    Raises:
        ToktoolsError: if a token occurs twice, a special token is not among them, or the last id
            has no token.

    Example:
        >>> vocabulary = Vocabulary(["<PAD>", "<EOS>", "<ANY>", "a"], SpecialTokens())
        >>> vocabulary.id("a"), vocabulary.token(0), vocabulary.eos_id, len(vocabulary)
        (3, '<PAD>', 1, 4)
        >>> Vocabulary(["a", "", "b"], SpecialTokens.none()).ids
        {'a': 0, 'b': 2}
    """

    def __init__(self, tokens: Iterable[str], special: SpecialTokens) -> None:
        self.tokens = tuple(tokens)
        self.special = special
        self.ids = dict(zip(self.tokens, range(len(self.tokens)), strict=True))
        self.ids.pop(_HOLE, None)
        if len(self.ids) != len(self.tokens) - self.tokens.count(_HOLE):
            twice = next(t for i, t in enumerate(self.tokens) if self.ids.get(t, i) != i)
            raise ToktoolsError(f"a vocabulary holds each token once, got {twice!r} twice")
        if self.tokens and self.tokens[-1] == _HOLE:
            raise ToktoolsError("the last id of a vocabulary must have a token, got '' there")
        for name in special:
            if name not in self.ids:
                raise ToktoolsError(f"special token {name!r} is not in the vocabulary")
        self.pad_id = self._special_id(special.pad)
        self.eos_id = self._special_id(special.eos)
        self.unk_id = self._special_id(special.any)
        self.special_ids = frozenset(self.ids[name] for name in special)

    @cached_property
    def ordinary_ids(self) -> dict[str, int]:
        """The ids of the tokens that are not special."""
        ids = dict(self.ids)
        for name in self.special:
            ids.pop(name, None)  # one may have two roles
        return ids

    def _special_id(self, name: str | None) -> int | None:
        return None if name is None else self.ids[name]

    def __len__(self) -> int:
        return len(self.tokens)

    def id(self, token: str) -> int:
        """Return the id of `token`; ToktoolsError names the nearest token where there is none."""
        try:
            return self.ids[token]
        except KeyError:
            near = difflib.get_close_matches(token, self.tokens, n=1)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            raise ToktoolsError(f"{token!r} is not a token of this vocabulary{hint}") from None

    def token(self, id: int) -> str:
        """Return the token with this id; ToktoolsError if it has none or is not in 0 .. len - 1."""
        if not 0 <= id < len(self.tokens):
            raise ToktoolsError(f"token id must be in 0..{len(self.tokens) - 1}, got {id}")
        token = self.tokens[id]
        if token == _HOLE:
            raise ToktoolsError(f"token id {id} has no token: this vocabulary leaves a hole there")
        return token


def tokens_by_id(ids: Mapping[str, int]) -> list[str]:
    """Return the tokens in id order, "" at ids that no token has.

    Raises: ToktoolsError if an id is no int from 0 on, two tokens share one, or one lies far off.
    Example:
        >>> tokens_by_id({"a": 0, "b": 2})
        ['a', '', 'b']
    """
    tokens: dict[int, str] = {}
    highest = len(ids) + _MOST_HOLES - 1
    for token, id in ids.items():
        if type(id) is not int or not 0 <= id <= highest:
            raise ToktoolsError(
                f"ids must be whole numbers in 0..{highest} (for {len(ids)} tokens, with at most "
                f"{_MOST_HOLES} holes), got {id!r:.60} for token {token!r:.60}"
            )
        if id in tokens:
            raise ToktoolsError(
                f"each id must have one token, got {tokens[id]!r:.60} and {token!r:.60} for {id}"
            )
        tokens[id] = token
    return [tokens.get(id, _HOLE) for id in range(max(tokens, default=-1) + 1)]
