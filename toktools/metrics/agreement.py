"""How alike two tokenizers are: in what they know, in what they use, and in where they cut.

Tokens are compared by the bytes that they add in the middle of a text, so that "Ġthe" of one
tokenizer and "the" of another that puts spaces between words are the same token. Special tokens are
left out, but for the unknown token where tokens of a text are counted: all count as the same.

A cut is the character at which a token begins, white space before it skipped. Tokens of white space
alone are not looked at, since some tokenizers have none, and the first cut of a document is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from toktools.errors import ToktoolsError
from toktools.metrics.words import Span, word_spans
from toktools.tokenizer import Tokenizer

Surfaces = Counter[bytes | None]
"""How often each token occurs, by the bytes it adds; None is the unknown token."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far tokenizer A agrees with B on a text; all from 0 to 1, and 1 for A with itself.

    Attributes:
        vocabulary_jaccard: see `vocabulary_jaccard`.
        token_jaccard: see `token_jaccard`.
        boundary_precision: share of the cuts of A that B makes too.
        boundary_recall: share of the cuts of B that A makes too.
        boundary_f1: their harmonic mean, the same for A with B and B with A.
        identical_documents: share of the documents that both cut into the same tokens' spans.
            Blank documents are not counted.
        n_documents: documents that are not blank.
    """

    vocabulary_jaccard: float
    token_jaccard: float
    boundary_precision: float
    boundary_recall: float
    boundary_f1: float
    identical_documents: float
    n_documents: int


def vocabulary_jaccard(a: Tokenizer, b: Tokenizer) -> float:
    """Return size(A and B) / size(A or B) of the tokens known to both and to either.

    Source: Jaccard 1912, "The Distribution of the Flora in the Alpine Zone".
    Example:
        >>> from toktools import train_word
        >>> vocabulary_jaccard(*(train_word([text], min_count=1) for text in ("a b", "b c")))
        0.3333333333333333
    """
    known = [{surface for surface in tokenizer.token_bytes if surface} for tokenizer in (a, b)]
    either = len(known[0] | known[1])
    return len(known[0] & known[1]) / either if either else 1.0


def token_jaccard(a: Surfaces, b: Surfaces) -> float:
    """Return sum min / sum max of how often each token occurs with A and with B.

    Unlike `vocabulary_jaccard` it weighs a token by its use on a text.

    Source: Ružička 1958, the weighted Jaccard similarity.
    Example:
        >>> token_jaccard(Counter([b"a", b"b", b"b"]), Counter([b"b", b"c"]))
        0.25
    """
    either = (a | b).total()
    return (a & b).total() / either if either else 1.0


def compare(a: Tokenizer, b: Tokenizer, documents: Iterable[str]) -> Agreement:
    """Return how far A agrees with B, which is the reference, on a text.

    Args:    documents: a corpus, or any iterable of str; read once, not kept.
    Raises:  ToktoolsError for a text without words.
    Source:  boundary precision, recall and F1 as in morphological segmentation: Creutz and Lindén
             2004, "Morpheme Segmentation Gold Standards for Finnish and English".
    Example:
        >>> from toktools import train_character, train_word
        >>> text = ["ab c"]
        >>> found = compare(train_character(text), train_word(text, min_count=1), text)
        >>> found.boundary_precision, found.boundary_recall
        (0.5, 1.0)
    """
    return compare_all([a, b], documents)[0][2]


def compare_all(
    tokenizers: Sequence[Tokenizer], documents: Iterable[str]
) -> list[tuple[int, int, Agreement]]:
    """Compare each of two or more tokenizers with each that stands behind it. See `compare`.

    Returns: (index of A, index of B, agreement) for each pair; the text is read once.
    """
    if len(tokenizers) < 2:
        raise ToktoolsError(f"a comparison needs two or more tokenizers, got {len(tokenizers)}")
    pairs = {pair: _Cuts() for pair in combinations(range(len(tokenizers)), 2)}
    used = [Surfaces() for _ in tokenizers]
    n_documents = 0
    for document in documents:
        encodings = [tokenizer.encode_with_offsets(document) for tokenizer in tokenizers]
        for tokenizer, counter, encoding in zip(tokenizers, used, encodings, strict=True):
            counter.update(_surface(tokenizer, id) for id in encoding.ids)
        if word_spans(document):
            n_documents += 1
            spans = [stripped_spans(document, encoding.spans) for encoding in encodings]
            for (i, j), cuts in pairs.items():
                cuts.add(spans[i], spans[j])
    if not n_documents:
        raise ToktoolsError("a text to compare on must hold words, got none; pass another")
    return [
        (i, j, _agreement(tokenizers[i], tokenizers[j], used[i], used[j], cuts, n_documents))
        for (i, j), cuts in pairs.items()
    ]


def stripped_spans(text: str, spans: Iterable[Span]) -> list[Span]:
    """Return `spans` without white space at their ends; those of white space alone are left out.

    Example:
        >>> stripped_spans("a  b", [(0, 1), (1, 2), (2, 4)])
        [(0, 1), (3, 4)]
    """
    found: list[Span] = []
    for start, end in spans:
        words = word_spans(text[start:end])
        if words:
            found.append((start + words[0][0], start + words[-1][1]))
    return found


class _Cuts:
    """The cuts of A and B on the documents so far: how many, how many shared."""

    def __init__(self) -> None:
        self.n_a = self.n_b = self.n_both = self.n_identical = 0

    def add(self, spans_a: list[Span], spans_b: list[Span]) -> None:
        a, b = _inner_starts(spans_a), _inner_starts(spans_b)
        self.n_a += len(a)
        self.n_b += len(b)
        self.n_both += len(a & b)
        self.n_identical += spans_a == spans_b


def _inner_starts(spans: list[Span]) -> set[int]:
    """Return where tokens begin, but for the first; tokens that share a character begin as one."""
    return {start for start, _ in spans if start != spans[0][0]}


def _agreement(
    a: Tokenizer, b: Tokenizer, used_a: Surfaces, used_b: Surfaces, cuts: _Cuts, n_documents: int
) -> Agreement:
    n_cuts = cuts.n_a + cuts.n_b
    return Agreement(
        vocabulary_jaccard=vocabulary_jaccard(a, b),
        token_jaccard=token_jaccard(used_a, used_b),
        boundary_precision=cuts.n_both / cuts.n_a if cuts.n_a else 1.0,  # none made, none wrong
        boundary_recall=cuts.n_both / cuts.n_b if cuts.n_b else 1.0,
        boundary_f1=2 * cuts.n_both / n_cuts if n_cuts else 1.0,
        identical_documents=cuts.n_identical / n_documents,
        n_documents=n_documents,
    )


def _surface(tokenizer: Tokenizer, id: int) -> bytes | None:
    return None if id == tokenizer.unk_id else tokenizer.token_bytes[id]
