"""Which tokenizers the compiled loops know: the encoder of each, or None."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

from toktools.kernels.cuts import knows_cut
from toktools.unicode.byte_alphabet import BYTE_TO_CHARACTER, CHARACTER_TO_BYTE, unspell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toktools.bpe import BPETokenizer
    from toktools.byte import ByteTokenizer
    from toktools.character import CharacterTokenizer
    from toktools.kernels.byte_bpe import ByteBPEEncoder
    from toktools.kernels.character_map import CharacterMap
    from toktools.kernels.cuts import Cut
    from toktools.kernels.piece_trie import Pieces
    from toktools.kernels.table_encoding import TableEncoder
    from toktools.kernels.word_encoder import WordEncoder
    from toktools.tokenizer import Tokenizer
    from toktools.word import WordTokenizer
    from toktools.wordpiece import WordPieceTokenizer


def bpe_encoder(tokenizer: BPETokenizer) -> ByteBPEEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    if not tokenizer.byte_level or not knows_cut(tokenizer.pretokenizer):
        return None
    from toktools.kernels.byte_bpe import ByteBPEEncoder
    from toktools.kernels.cuts import cut_of
    from toktools.kernels.merge_table import LIMIT
    from toktools.kernels.piece_trie import NONE

    cut = cut_of(tokenizer.pretokenizer)
    if cut is None or cut.drops or tokenizer.n_vocab >= LIMIT - 1:
        return None
    ids = tokenizer.vocabulary.ids
    byte_ids = [ids[BYTE_TO_CHARACTER[byte]] for byte in range(256)]
    whole = _pieces(tokenizer, "") if tokenizer.ignore_merges else NONE
    return ByteBPEEncoder(byte_ids, _by_rank(tokenizer.ranks), tokenizer.pretokenizer, whole=whole)


def _by_rank(ranks: Mapping[tuple[int, int], tuple[int, int]]) -> NDArray[np.int64]:
    """Return merges, first learned first, as rows (left, right, made)."""
    import numpy as np

    pairs, learned = (
        np.fromiter(chain.from_iterable(both), np.int64, 2 * len(ranks)).reshape(-1, 2)
        for both in (ranks.keys(), ranks.values())
    )
    order = np.argsort(learned[:, 0], kind="stable")
    return np.column_stack([pairs, learned[:, 1]])[order]


def wordpiece_encoder(tokenizer: WordPieceTokenizer) -> WordEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    from toktools.kernels.piece_trie import LIMIT
    from toktools.kernels.word_encoder import Spelling, WordEncoder

    prefix = tokenizer.prefix
    begin = _pieces(tokenizer, "")
    cut = _cut_for(tokenizer)
    if cut is None or sum(map(len, begin.texts)) >= LIMIT // 2:
        return None
    spelling = Spelling(
        begin=begin,
        rest=_pieces(tokenizer, prefix),
        whole=False,
        unknown=-1 if tokenizer.unk_id is None else tokenizer.unk_id,
        limit=tokenizer.max_word_characters,
        in_bytes=tokenizer.byte_level,
        readable=tokenizer.encode_readably,
    )
    return WordEncoder(cut, spelling)


def word_encoder(tokenizer: WordTokenizer) -> WordEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    from toktools.kernels.piece_trie import LIMIT
    from toktools.kernels.word_encoder import Spelling, WordEncoder
    from toktools.wordpiece import NO_LIMIT

    words = _pieces(tokenizer, "")
    cut = _cut_for(tokenizer)
    if cut is None or sum(map(len, words.texts)) >= LIMIT:
        return None
    assert tokenizer.unk_id is not None
    spelling = Spelling(
        begin=words,
        whole=True,
        unknown=tokenizer.unk_id,
        limit=NO_LIMIT,
        in_bytes=True,
        readable=tokenizer.encode_readably,
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


def _pieces(tokenizer: Tokenizer, prefix: str) -> Pieces:
    """Return the tokens that ordinary text may become and that begin with a prefix, without it."""
    from toktools.kernels.piece_trie import Pieces

    ids, begin = tokenizer.vocabulary.ordinary_ids, len(prefix)
    if not prefix and "" not in ids:
        tokens = list(ids)
    else:
        tokens = [token for token in ids if token.startswith(prefix) and token != prefix]
    if not getattr(tokenizer, "byte_level", False):
        texts = _encoded([token[begin:] for token in tokens] if begin else tokens)
    else:
        spelled = CHARACTER_TO_BYTE.keys()
        tokens = [token for token in tokens if spelled >= set(token[begin:])]
        texts = [unspell(token[begin:]) for token in tokens]
    return Pieces(texts, list(map(ids.__getitem__, tokens)))


def _encoded(tokens: list[str]) -> list[bytes]:
    """Return tokens in UTF-8, and half a surrogate pair as if it were a character."""
    try:
        return list(map(str.encode, tokens))
    except UnicodeEncodeError:
        return [token.encode("utf-8", "surrogatepass") for token in tokens]


def character_encoder(tokenizer: CharacterTokenizer) -> TableEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    from toktools.kernels.table_encoding import TableEncoder
    from toktools.pretokenizers import WholeText

    if tokenizer.normalizer is not None or tokenizer.pretokenizer != WholeText():
        return None
    assert tokenizer.unk_id is not None
    ids = tokenizer.vocabulary.ordinary_ids
    characters = {ord(token): id for token, id in ids.items() if len(token) == 1}
    return TableEncoder(characters, tokenizer.unk_id)


def byte_encoder(tokenizer: ByteTokenizer) -> TableEncoder:
    """Return the compiled encoder with this tokenizer's ids."""
    from toktools.kernels.table_encoding import TableEncoder

    first = tokenizer.n_vocab - 256
    return TableEncoder({byte: first + byte for byte in range(256)}, 0, in_bytes=True)
