"""WordPiece: words cut into the longest pieces that the vocabulary holds.

Differs from `bpe.py` in three ways. A piece that continues a word is written with a prefix ("##"),
so a vocabulary tells word beginnings from the rest. Encoding keeps no merges: it takes the longest
piece that fits, from left to right. And two criteria exist for what to merge in training:
"frequency", BPE's own, which is what the Hugging Face trainer runs under the name of WordPiece, and
"likelihood", the criterion of the paper (see `likelihood.py`).

A word that the pieces cannot spell is unknown as a whole. Over bytes that cannot happen: words are
written in GPT-2's alphabet of bytes, and all 256 are pieces, with and without the prefix.

Source: Schuster and Nakajima 2012, "Japanese and Korean voice search"; Devlin et al. 2019 (greedy
longest match, "##").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

from toktools.compiled.encoders import wordpiece_encoder
from toktools.compiled.tokenizer import CompiledTokenizer, Encoder
from toktools.contract.losses import between_words, claim, dropped, rewritten
from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer, NormalizerLike
from toktools.pretokenizers import Pretokenizer, PretokenizerLike, WhitespaceSplit
from toktools.training.count_table import Counting
from toktools.training.counting import CorpusLike
from toktools.training.learning import (
    check_likelihood_can_wait,
    learn_by_frequency,
    learn_by_likelihood,
)
from toktools.training.marks import Marks
from toktools.training.merge_training import MergeOptions, start
from toktools.training.merging import Progress
from toktools.training.text_steps import word_steps
from toktools.unicode.byte_alphabet import ALPHABET, byte_spans, spell, unspell
from toktools.vocabulary import SpecialTokens, Vocabulary

Criterion = Literal["frequency", "likelihood"]
CRITERIA = ("frequency", "likelihood")


NO_LIMIT = (1 << 31) - 1
"""A `max_word_characters` that no word reaches."""


class WordPieceTokenizer(CompiledTokenizer):
    """Encodes each word by greedy longest match; a word that cannot be spelled becomes `<ANY>`.

    Args:
        prefix: marks the pieces that continue a word.
        max_word_characters: longer words become `<ANY>` outright; None for 100, or for no limit
            over bytes.
        byte_level: words are spelled in GPT-2's alphabet of bytes, so that none is unknown.
    Raises: ToktoolsError without a prefix, without the pieces for all bytes over bytes, or
            without an ANY where words can be unknown.
    """

    kind = "wordpiece"
    compiled_loop = "word_encoding:encode_words"

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        prefix: str = "##",
        max_word_characters: int | None = None,
        byte_level: bool = False,
        normalizer: Normalizer | None = None,
        pretokenizer: Pretokenizer | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            vocabulary,
            normalizer=normalizer,
            pretokenizer=pretokenizer or WhitespaceSplit(),
            training=training,
        )
        require_prefix(prefix)
        self.prefix = prefix
        self.byte_level = byte_level
        default = NO_LIMIT if byte_level else 100
        self.max_word_characters = default if max_word_characters is None else max_word_characters
        self.marks = Marks(prefix, spaces=dropped(self.pretokenizer) is not None)
        self._ids = vocabulary.ordinary_ids
        self._longest = max(map(len, self._ids), default=0)
        self._unk_id = -1 if vocabulary.unk_id is None else vocabulary.unk_id
        if byte_level:
            self._require_all_bytes()
        if vocabulary.unk_id is None and not (byte_level and self.max_word_characters >= NO_LIMIT):
            raise ToktoolsError("WordPiece needs an ANY token for words that it cannot spell")

    def _require_all_bytes(self) -> None:
        for piece in (*ALPHABET, *(self.prefix + byte for byte in ALPHABET)):
            if piece not in self._ids:
                raise ToktoolsError(
                    "byte-level WordPiece needs every byte as a piece, with the prefix and "
                    f"without, got no {piece!r}"
                )

    def encode_piece(self, piece: str) -> list[int]:
        if self.byte_level:
            piece = spell(piece.encode())
        if len(piece) > self.max_word_characters:
            return [self._unk_id]
        ids: list[int] = []
        start = 0
        while start < len(piece):
            prefix = self.prefix if start else ""
            for end in range(min(len(piece), start + self._longest), start, -1):
                id = self._ids.get(prefix + piece[start:end])
                if id is not None:
                    break
            else:
                return [self._unk_id]
            ids.append(id)
            start = end
        return ids

    def compiled_encoder(self) -> Encoder | None:
        return wordpiece_encoder(self)

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        if ids == [self._unk_id]:
            return [(0, len(piece))]
        tokens = self.vocabulary.tokens
        lengths = Marks(self.prefix).lengths([tokens[id] for id in ids])
        if self.byte_level:
            return byte_spans(piece, lengths)
        ends = list(accumulate(lengths))
        return list(zip([0, *ends], ends, strict=False))

    def surface(self, token: str, first: bool) -> bytes:
        text = self.marks.surface(token, first=first)
        if not self.byte_level or token in self.vocabulary.special:
            return text.encode()
        return unspell(text.replace(" ", spell(b" ")))

    def surface_of_hidden(self, text: str, first: bool) -> bytes:
        return (b"" if first or not self.marks.spaces else b" ") + text.encode()

    @property
    def lossless(self) -> bool | str:
        is_text = not self.byte_level or all(character in ALPHABET for character in self.prefix)
        return claim(
            rewritten(self.normalizer),
            between_words(self.pretokenizer),
            f"{self.prefix!r} at the beginning of a word" if is_text else None,
            None if self.byte_level else "words that it cannot spell",
        )


def require_prefix(prefix: str) -> None:
    """Raise ToktoolsError at an empty prefix, which would mark nothing."""
    if not prefix:
        raise ToktoolsError("the prefix of continuing pieces must not be empty")


def train_wordpiece(
    corpus: CorpusLike,
    *,
    vocab_size: int = 8000,
    criterion: Criterion = "frequency",
    min_frequency: int = 1,
    lowercase: bool = False,
    split: str | None = None,
    pretokenizer: PretokenizerLike | None = None,
    normalizer: NormalizerLike | None = None,
    byte_complete: bool = False,
    limit_alphabet: int | None = None,
    initial_alphabet: Sequence[str] = (),
    alphabet: Sequence[str] | None = None,
    continuing_subword_prefix: str = "##",
    end_of_word_suffix: str = "",
    special_tokens: SpecialTokens | None = None,
    progress: Progress | None = None,
    counting: Counting | None = None,
) -> WordPieceTokenizer:
    """Learn a WordPiece vocabulary: by frequency, that of Hugging Face's `WordPieceTrainer`.

    Args:
        corpus: documents (see `toktools.training.counting.CorpusLike`).
        criterion: "frequency" merges the most frequent pair; "likelihood" the pair with the
            highest count(ab) / (count(a) count(b)). Set min_frequency to 2 or more with it.
        lowercase, split, pretokenizer, normalizer: see `toktools.training.text_steps.word_steps`.
        byte_complete: spell words in bytes, all of which are pieces, so that none is unknown.
        special_tokens: PAD, EOS and ANY by default; ANY is left out if `byte_complete`.
        progress: called with (tokens so far, vocab_size).
        counting: limits of memory and the like; see `toktools.Counting`.
        others: see `toktools.training.merge_training.MergeOptions`. (Encoding knows no suffix,
            here as in the library: pieces learned with one are never used.)
    Returns: a tokenizer; it has fewer tokens than asked for if the corpus runs out of pairs.
    Raises:  ToktoolsError for an empty corpus or impossible options.
    Example:
        >>> counts = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
        >>> train_wordpiece(counts, vocab_size=15).id_to_token(14)
        '##ug'
    """
    special = special_tokens or SpecialTokens()
    cut, rewrite = word_steps(split, lowercase, pretokenizer, normalizer)
    options = MergeOptions(
        special=special.without_any() if byte_complete else special,
        pretokenizer=cut,
        normalizer=rewrite,
        byte_level=byte_complete,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        limit_alphabet=limit_alphabet,
        initial_alphabet=initial_alphabet,
        alphabet=alphabet,
        continuing_subword_prefix=continuing_subword_prefix,
        end_of_word_suffix=end_of_word_suffix,
    )
    record = options.record(criterion=criterion, lowercase=lowercase, split=split)
    return _learn(corpus, options, criterion, record, progress, counting)


def _learn(
    corpus: CorpusLike,
    options: MergeOptions,
    criterion: Criterion,
    record: dict[str, Any],
    progress: Progress | None,
    counting: Counting | None,
) -> WordPieceTokenizer:
    """Train with options that are checked, but for the criterion."""
    if criterion not in CRITERIA:
        raise ToktoolsError(f"criterion must be 'frequency' or 'likelihood', got {criterion!r}")
    require_prefix(options.continuing_subword_prefix)
    if criterion == "likelihood":
        check_likelihood_can_wait(counting)
    pretokens, speller, symbols = start(corpus, options, counting)
    learn = learn_by_frequency if criterion == "frequency" else learn_by_likelihood
    learn(
        pretokens,
        speller,
        symbols,
        counting,
        vocab_size=options.vocab_size,
        min_frequency=options.min_frequency,
        progress=progress,
    )
    return WordPieceTokenizer(
        Vocabulary(symbols.strings, options.special),
        prefix=options.continuing_subword_prefix,
        byte_level=options.byte_level,
        normalizer=options.normalizer,
        pretokenizer=options.pretokenizer,
        training={"options": record, "corpus": pretokens.corpus},
    )
