"""Byte-pair encoding: start from bytes (or characters), merge the most frequent pair, repeat.

Adds to `byte.py` merges: frequent byte sequences get ids of their own, still nothing is unknown.

Source: Sennrich et al. 2016, arXiv:1508.07909 (BPE for words); Radford et al. 2019 (bytes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import add
from typing import Any

from toktools.compiled.encoders import bpe_encoder
from toktools.compiled.tokenizer import CompiledTokenizer, Encoder
from toktools.contract.decode_stream import DecodeStream
from toktools.contract.losses import between_words, claim, dropped, rewritten
from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer, NormalizerLike
from toktools.pretokenizers import Gpt2Split, Pretokenizer, PretokenizerLike
from toktools.training.count_table import Counting
from toktools.training.counting import CorpusLike
from toktools.training.learning import learn_by_frequency
from toktools.training.marks import Marks, WordEndStream
from toktools.training.merge_training import MergeOptions, start
from toktools.training.merging import Progress, apply_merges
from toktools.training.text_steps import text_steps
from toktools.unicode.byte_alphabet import ALPHABET, CHARACTER_TO_BYTE, byte_spans, spell, unspell
from toktools.vocabulary import SpecialTokens, Vocabulary


class BPETokenizer(CompiledTokenizer):
    """Encodes each pretoken by applying the merges in the order in which they were learned.

    Args:
        vocabulary: tokens; written in GPT-2's printable alphabet if `byte_level`.
        merges: pairs of tokens, first learned first; each pair joined is a token.
        byte_level: whether the base symbols are bytes (nothing is unknown) or characters.
        ignore_merges: a piece that is a token becomes it, whatever the merges make of it (Llama 3).
        continuing_subword_prefix: marks the symbols that continue a piece, as in WordPiece.
        end_of_word_suffix: marks the last symbol of a piece; decoding makes a space of it.
    Raises: ToktoolsError if a merge names or makes a token that is not in the vocabulary or is
            special (ordinary text never becomes a special token), or if symbols are bytes and
            marked.
    """

    kind = "bpe"
    compiled_loop = "encoding:encode_pieces"

    def __init__(
        self,
        vocabulary: Vocabulary,
        merges: Iterable[tuple[str, str]],
        *,
        byte_level: bool = True,
        ignore_merges: bool = False,
        continuing_subword_prefix: str = "",
        end_of_word_suffix: str = "",
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
        self.continuing_subword_prefix = continuing_subword_prefix
        self.end_of_word_suffix = end_of_word_suffix
        spaces = dropped(self.pretokenizer) is not None
        self.marks = Marks(continuing_subword_prefix, end_of_word_suffix, spaces)
        ids = vocabulary.ordinary_ids
        self._ranks = _ranks(self.merges, vocabulary, continuing_subword_prefix)
        _require_base(vocabulary, byte_level, self.marks)
        longest = 1 + len(continuing_subword_prefix) + len(end_of_word_suffix)
        self._base = {t: i for t, i in ids.items() if len(t) <= longest}
        self._whole = ids if ignore_merges else {}
        self._unk_id = -1 if vocabulary.unk_id is None else vocabulary.unk_id

    def encode_piece(self, piece: str) -> list[int]:
        if self._whole:
            whole = self._whole.get(spell(piece.encode()) if self.byte_level else piece)
            if whole is not None:
                return [whole]
        return apply_merges(self.base_ids(piece), self._ranks)

    def base_ids(self, piece: str) -> list[int]:
        """Return the ids of the base symbols of `piece`: what it is before any merge."""
        symbols = spell(piece.encode()) if self.byte_level else piece
        if self.marks:
            symbols = self.marks.spell(symbols)
        base, unknown = self._base, self._unk_id
        return [base.get(symbol, unknown) for symbol in symbols]

    @property
    def ranks(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        """For each pair of ids that merges: its rank, and the id of the token that it makes."""
        return self._ranks

    def compiled_encoder(self) -> Encoder | None:
        return bpe_encoder(self)

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        tokens = self.vocabulary.tokens
        if len(ids) == 1:
            return [(0, len(piece))]
        lengths = self.marks.lengths([tokens[i] for i in ids])
        lengths = [1 if i == self._unk_id else n for i, n in zip(ids, lengths, strict=True)]
        if self.byte_level:
            return byte_spans(piece, lengths)
        return list(pairwise(accumulate(lengths, initial=0)))

    def surface(self, token: str, first: bool) -> bytes:
        if not self.byte_level:
            return self.marks.surface(token, first=first).encode()
        return unspell(token)

    @property
    def decodes_by_table(self) -> bool:
        return not self.marks.spaces_behind

    def iter_bytes(
        self, ids: Iterable[int], *, keep_special: bool = False, hidden: Iterable[str] = ()
    ) -> Iterator[bytes]:
        ids = list(ids)
        parts = super().iter_bytes(ids, keep_special=keep_special, hidden=hidden)
        if not self.marks.spaces_behind:
            yield from parts
            return
        space = b""  # behind the word before; put there once something follows
        for id, part in zip(ids, parts, strict=True):
            if not part:
                yield part
                continue
            ends_word = id not in self.vocabulary.special_ids and part.endswith(b" ")
            yield space + (part[:-1] if ends_word else part)
            space = b" " if ends_word else b""

    def decode_stream(self) -> DecodeStream:
        return WordEndStream(self) if self.marks.spaces_behind else super().decode_stream()

    @property
    def lossless(self) -> bool | str:
        lost = between_words if self.marks else dropped
        unknown = f"characters outside the vocabulary, which become {self.vocabulary.special.any}"
        marks = [mark for mark in (self.marks.prefix, self.marks.suffix) if mark]
        return claim(
            rewritten(self.normalizer),
            lost(self.pretokenizer),
            *(f"{mark!r} in the text" for mark in marks),
            None if self.byte_level else unknown,
        )


def _require_base(vocabulary: Vocabulary, byte_level: bool, marks: Marks) -> None:
    """Raise ToktoolsError unless the vocabulary can write down any text."""
    if byte_level:
        refuse_marked_bytes(marks)
        without = {-1, *vocabulary.special_ids}
        missing = [c for c in ALPHABET if vocabulary.ids.get(c, -1) in without]
        if missing:
            raise ToktoolsError(
                f"a byte-level vocabulary needs all 256 bytes as tokens that are not special, "
                f"got none for byte 0x{CHARACTER_TO_BYTE[missing[0]]:02X}"
            )
    elif vocabulary.unk_id is None:
        raise ToktoolsError("character-level BPE needs an ANY token for unseen characters")


def refuse_marked_bytes(marks: Marks) -> None:
    """Raise ToktoolsError at marks on bytes, which the library can neither complete nor decode."""
    if marks:
        raise ToktoolsError(
            "byte-level BPE takes no continuing_subword_prefix or end_of_word_suffix: marked bytes "
            "that the corpus lacks would be unknown, and the marks would be decoded as text; "
            "train over characters: byte_level=False, --character-level"
        )


def _ranks(
    merges: Sequence[tuple[str, str]], vocabulary: Vocabulary, prefix: str
) -> dict[tuple[int, int], tuple[int, int]]:
    """Return, by pair of ids, the rank of its merge and the id that it makes."""
    ids = vocabulary.ordinary_ids
    lefts, rights = zip(*merges, strict=True) if merges else ((), ())
    ends = [right.removeprefix(prefix) for right in rights] if prefix else rights
    try:
        pairs = zip(map(ids.__getitem__, lefts), map(ids.__getitem__, rights), strict=True)
        made = map(ids.__getitem__, map(add, lefts, ends))
        return dict(zip(pairs, enumerate(made), strict=True))
    except KeyError:
        raise ToktoolsError(_missing(merges, ids, vocabulary, prefix)) from None


def _missing(
    merges: Iterable[tuple[str, str]], ids: Mapping[str, int], vocabulary: Vocabulary, prefix: str
) -> str:
    """Return what is wrong with the first merge that needs a token that `ids` lacks."""
    rank, left, right, token = next(
        (rank, left, right, token)
        for rank, (left, right) in enumerate(merges)
        for token in (left, right, left + right.removeprefix(prefix))
        if token not in ids
    )
    merge = f"merge {rank} ({left!r} + {right!r}) needs the token {token!r}, which is "
    if token in vocabulary.ids:
        return f"{merge}special; leave the merge out, or name the special token otherwise"
    return f"{merge}not in the vocabulary"


def train_bpe(
    corpus: CorpusLike,
    *,
    vocab_size: int = 8000,
    min_frequency: int = 1,
    byte_level: bool = True,
    max_token_length: int | None = None,
    limit_alphabet: int | None = None,
    initial_alphabet: Sequence[str] = (),
    alphabet: Sequence[str] | None = None,
    continuing_subword_prefix: str = "",
    end_of_word_suffix: str = "",
    pretokenizer: PretokenizerLike | None = None,
    normalizer: NormalizerLike | None = None,
    special_tokens: SpecialTokens | None = None,
    progress: Progress | None = None,
    counting: Counting | None = None,
) -> BPETokenizer:
    """Learn a BPE vocabulary: the same merges and ids as Hugging Face's `BpeTrainer`.

    Args:
        corpus: documents (see `toktools.training.counting.CorpusLike`).
        byte_level: start from the 256 bytes; otherwise from the characters of the corpus, with
            `<ANY>` for characters that are not among them.
        pretokenizer: how text is cut: an object, a name or a list of them; by default GPT-2's
            rule, or white space if there are marks. normalizer: what is done to text before.
        special_tokens: PAD and EOS by default, and ANY at the character level.
        progress: called with (tokens so far, vocab_size).
        counting: limits of memory and the like; see `toktools.Counting`.
        others: see `toktools.training.merge_training.MergeOptions`; marks need characters.
    Returns: a tokenizer; it has fewer tokens than asked for if the corpus runs out of pairs.
    Raises:  ToktoolsError for an empty corpus or impossible options.
    Example:
        >>> train_bpe({"hug": 10, "pun": 12}, vocab_size=260).merges
        (('p', 'u'), ('pu', 'n'))
    """
    special = special_tokens or SpecialTokens()
    default = "whitespace" if continuing_subword_prefix or end_of_word_suffix else "gpt2"
    cut, rewrite = text_steps(pretokenizer, normalizer, default=default)
    options = MergeOptions(
        special=special.without_any() if byte_level else special,
        pretokenizer=cut,
        normalizer=rewrite,
        byte_level=byte_level,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
        limit_alphabet=limit_alphabet,
        initial_alphabet=initial_alphabet,
        alphabet=alphabet,
        continuing_subword_prefix=continuing_subword_prefix,
        end_of_word_suffix=end_of_word_suffix,
    )
    return _learn(corpus, options, progress, counting)


def _learn(
    corpus: CorpusLike,
    options: MergeOptions,
    progress: Progress | None,
    counting: Counting | None,
) -> BPETokenizer:
    """Train with options that are checked."""
    if options.byte_level:
        refuse_marked_bytes(options.marks)
    capped = counting is not None and counting.max_memory is not None
    if capped and options.marks and options.max_token_length is not None:
        raise ToktoolsError(
            "max_token_length and a prefix or suffix cannot go together with max_memory "
            "(--max-memory); leave one of the three out"
        )
    pretokens, speller, symbols = start(corpus, options, counting)
    merges = learn_by_frequency(
        pretokens,
        speller,
        symbols,
        counting,
        vocab_size=options.vocab_size,
        min_frequency=options.min_frequency,
        max_token_length=options.max_token_length,
        progress=progress,
    )
    strings = symbols.strings
    return BPETokenizer(
        Vocabulary(strings, options.special),
        [(strings[left], strings[right]) for left, right in merges],
        byte_level=options.byte_level,
        continuing_subword_prefix=options.continuing_subword_prefix,
        end_of_word_suffix=options.end_of_word_suffix,
        normalizer=options.normalizer,
        pretokenizer=options.pretokenizer,
        training={"options": options.record(), "corpus": pretokens.corpus},
    )
