"""Byte-pair encoding: start from bytes (or characters), merge the most frequent pair, repeat.

Adds to `byte.py` merges: frequent byte sequences get ids of their own, still nothing is unknown.

Source: Sennrich et al. 2016, arXiv:1508.07909 (BPE for words); Radford et al. 2019 (bytes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toktools.byte_alphabet import ALPHABET, CHARACTER_TO_BYTE, byte_spans, spell, unspell
from toktools.count_table import Counting
from toktools.counting import CorpusLike, count_pretokens
from toktools.errors import ToktoolsError
from toktools.learning import learn_by_frequency
from toktools.merging import Progress, Symbols, apply_merges
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Gpt2Split, Pretokenizer
from toktools.tokenizer import Tokenizer
from toktools.vocabulary import SpecialTokens, Vocabulary


class BPETokenizer(Tokenizer):
    """Encodes each pretoken by applying the merges in the order in which they were learned.

    Args:
        vocabulary: tokens; written in GPT-2's printable alphabet if `byte_level`.
        merges: pairs of tokens, first learned first; each pair joined is a token.
        byte_level: whether the base symbols are bytes (nothing is unknown) or characters.
        ignore_merges: a piece that is a token becomes it, whatever the merges make of it (Llama 3).
    Raises: ToktoolsError if a merge names or makes a token that is not in the vocabulary.
    """

    kind = "bpe"

    def __init__(
        self,
        vocabulary: Vocabulary,
        merges: Iterable[tuple[str, str]],
        *,
        byte_level: bool = True,
        ignore_merges: bool = False,
        normalizer: Normalizer | None = None,
        pretokenizer: Pretokenizer | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            vocabulary,
            normalizer=normalizer,
            pretokenizer=pretokenizer or Gpt2Split(),
            training=training,
        )
        self.merges = tuple(merges)
        self.byte_level = byte_level
        self.ignore_merges = ignore_merges
        ids = vocabulary.ids
        self._ranks: dict[tuple[int, int], tuple[int, int]] = {}
        for rank, (left, right) in enumerate(self.merges):
            for token in (left, right, left + right):
                if token not in ids:
                    raise ToktoolsError(
                        f"merge {rank} ({left!r} + {right!r}) needs the token {token!r}, "
                        "which is not in the vocabulary"
                    )
            self._ranks[ids[left], ids[right]] = (rank, ids[left + right])
        if byte_level:
            missing = [c for c in ALPHABET if c not in ids]
            if missing:
                raise ToktoolsError(
                    f"a byte-level vocabulary needs all 256 bytes, got none for byte "
                    f"0x{CHARACTER_TO_BYTE[missing[0]]:02X}"
                )
        elif vocabulary.unk_id is None:
            raise ToktoolsError("character-level BPE needs an ANY token for unseen characters")
        special = vocabulary.special_ids
        self._base = {t: i for t, i in ids.items() if len(t) == 1 and i not in special}
        self._whole = {t: i for t, i in ids.items() if i not in special} if ignore_merges else {}
        self._unk_id = -1 if vocabulary.unk_id is None else vocabulary.unk_id

    def encode_piece(self, piece: str) -> list[int]:
        symbols = spell(piece.encode()) if self.byte_level else piece
        if symbols in self._whole:
            return [self._whole[symbols]]
        base, unknown = self._base, self._unk_id
        return apply_merges([base.get(symbol, unknown) for symbol in symbols], self._ranks)

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        tokens = self.vocabulary.tokens
        lengths = [1 if i == self._unk_id else len(tokens[i]) for i in ids]
        if self.byte_level:
            return byte_spans(piece, lengths)
        ends = [sum(lengths[: i + 1]) for i in range(len(ids))]
        return list(zip([0, *ends], ends, strict=False))

    def surface(self, token: str, first: bool) -> bytes:
        if not self.byte_level:
            return token.encode()
        return unspell(token)

    @property
    def lossless(self) -> bool | str:
        if self.byte_level:
            return "what its normalizer rewrites" if self.normalizer else True
        return "characters outside the vocabulary become " + str(self.vocabulary.special.any)


def train_bpe(
    corpus: CorpusLike,
    *,
    vocab_size: int = 8000,
    min_frequency: int = 1,
    byte_level: bool = True,
    max_token_length: int | None = None,
    special_tokens: SpecialTokens | None = None,
    progress: Progress | None = None,
    counting: Counting | None = None,
) -> BPETokenizer:
    """Learn a BPE vocabulary: the same merges and ids as Hugging Face's `BpeTrainer`.

    Args:
        corpus: documents (see `toktools.counting.CorpusLike`), cut by GPT-2's rule.
        vocab_size: number of tokens wanted, specials and alphabet included.
        min_frequency: never merge a pair seen fewer times.
        byte_level: start from the 256 bytes; otherwise from the characters of the corpus, with
            `<ANY>` for characters that are not among them.
        max_token_length: see `toktools.merging.learn_merges`.
        special_tokens: PAD and EOS by default, and ANY at the character level.
        progress: called with (tokens so far, vocab_size).
        counting: limits of memory and the like; see `toktools.Counting`.
    Returns: a tokenizer; it has fewer tokens than asked for if the corpus runs out of pairs.
    Raises:  ToktoolsError for an empty corpus or too small a `vocab_size`.
    Example:
        >>> tokenizer = train_bpe(
        ...     ["aaabdaaabac"], vocab_size=258, special_tokens=SpecialTokens.none()
        ... )
        >>> tokenizer.merges
        (('a', 'a'), ('a', 'b'))
        >>> [tokenizer.id_to_token(id) for id in tokenizer.encode("aaabdaaabac")]
        ['aa', 'ab', 'd', 'aa', 'ab', 'a', 'c']
    """
    special = special_tokens or SpecialTokens()
    if byte_level:
        special = special.without_any()
    cut = Gpt2Split()
    pretokens = count_pretokens(corpus, cut, counting=counting)
    symbols = Symbols(special)
    alphabet = ALPHABET if byte_level else sorted({c for p in pretokens.counts for c in p})
    symbols.add_alphabet(alphabet)
    require_room(vocab_size, symbols)
    ids = symbols.ids
    merges = learn_by_frequency(
        pretokens,
        lambda p: [ids[c] for c in (spell(p.encode()) if byte_level else p)],
        symbols,
        counting,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
        progress=progress,
    )
    return BPETokenizer(
        Vocabulary(symbols.strings, special),
        [(symbols.strings[left], symbols.strings[right]) for left, right in merges],
        byte_level=byte_level,
        pretokenizer=cut,
        training={
            "options": {
                "vocab_size": vocab_size,
                "min_frequency": min_frequency,
                "byte_level": byte_level,
                "max_token_length": max_token_length,
            },
            "corpus": pretokens.corpus,
        },
    )


def require_room(vocab_size: int, symbols: Symbols) -> None:
    """Raise ToktoolsError unless `vocab_size` holds the special tokens and the alphabet."""
    if vocab_size < len(symbols):
        n_special = len(symbols.reserved)
        raise ToktoolsError(
            f"vocab_size must be >= {len(symbols)} ({n_special} special tokens and an alphabet of "
            f"{len(symbols) - n_special}), got {vocab_size}"
        )
