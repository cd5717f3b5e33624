"""Which tokenizers the compiled loops know: the encoder of each, or None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toktools.kernels.cuts import knows_cut
from toktools.unicode.byte_alphabet import BYTE_TO_CHARACTER, CHARACTER_TO_BYTE, unspell

if TYPE_CHECKING:
    from toktools.bpe import BPETokenizer
    from toktools.byte import ByteTokenizer
    from toktools.character import CharacterTokenizer
    from toktools.kernels.byte_bpe import ByteBPEEncoder
    from toktools.kernels.character_map import CharacterMap
    from toktools.kernels.cuts import Cut
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

    cut = cut_of(tokenizer.pretokenizer)
    if cut is None or cut.drops or tokenizer.n_vocab >= LIMIT - 1:
        return None
    ids = tokenizer.vocabulary.ids
    by_rank = sorted((rank, *pair, made) for pair, (rank, made) in tokenizer.ranks.items())
    byte_ids = [ids[BYTE_TO_CHARACTER[byte]] for byte in range(256)]
    merges = [(left, right, made) for _, left, right, made in by_rank]
    whole = _as_bytes(tokenizer, "") if tokenizer.ignore_merges else []
    return ByteBPEEncoder(byte_ids, merges, tokenizer.pretokenizer, whole=whole)


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
        readable=tokenizer.encode_readably,
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
        readable=tokenizer.encode_readably,
        words=words,
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


def character_encoder(tokenizer: CharacterTokenizer) -> TableEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    from toktools.kernels.table_encoding import TableEncoder
    from toktools.pretokenizers import WholeText

    if tokenizer.normalizer is not None or tokenizer.pretokenizer != WholeText():
        return None
    assert tokenizer.unk_id is not None
    special = tokenizer.vocabulary.special_ids
    ids = {t: i for t, i in tokenizer.vocabulary.ids.items() if i not in special and len(t) == 1}
    return TableEncoder({ord(token): id for token, id in ids.items()}, tokenizer.unk_id)


def byte_encoder(tokenizer: ByteTokenizer) -> TableEncoder:
    """Return the compiled encoder with this tokenizer's ids."""
    from toktools.kernels.table_encoding import TableEncoder

    first = tokenizer.n_vocab - 256
    return TableEncoder({byte: first + byte for byte in range(256)}, 0, in_bytes=True)
