"""Which word, WordPiece, character and byte tokenizers the compiled loops know, and how they start.

Adds to `compiled.py` what is not byte-level BPE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from toktools import compiled
from toktools.contract.documents import Chunk
from toktools.contract.special_text import Special
from toktools.tokenizer import Tokenizer
from toktools.unicode.byte_alphabet import CHARACTER_TO_BYTE, unspell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toktools.kernels.character_map import CharacterMap
    from toktools.kernels.cuts import Cut
    from toktools.kernels.word_encoder import WordEncoder
    from toktools.word import WordTokenizer
    from toktools.wordpiece import WordPieceTokenizer


class Encoder(Protocol):
    """What a compiled encoder can do; safe among threads."""

    def encode(self, data: Any) -> NDArray[np.uint32]:
        """Return the ids of one text of valid UTF-8."""
        ...

    def encode_lines(self, data: Any) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the ids of texts that each end with a line feed, and how many are after each."""
        ...


class CompiledTokenizer(Tokenizer):
    """A tokenizer that leaves much text to the loops, and answers the same."""

    def compiled_encoder(self) -> Encoder | None:
        """Return the encoder that gives the ids of `encode`, None if there is none."""
        return None

    @cached_property
    def _compiled(self) -> Encoder | None:
        return self.compiled_encoder()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_compiled"}

    def encode_batch(
        self,
        texts: Iterable[str],
        *,
        allowed_special: Special = (),
        disallowed_special: Special = (),
        add_eos: bool = False,
    ) -> list[list[int]]:
        if not allowed_special and not disallowed_special:
            many, texts = compiled.enough(texts)
            if many and self._compiled is not None:
                eos_id = self.require_eos() if add_eos else None
                return compiled.encode_batch(self._compiled, texts, eos_id)
        return super().encode_batch(
            texts,
            allowed_special=allowed_special,
            disallowed_special=disallowed_special,
            add_eos=add_eos,
        )

    def encode_chunks(
        self,
        documents: Iterable[str],
        *,
        add_eos: bool = False,
        allowed_special: Special = (),
        disallowed_special: Special = (),
    ) -> Iterator[Chunk]:
        if not allowed_special and not disallowed_special:
            many, documents = compiled.enough(documents)
            if many and self._compiled is not None:
                eos_id = self.require_eos() if add_eos else None
                return compiled.encode_chunks(self._compiled, documents, eos_id)
        return super().encode_chunks(
            documents,
            add_eos=add_eos,
            allowed_special=allowed_special,
            disallowed_special=disallowed_special,
        )


def wordpiece_encoder(tokenizer: WordPieceTokenizer) -> WordEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    from toktools.kernels.piece_trie import LIMIT, piece_trie
    from toktools.kernels.word_encoder import Spelling, WordEncoder

    prefix = tokenizer.prefix
    begin = _as_bytes(tokenizer, "")
    cut = _cut_for(tokenizer)
    if cut is None or sum(len(token) for token, _ in begin) >= LIMIT // 2:
        return None
    spelling = Spelling(
        trie=piece_trie(begin, _as_bytes(tokenizer, prefix)),
        whole=False,
        unknown=-1 if tokenizer.unk_id is None else tokenizer.unk_id,
        limit=tokenizer.max_word_characters,
        in_bytes=tokenizer.byte_level,
        readable=tokenizer.encode,
    )
    return WordEncoder(cut, spelling)


def word_encoder(tokenizer: WordTokenizer) -> WordEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    from toktools.kernels.piece_trie import LIMIT, piece_trie
    from toktools.kernels.word_encoder import Spelling, WordEncoder
    from toktools.wordpiece import NO_LIMIT

    words = _as_bytes(tokenizer, "")
    cut = _cut_for(tokenizer)
    if cut is None or sum(len(word) for word, _ in words) >= LIMIT:
        return None
    assert tokenizer.unk_id is not None
    spelling = Spelling(
        trie=piece_trie(words, []),
        whole=True,
        unknown=tokenizer.unk_id,
        limit=NO_LIMIT,
        in_bytes=True,
        readable=tokenizer.encode,
    )
    return WordEncoder(cut, spelling)


def _cut_for(tokenizer: Tokenizer) -> CharacterMap | Cut | None:
    """Return how the loops find a tokenizer's words, None if they cannot."""
    from toktools.kernels.character_map import CharacterMap, is_mapped
    from toktools.kernels.cuts import cut_of

    if is_mapped(tokenizer.normalizer, tokenizer.pretokenizer):
        map = CharacterMap(tokenizer.normalizer, tokenizer.pretokenizer)
        return map if map.suits else None
    return cut_of(tokenizer.pretokenizer) if tokenizer.normalizer is None else None


def _as_bytes(tokenizer: Tokenizer, prefix: str) -> list[tuple[bytes, int]]:
    """Return the tokens that ordinary text may become and that begin with a prefix, without it."""
    special = tokenizer.vocabulary.special_ids
    in_bytes = getattr(tokenizer, "byte_level", False)
    found: list[tuple[bytes, int]] = []
    for token, id in tokenizer.vocabulary.ids.items():
        if id in special or not token.startswith(prefix) or token == prefix:
            continue
        text = token[len(prefix) :]
        if not in_bytes:
            found.append((text.encode(errors="surrogatepass"), id))
        elif all(character in CHARACTER_TO_BYTE for character in text):
            found.append((unspell(text), id))
    return found
