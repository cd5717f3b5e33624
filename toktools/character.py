"""One token a character: the alphabet of the training text, and `<ANY>` for the rest.

Adds to `byte.py` a vocabulary that must be learned, and so can fail.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toktools.compiled.encoders import character_encoder
from toktools.compiled.tokenizer import CompiledTokenizer, Encoder
from toktools.errors import ToktoolsError
from toktools.training.count_table import Counting
from toktools.training.counting import CorpusLike, count_pretokens
from toktools.training.on_disk.runs import StoredCounts
from toktools.vocabulary import SpecialTokens, Vocabulary


class CharacterTokenizer(CompiledTokenizer):
    """Encodes text as its code points; those outside the vocabulary become `<ANY>`, one each."""

    kind = "character"
    compiled_loop = "table_encoding:encode_by_table"

    def __init__(
        self, vocabulary: Vocabulary, *, training: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(vocabulary, training=training)
        if vocabulary.unk_id is None:
            raise ToktoolsError("a character tokenizer needs an ANY token for unseen characters")
        self._unk_id: int = vocabulary.unk_id
        self._ids = vocabulary.ordinary_ids

    def encode_piece(self, piece: str) -> list[int]:
        return [self._ids.get(character, self._unk_id) for character in piece]

    def compiled_encoder(self) -> Encoder | None:
        return character_encoder(self)

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        return [(i, i + 1) for i in range(len(piece))]

    def surface(self, token: str, first: bool) -> bytes:
        return token.encode()

    @property
    def lossless(self) -> bool | str:
        return "characters outside the vocabulary become " + str(self.vocabulary.special.any)


@dataclass(frozen=True)
class EachCharacter:
    """A cut for counting: every character is a piece, so that the counts are those of characters.

    Example:
        >>> EachCharacter().split("abc")
        ['a', 'b', 'c']
    """

    def split(self, text: str) -> list[str]:
        return list(text)

    def split_spans(self, text: str) -> list[tuple[int, int]]:
        return [(i, i + 1) for i in range(len(text))]


def train_character(
    corpus: CorpusLike,
    *,
    min_count: int = 1,
    max_vocab: int | None = None,
    special_tokens: SpecialTokens | None = None,
    counting: Counting | None = None,
) -> CharacterTokenizer:
    """Learn the alphabet of a corpus.

    Args:
        corpus: documents (see `toktools.training.counting.CorpusLike`).
        min_count: characters seen fewer times become `<ANY>`.
        max_vocab: at most this many tokens, specials included; the most frequent are kept.
        special_tokens: PAD, EOS and ANY by default.
        counting: limits of memory and the like; see `toktools.Counting`.
    Returns: a tokenizer whose characters are ordered by count, descending, then by code point.
    Raises:  ToktoolsError for an empty corpus or impossible options.
    Example:
        >>> tokenizer = train_character(["abba"])
        >>> tokenizer.encode("bad"), tokenizer.decode([4, 3])
        ([4, 3, 2], 'ba')
    """
    special = special_tokens or SpecialTokens()
    pretokens = count_pretokens(corpus, EachCharacter(), counting=counting)
    characters: Counter[str] = Counter()
    for pretoken, count in pretokens.counts.items():
        for character in pretoken:
            characters[character] += count
    kept = most_frequent(characters, min_count, max_vocab, special)
    return CharacterTokenizer(
        Vocabulary([*special, *kept], special),
        training={
            "options": {"min_count": min_count, "max_vocab": max_vocab},
            "corpus": pretokens.corpus,
            "characters": len(characters),
        },
    )


def most_frequent(
    counts: Mapping[str, int] | StoredCounts,
    min_count: int,
    max_vocab: int | None,
    special: SpecialTokens,
) -> list[str]:
    """Return the tokens to keep: by count, descending, then by code point; never a special token.

    Args:
        counts: token -> occurrences; min_count: fewer are dropped; max_vocab: size of the whole
            vocabulary, specials included, or None.
    """
    reserved = list(special)
    if min_count < 1:
        raise ToktoolsError(f"min_count must be >= 1 (1 keeps everything), got {min_count}")
    if max_vocab is not None and max_vocab <= len(reserved):
        raise ToktoolsError(
            f"max_vocab must be > {len(reserved)} (the special tokens), got {max_vocab}"
        )
    kept = ((-n, t) for t, n in counts.items() if n >= min_count and t not in reserved)
    if max_vocab is None:
        return [token for _, token in sorted(kept)]
    return [token for _, token in heapq.nsmallest(max_vocab - len(reserved), kept)]
