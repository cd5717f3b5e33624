"""What the trainers by merging share: their options, and the way from a corpus to symbols.

Adds to `merging.py` the corpus: text is normalised, cut and counted, and each distinct word is
spelled in base symbols (`alphabet.py`). What is merged then, and what the result is called, is the
business of `bpe.py` and `wordpiece.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Pretokenizer
from toktools.training.alphabet import most_frequent_characters, with_marked
from toktools.training.count_table import Counting
from toktools.training.counting import CorpusLike, PretokenCounts, count_pretokens
from toktools.training.marks import Marks
from toktools.training.merging import Symbols
from toktools.training.packed_counts import PackedCounts
from toktools.training.spelling import Speller
from toktools.training.text_steps import described
from toktools.unicode.byte_alphabet import ALPHABET
from toktools.vocabulary import SpecialTokens


@dataclass(frozen=True, kw_only=True)
class MergeOptions:
    """The options of `train_bpe` and `train_wordpiece`, with their meaning.

    Args:
        special: special tokens; they take the first ids.
        pretokenizer, normalizer: how text is cut, and rewritten before that.
        byte_level: start from the 256 bytes, each written as a character (`byte_alphabet.py`).
        vocab_size: number of tokens wanted, specials and alphabet included.
        min_frequency: never merge a pair seen fewer times.
        max_token_length: form no pair of this many base symbols or more (`learn_merges`).
        limit_alphabet, initial_alphabet: which characters to start from (`kept_characters`).
        alphabet: the base symbols in the order of their ids, in place of the two options before;
            characters that it lacks are left out of the words (`base_symbols`).
        continuing_subword_prefix, end_of_word_suffix: how words are marked (`Marks`).
    Raises: ToktoolsError if options are impossible, or impossible together.
    """

    special: SpecialTokens
    pretokenizer: Pretokenizer
    normalizer: Normalizer | None
    byte_level: bool
    vocab_size: int
    min_frequency: int = 1
    max_token_length: int | None = None
    limit_alphabet: int | None = None
    initial_alphabet: Sequence[str] = ()
    alphabet: Sequence[str] | None = None
    continuing_subword_prefix: str = ""
    end_of_word_suffix: str = ""

    def __post_init__(self) -> None:
        if self.min_frequency < 0:
            raise ToktoolsError(f"min_frequency must be >= 0, got {self.min_frequency}")
        if self.max_token_length is not None and self.max_token_length < 1:
            raise ToktoolsError(
                f"max_token_length must be >= 1, or None for no bound, got {self.max_token_length}"
            )
        if self.alphabet is not None and (self.initial_alphabet or self.limit_alphabet is not None):
            raise ToktoolsError(
                "alphabet says what all base symbols are; "
                "leave out limit_alphabet and initial_alphabet"
            )
        if self.byte_level:
            self._require_all_bytes()

    def _require_all_bytes(self) -> None:
        """Raise ToktoolsError at options that would leave out bytes, or put other symbols in."""
        if self.limit_alphabet is not None and self.limit_alphabet < 256:
            raise ToktoolsError(
                f"limit_alphabet must be >= 256 over bytes, got {self.limit_alphabet}; "
                "leave it out, or train over characters"
            )
        strange = sorted({s[0] for s in self.initial_alphabet if s} - set(ALPHABET))
        if strange:
            raise ToktoolsError(
                f"initial_alphabet must hold bytes in GPT-2's alphabet, got {strange[0]!r}; "
                "leave it out (all 256 are there anyway), or train over characters"
            )

    @property
    def marks(self) -> Marks:
        """How words are marked."""
        return Marks(self.continuing_subword_prefix, self.end_of_word_suffix)

    def record(self, **more: Any) -> dict[str, Any]:
        """Return all options, and `more`, as JSON values; special tokens are saved elsewhere."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "special"}
        for name in ("initial_alphabet", "alphabet"):
            values[name] = None if values[name] is None else list(values[name])
        return {**values, **described(self.pretokenizer, self.normalizer), **more}


class Start(NamedTuple):
    """What merging starts from: counts, how words are spelled, symbols before any merge."""

    pretokens: PretokenCounts
    speller: Speller
    symbols: Symbols


def start(corpus: CorpusLike, options: MergeOptions, counting: Counting | None = None) -> Start:
    """Count the words of a corpus and choose the alphabet.

    Raises: ToktoolsError for an empty corpus or a `vocab_size` below the alphabet.
    """
    pretokens = count_pretokens(corpus, options.pretokenizer, options.normalizer, counting)
    speller, marks = _speller(pretokens, options), options.marks
    symbols = Symbols(options.special, marks.prefix)
    first = _first_symbols(speller, options)
    marked = speller.marked(dict.fromkeys(first)) if marks else set[str]()
    alphabet = with_marked(first, marked, marks)
    symbols.add_alphabet(alphabet)
    require_room(options.vocab_size, symbols)
    speller.base = {symbol: symbols.ids[symbol] for symbol in alphabet}
    return Start(pretokens, speller, symbols)


def _speller(pretokens: PretokenCounts, options: MergeOptions) -> Speller:
    counts = pretokens.counts
    if isinstance(counts, PackedCounts):
        from toktools.training.packed_spelling import PackedSpeller

        return PackedSpeller(counts, options.marks, by_byte=options.byte_level)
    return Speller(counts, options.marks, by_byte=options.byte_level)


def _first_symbols(speller: Speller, options: MergeOptions) -> Sequence[str]:
    """Return the base symbols that are there whatever the words."""
    if options.alphabet is not None:
        return options.alphabet
    if options.byte_level:
        marks = options.marks
        return [*ALPHABET, *(marks.prefix + c for c in ALPHABET if marks.prefix)]
    return most_frequent_characters(
        speller.character_counts(), limit=options.limit_alphabet, initial=options.initial_alphabet
    )


def require_room(vocab_size: int, symbols: Symbols) -> None:
    """Raise ToktoolsError unless `vocab_size` holds the special tokens and the alphabet."""
    if vocab_size < len(symbols):
        n_special = len(symbols.reserved)
        raise ToktoolsError(
            f"vocab_size must be >= {len(symbols)} ({n_special} special tokens and an alphabet of "
            f"{len(symbols) - n_special}), got {vocab_size}"
        )
