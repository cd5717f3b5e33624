"""All figures of one tokenizer on one text."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toktools.errors import ToktoolsError
from toktools.metrics.distribution import (
    DEFAULT_ALPHA,
    moving_average_ttr,
    percentile_frequency,
    renyi_efficiency,
    renyi_entropy,
    shannon_efficiency,
    shannon_entropy,
)
from toktools.metrics.words import tokens_of_words, word_spans
from toktools.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a tokenizer does to a text; shares are from 0 to 1. See `toktools.metrics` for words.

    Attributes:
        n_documents, n_words, n_word_types, n_characters, n_bytes: of the text as given.
        n_tokens, n_token_types: tokens that the text became, and distinct ones.
        n_vocab: size of the vocabulary, special tokens included.
        fertility: tokens of a word, on average over running words; 1 is the least, but for words
            that the tokenizer drops. Source: Rust et al. 2021, arXiv:2012.15613.
        continued_words: share of running words of two or more tokens. Source: the same.
        single_token_retention: STRR, the share of distinct words that are one token, and not the
            unknown one; each is encoded by itself, behind a space. Source: arXiv:2510.09947.
        characters_per_token, bytes_per_token: of the whole text over all its tokens (micro).
        shannon_entropy_bits, renyi_entropy_bits: of the tokens' distribution; see `distribution`.
        shannon_efficiency, renyi_efficiency: over the logarithm of `n_token_types`.
        shannon_efficiency_full, renyi_efficiency_full: over the logarithm of `n_vocab`.
        alpha: the order of the Rényi figures.
        percentile_frequency: share of the tokens whose type ranks from 3 % to 83 %.
        oov_rate: share of running words with something hidden behind the unknown token.
        unknown_rate: share of the tokens that are the unknown token.
        vocabulary_use: `n_token_types / n_vocab`.
        type_token_ratio: `n_token_types / n_tokens`.
        moving_average_ttr: the same, mean over windows of 2000 tokens, 1000 apart.
    """

    n_documents: int
    n_words: int
    n_word_types: int
    n_characters: int
    n_bytes: int
    n_tokens: int
    n_token_types: int
    n_vocab: int
    fertility: float
    continued_words: float
    single_token_retention: float
    characters_per_token: float
    bytes_per_token: float
    shannon_entropy_bits: float
    shannon_efficiency: float
    shannon_efficiency_full: float
    alpha: float
    renyi_entropy_bits: float
    renyi_efficiency: float
    renyi_efficiency_full: float
    percentile_frequency: float
    oov_rate: float
    unknown_rate: float
    vocabulary_use: float
    type_token_ratio: float
    moving_average_ttr: float


def score(
    tokenizer: Tokenizer, documents: Iterable[str], *, alpha: float = DEFAULT_ALPHA
) -> Scores:
    """Return the figures of `tokenizer` on a text.

    Args:    tokenizer: of any kind.
             documents: a corpus, or any iterable of str; read once. Kept: its words, and 4 bytes a
             token.
             alpha: the order of the Rényi figures.
    Raises:  ToktoolsError for a text without words.
    Example:
        >>> from toktools import train_bpe
        >>> scores = score(train_bpe(["low lower"], vocab_size=262), ["low lower"])
        >>> scores.n_tokens, scores.fertility, scores.continued_words, scores.bytes_per_token
        (3, 1.5, 0.5, 3.0)
    """
    return score_all([tokenizer], documents, alpha=alpha)[0]


def score_all(
    tokenizers: Sequence[Tokenizer], documents: Iterable[str], *, alpha: float = DEFAULT_ALPHA
) -> list[Scores]:
    """Return the figures of each of `tokenizers`; the text is read once. See `score`."""
    text, tallies = _Text(), [_Tally(tokenizer) for tokenizer in tokenizers]
    for document in documents:
        words = word_spans(document)
        text.add(document, words)
        for tally in tallies:
            tally.add(document, words)
    if not text.n_words:
        raise ToktoolsError("a text to measure must hold words, got none; pass another")
    return [_scores(text, tally, alpha) for tally in tallies]


class _Text:
    """What is counted of the text itself, before any tokenizer."""

    def __init__(self) -> None:
        self.n_documents = self.n_words = self.n_characters = self.n_bytes = 0
        self.words: set[str] = set()

    def add(self, document: str, words: Sequence[tuple[int, int]]) -> None:
        self.n_documents += 1
        self.n_words += len(words)
        self.n_characters += len(document)
        self.n_bytes += len(document.encode())
        self.words.update(document[start:end] for start, end in words)


class _Tally:
    """What is counted of the tokens of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.ids = array("I")
        self.n_word_tokens = self.n_continued = self.n_oov = 0

    def add(self, document: str, words: Sequence[tuple[int, int]]) -> None:
        ids, spans = self.tokenizer.encode_with_offsets(document)
        self.ids.extend(ids)
        for tokens in tokens_of_words(words, spans):
            self.n_word_tokens += len(tokens)
            self.n_continued += len(tokens) > 1
            self.n_oov += any(ids[i] == self.tokenizer.unk_id for i in tokens)

    def keeps_whole(self, word: str) -> bool:
        """Whether `word`, behind a space, is one token that says which word it is."""
        ids, spans = self.tokenizer.encode_with_offsets(" " + word)
        (tokens,) = tokens_of_words([(1, 1 + len(word))], spans)
        return len(tokens) == 1 and ids[tokens[0]] != self.tokenizer.unk_id


def _scores(text: _Text, tally: _Tally, alpha: float) -> Scores:
    """Turn counts into figures."""
    tokenizer, ids, n_tokens = tally.tokenizer, tally.ids, len(tally.ids)
    if not n_tokens:
        raise ToktoolsError("a text to measure must become tokens, got none")
    by_id = Counter(ids)
    counts, n_vocab = list(by_id.values()), tokenizer.n_vocab
    n_unknown = 0 if tokenizer.unk_id is None else by_id[tokenizer.unk_id]
    return Scores(
        n_documents=text.n_documents,
        n_words=text.n_words,
        n_word_types=len(text.words),
        n_characters=text.n_characters,
        n_bytes=text.n_bytes,
        n_tokens=n_tokens,
        n_token_types=len(counts),
        n_vocab=n_vocab,
        fertility=tally.n_word_tokens / text.n_words,
        continued_words=tally.n_continued / text.n_words,
        single_token_retention=sum(map(tally.keeps_whole, text.words)) / len(text.words),
        characters_per_token=text.n_characters / n_tokens,
        bytes_per_token=text.n_bytes / n_tokens,
        shannon_entropy_bits=shannon_entropy(counts),
        shannon_efficiency=shannon_efficiency(counts),
        shannon_efficiency_full=shannon_efficiency(counts, n_vocab),
        alpha=alpha,
        renyi_entropy_bits=renyi_entropy(counts, alpha),
        renyi_efficiency=renyi_efficiency(counts, alpha),
        renyi_efficiency_full=renyi_efficiency(counts, alpha, n_vocab),
        percentile_frequency=percentile_frequency(counts),
        oov_rate=tally.n_oov / text.n_words,
        unknown_rate=n_unknown / n_tokens,
        vocabulary_use=len(counts) / n_vocab,
        type_token_ratio=len(counts) / n_tokens,
        moving_average_ttr=moving_average_ttr(ids),
    )
