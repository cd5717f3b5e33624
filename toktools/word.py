"""One token a word: frequent words have ids, the rest become `<ANY>`.

Adds to `character.py` a cut into words. Rare words are replaced rather than their sentences
dropped; `WordReport` says what that did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from toktools.character import most_frequent
from toktools.compiled.encoders import word_encoder
from toktools.compiled.tokenizer import CompiledTokenizer, Encoder
from toktools.contract.losses import between_words, claim, dropped, rewritten
from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer, NormalizerLike
from toktools.pretokenizers import Pretokenizer, PretokenizerLike, WhitespaceSplit
from toktools.tokenizer import Tokenizer
from toktools.training.count_table import Counting
from toktools.training.counting import CorpusLike, count_pretokens, documents_of, weighted
from toktools.training.on_disk.runs import StoredCounts
from toktools.training.text_steps import described, word_steps
from toktools.vocabulary import SpecialTokens, Vocabulary


class WordTokenizer(CompiledTokenizer):
    """Encodes text as whole words; decoding puts one space between words.

    With whitespace splitting it is lossless, but for `<ANY>`, on text whose words are separated by
    single spaces. With punctuation splitting it also forgets where the spaces were. A pretokenizer
    that keeps all of the text (GPT-2's) leaves no space to put between words, and none is put.
    """

    kind = "word"
    compiled_loop = "word_encoding:encode_words"

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
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
            raise ToktoolsError("a word tokenizer needs an ANY token for words it does not know")
        self._unk_id: int = vocabulary.unk_id
        self._space = b" " if dropped(self.pretokenizer) else b""
        self._ids = vocabulary.ordinary_ids

    def encode_piece(self, piece: str) -> list[int]:
        return [self._ids.get(piece, self._unk_id)]

    def compiled_encoder(self) -> Encoder | None:
        return word_encoder(self)

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        return [(0, len(piece))]

    def surface(self, token: str, first: bool) -> bytes:
        return token.encode() if first else self._space + token.encode()

    @property
    def lossless(self) -> bool | str:
        return claim(
            rewritten(self.normalizer),
            between_words(self.pretokenizer),
            "words outside the vocabulary",
        )


@dataclass(frozen=True)
class WordReport:
    """What replacing rare words did to the training text.

    Attributes:
        words, types: running words, and distinct ones.
        words_replaced, types_replaced: how many of them became `<ANY>`.
        documents: documents that hold at least one word.
        documents_with_any: those in which some word was replaced. Without `<ANY>` each would have
            to be dropped, or its rare words kept.
    """

    words: int
    types: int
    words_replaced: int
    types_replaced: int
    documents: int
    documents_with_any: int

    def __str__(self) -> str:
        share = self.words_replaced / self.words if self.words else 0.0
        text = (
            f"{self.words_replaced:,} of {self.words:,} words ({share:.2%}) replaced, "
            f"{self.types_replaced:,} of {self.types:,} distinct ones"
        )
        if self.documents:
            text += (
                f"; {self.documents_with_any:,} of {self.documents:,} documents kept "
                "that would be lost without it"
            )
        return text


def train_word(
    corpus: CorpusLike,
    *,
    min_count: int = 3,
    max_vocab: int | None = None,
    lowercase: bool = False,
    split: str | None = None,
    pretokenizer: PretokenizerLike | None = None,
    normalizer: NormalizerLike | None = None,
    special_tokens: SpecialTokens | None = None,
    counting: Counting | None = None,
) -> WordTokenizer:
    """Learn a vocabulary of words; those too rare become `<ANY>`.

    Args:
        corpus: the training split, and nothing else (see `toktools.training.counting.CorpusLike`).
        min_count: words seen fewer times are replaced.
        max_vocab: at most this many tokens, specials included; the most frequent are kept.
        lowercase: lowercase text before it is cut.
        split: "whitespace", or "punctuation" to make each punctuation character a word too.
        pretokenizer, normalizer: another cut, and what is done to text before it; names, objects,
            or lists of them (`toktools.pretokenizers`, `toktools.normalizers`).
        special_tokens: PAD, EOS and ANY by default.
        counting: limits of memory and the like; see `toktools.Counting`.
    Returns: a tokenizer whose words are ordered by count, descending, then by code point;
             `tokenizer.training["report"]` holds the fields of `WordReport`.
    Raises:  ToktoolsError for an empty corpus or impossible options.
    Example:
        >>> tokenizer = train_word(["a b a", "a c"], min_count=2)
        >>> tokenizer.encode("a c a", add_eos=True), tokenizer.decode([3, 2])
        ([3, 2, 3, 1], 'a <ANY>')
        >>> print(WordReport(**tokenizer.training["report"]))
        2 of 5 words (40.00%) replaced, 2 of 3 distinct ones; 2 of 2 documents kept that would be \
lost without it
    """
    special = special_tokens or SpecialTokens()
    cut, rewrite = word_steps(split, lowercase, pretokenizer, normalizer)
    source = corpus if isinstance(corpus, Mapping) else documents_of(corpus)
    pretokens = count_pretokens(source, cut, rewrite, counting)
    kept = most_frequent(pretokens.counts, min_count, max_vocab, special)
    tokenizer = WordTokenizer(
        Vocabulary([*special, *kept], special), normalizer=rewrite, pretokenizer=cut
    )
    documents = () if isinstance(source, Mapping) else source
    report = _report(tokenizer, pretokens.counts, set(kept), documents)
    tokenizer.training = {
        "options": {
            "min_count": min_count,
            "max_vocab": max_vocab,
            "lowercase": lowercase,
            "split": split,
            **described(cut, rewrite),
        },
        "corpus": pretokens.corpus,
        "report": asdict(report),
    }
    return tokenizer


def _report(
    tokenizer: Tokenizer,
    counts: Mapping[str, int] | StoredCounts,
    kept: Collection[str],
    documents: Iterable[str],
) -> WordReport:
    words_replaced = types_replaced = n_documents = n_with_any = 0
    for word, count in counts.items():
        if word not in kept:
            words_replaced += count
            types_replaced += 1
    for document, weight in map(weighted, documents):
        ids = tokenizer.encode(document)
        n_documents += weight * bool(ids)
        n_with_any += weight * (tokenizer.unk_id in ids)
    return WordReport(
        words=sum(counts.values()),
        types=len(counts),
        words_replaced=words_replaced,
        types_replaced=types_replaced,
        documents=n_documents,
        documents_with_any=n_with_any,
    )
