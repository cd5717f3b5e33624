"""WordPiece: words cut into the longest pieces that the vocabulary holds.

Differs from `bpe.py` in three ways. A piece that continues a word is written with a prefix ("##"),
so a vocabulary tells word beginnings from the rest. Encoding keeps no merges: it takes the longest
piece that fits, from left to right. And two criteria exist for what to merge in training:
"frequency", BPE's own, which is what the Hugging Face trainer runs under the name of WordPiece, and
"likelihood", the criterion of the paper (see `likelihood.py`).

Source: Schuster and Nakajima 2012, "Japanese and Korean voice search"; Devlin et al. 2019 (greedy
longest match, "##").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from toktools.bpe import require_room
from toktools.count_table import Counting
from toktools.counting import CorpusLike, PretokenCounts, count_pretokens
from toktools.errors import ToktoolsError
from toktools.learning import (
    check_likelihood_can_wait,
    learn_by_frequency,
    require_memory_for_likelihood,
)
from toktools.likelihood import learn_merges_by_likelihood
from toktools.merging import Pair, Progress, Symbols
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Pretokenizer, WhitespaceSplit
from toktools.tokenizer import Tokenizer
from toktools.vocabulary import SpecialTokens, Vocabulary
from toktools.word import what_words_lose, word_steps

Criterion = Literal["frequency", "likelihood"]
CRITERIA = ("frequency", "likelihood")


class WordPieceTokenizer(Tokenizer):
    """Encodes each word by greedy longest match; a word that cannot be spelled becomes `<ANY>`.

    Args:
        prefix: marks the pieces that continue a word.
        max_word_characters: longer words become `<ANY>` outright.
    """

    kind = "wordpiece"

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        prefix: str = "##",
        max_word_characters: int = 100,
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
        if vocabulary.unk_id is None:
            raise ToktoolsError("WordPiece needs an ANY token for words that it cannot spell")
        if not prefix:
            raise ToktoolsError("the prefix of continuing pieces must not be empty")
        self.prefix = prefix
        self.max_word_characters = max_word_characters
        self._unk_id: int = vocabulary.unk_id
        self._ids = {t: i for t, i in vocabulary.ids.items() if i not in vocabulary.special_ids}
        self._longest = max((len(token) for token in self._ids), default=0)

    def encode_piece(self, piece: str) -> list[int]:
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

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        if ids == [self._unk_id]:
            return [(0, len(piece))]
        spans, start = [], 0
        for id in ids:
            token = self.vocabulary.tokens[id]
            end = start + len(token) - (len(self.prefix) if start else 0)
            spans.append((start, end))
            start = end
        return spans

    def surface(self, token: str, first: bool) -> bytes:
        if first:  # nothing to continue: a word "##" stays one
            return token.encode()
        if token.startswith(self.prefix) and token not in self.vocabulary.special:
            return token.removeprefix(self.prefix).encode()
        return b" " + token.encode()

    @property
    def lossless(self) -> bool | str:
        return what_words_lose(self.normalizer, "words that it cannot spell")


def train_wordpiece(
    corpus: CorpusLike,
    *,
    vocab_size: int = 8000,
    criterion: Criterion = "frequency",
    min_frequency: int = 1,
    lowercase: bool = False,
    split: str = "whitespace",
    prefix: str = "##",
    alphabet: Sequence[str] | None = None,
    special_tokens: SpecialTokens | None = None,
    progress: Progress | None = None,
    counting: Counting | None = None,
) -> WordPieceTokenizer:
    """Learn a WordPiece vocabulary.

    Args:
        corpus: documents (see `toktools.counting.CorpusLike`).
        vocab_size: number of tokens wanted, specials and alphabet included.
        criterion: "frequency" merges the most frequent pair, as the Hugging Face trainer does;
            "likelihood" the pair with the highest count(ab) / (count(a) count(b)).
        min_frequency: never merge a pair seen fewer times. Set it to 2 or more with "likelihood",
            which otherwise spends the vocabulary on words seen once.
        lowercase: lowercase text before it is cut.
        split: "whitespace", or "punctuation" to cut punctuation off too, as BERT does.
        prefix: marks the pieces that continue a word.
        alphabet: the base symbols in id order, prefixed ones too; by default the characters by
            code point, then the prefixed ones by code point. Order matters where counts tie.
        special_tokens: PAD, EOS and ANY by default.
        progress: called with (tokens so far, vocab_size).
        counting: limits of memory and the like; see `toktools.Counting`.
    Returns: a tokenizer; it has fewer tokens than asked for if the corpus runs out of pairs.
    Raises:  ToktoolsError for an empty corpus or impossible options.
    Example:
        >>> counts = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
        >>> train_wordpiece(counts, vocab_size=15).get_vocab()["##ug"]
        14
        >>> train_wordpiece(counts, vocab_size=15, criterion="likelihood").get_vocab()["##gs"]
        14
    """
    if criterion not in CRITERIA:
        raise ToktoolsError(f"criterion must be 'frequency' or 'likelihood', got {criterion!r}")
    special = special_tokens or SpecialTokens()
    cut, normalizer = word_steps(split, lowercase)
    if criterion == "likelihood":
        check_likelihood_can_wait(counting)
    pretokens = count_pretokens(corpus, cut, normalizer, counting)
    symbols = Symbols(special, prefix)
    symbols.add_alphabet(base_symbols(pretokens.counts, prefix) if alphabet is None else alphabet)
    require_room(vocab_size, symbols)
    learn_wordpiece_merges(
        pretokens,
        symbols,
        counting,
        prefix=prefix,
        criterion=criterion,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        progress=progress,
    )
    return WordPieceTokenizer(
        Vocabulary(symbols.strings, special),
        prefix=prefix,
        normalizer=normalizer,
        pretokenizer=cut,
        training={
            "options": {
                "vocab_size": vocab_size,
                "criterion": criterion,
                "min_frequency": min_frequency,
                "lowercase": lowercase,
                "split": split,
                "prefix": prefix,
            },
            "corpus": pretokens.corpus,
        },
    )


def base_symbols(words: Iterable[str], prefix: str) -> list[str]:
    """Return every character, by code point, then every prefixed one that continues some word."""
    first = sorted({character for word in words for character in word})
    continuing = sorted({character for word in words for character in word[1:]})
    return [*first, *(prefix + character for character in continuing)]


def learn_wordpiece_merges(
    pretokens: PretokenCounts,
    symbols: Symbols,
    counting: Counting | None = None,
    *,
    prefix: str,
    criterion: Criterion,
    vocab_size: int,
    min_frequency: int = 1,
    progress: Progress | None = None,
) -> list[Pair]:
    """Fill `symbols` by merging within `words`; return the merges, in order."""
    ids = symbols.ids
    limits = {"vocab_size": vocab_size, "min_frequency": min_frequency, "progress": progress}

    def spelled(word: str) -> list[int]:
        return [ids[word[0]], *(ids[prefix + c] for c in word[1:])]

    if criterion == "frequency":
        return learn_by_frequency(pretokens, spelled, symbols, counting, **limits)
    require_memory_for_likelihood(pretokens.counts, counting)
    counts = pretokens.counts
    words = [spelled(word) for word in counts]
    return learn_merges_by_likelihood(words, list(counts.values()), symbols, **limits)
