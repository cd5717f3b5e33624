"""The rule of fair comparison: bits per byte of the source text, every token scored once.

Perplexity per token depends on the size of the tokens; bits per byte of the same text do not. The
bits are those of the model plus those that spell out what `<ANY>` hid; the bytes are those of the
source text, one for each document's end included. Legend: T time steps, B rows, V vocabulary.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.data.encoded import EncodedSplit, pad_arrays
from lstm_lm.evaluation.spelling import SpellingModel

if TYPE_CHECKING:
    from lstm_lm.model import LanguageModel

Reader = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[Any]]
"""Gives, for inputs and targets (T, B) read from a zero state, log P of each target, (T, B)."""

N_SHARDS = 32
_ROWS = 64  # documents scored side by side when each is scored alone


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a model says of a text. Only the figures per byte and per character can be compared
    between tokenizers; loss and perplexity are per token of this tokenizer.

    Attributes:
        n_documents, n_tokens: what was scored; `<EOS>` counts as a token.
        n_bytes, n_characters: the source text, one of each per document end included.
        n_words, n_words_hidden: words between white space, and those with something hidden.
        n_any: `<ANY>` tokens.
        total_nats: minus the natural logarithm of the probability of all tokens.
        spelling_bits: what it costs to spell what `<ANY>` hid.
        documents_reproduced: documents that the tokenizer, told what `<ANY>` hid, decodes exactly;
            None if that was not checked.
        way: how it was scored, if not plainly; such figures are not those of the model as it is.
    """

    n_documents: int
    n_tokens: int
    n_bytes: int
    n_characters: int
    n_words: int
    n_words_hidden: int
    n_any: int
    total_nats: float
    spelling_bits: float
    documents_reproduced: int | None = None
    way: str = ""

    @property
    def loss_nats(self) -> float:
        """Cross-entropy per token, in nats."""
        return self.total_nats / self.n_tokens

    @property
    def perplexity(self) -> float:
        """Exponential of the loss per token; infinite where a float cannot hold it."""
        return math.exp(self.loss_nats) if self.loss_nats < 700 else math.inf

    @property
    def perplexity_per_word(self) -> float:
        """Exponential of the nats per word, spelling included; a document's end counts as a word.

        The words are those between white space, so it can be compared between tokenizers.
        """
        nats = self.total_nats + self.spelling_bits * math.log(2)
        loss_nats = nats / (self.n_words + self.n_documents)
        return math.exp(loss_nats) if loss_nats < 700 else math.inf

    @property
    def oov_rate(self) -> float:
        """Share of the source's words of which something is hidden behind `<ANY>`."""
        return self.n_words_hidden / self.n_words if self.n_words else 0.0

    @property
    def model_bits(self) -> float:
        """Bits of all tokens under the model alone."""
        return self.total_nats / math.log(2)

    @property
    def bits_per_byte(self) -> float:
        """(Model bits + spelling bits) per byte of the source: the figure to compare."""
        return (self.model_bits + self.spelling_bits) / self.n_bytes

    @property
    def bits_per_byte_uncharged(self) -> float:
        """Model bits per byte; `<ANY>` gets off without saying what it hid."""
        return self.model_bits / self.n_bytes

    @property
    def bits_per_character(self) -> float:
        """(Model bits + spelling bits) per character of the source."""
        return (self.model_bits + self.spelling_bits) / self.n_characters

    @property
    def bits_per_character_uncharged(self) -> float:
        """Model bits per character."""
        return self.model_bits / self.n_characters

    @property
    def caveat(self) -> str:
        """What the bits do not pay for, in words; empty if they pay for all of the text."""
        if self.documents_reproduced in (None, self.n_documents):
            return ""
        lost = self.n_documents - (self.documents_reproduced or 0)
        return (
            f"{lost:,} of {self.n_documents:,} documents cannot be rebuilt from their tokens "
            "(white space, case or characters are lost); the bits do not pay for what is lost: "
            "they are too low"
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evaluation:
        """Return the evaluation that `as_dict` wrote down."""
        names = [item.name for item in dataclasses.fields(cls)]
        return cls(**{name: values[name] for name in names if name != "way" or name in values})

    def as_dict(self) -> dict[str, Any]:
        """Return every figure, measured and derived, by name; JSON can hold it."""
        derived = (
            "loss_nats",
            "perplexity",
            "perplexity_per_word",
            "bits_per_byte",
            "bits_per_byte_uncharged",
            "bits_per_character",
            "bits_per_character_uncharged",
            "oov_rate",
            "caveat",
        )
        return dataclasses.asdict(self) | {name: getattr(self, name) for name in derived}


def evaluate(
    model: LanguageModel,
    split: EncodedSplit,
    spelling: SpellingModel,
    *,
    eos_id: int,
    n_shards: int = N_SHARDS,
    alone: bool = False,
) -> Evaluation:
    """Score a text and set the bits against the bytes of its source.

    Args:
        model: is put in evaluation mode meanwhile.
        split: the text, from `encode_split`; with `check=True` if lost text is to be reported.
        spelling: prices what `<ANY>` hid; fitted on the training split.
        eos_id: the first input of every shard.
        n_shards: see `score_by`. alone: score every document from a zero state.
    """
    log_p = score(model, split, eos_id=eos_id, n_shards=n_shards, alone=alone)
    return evaluation_of(log_p, split, spelling)


def evaluation_of(
    log_p: NDArray[np.floating], split: EncodedSplit, spelling: SpellingModel
) -> Evaluation:
    """Set the log probabilities of all tokens, from `score`, against the source text."""
    return Evaluation(
        n_documents=split.n_documents,
        n_tokens=split.n_tokens,
        n_bytes=split.total_bytes,
        n_characters=split.total_characters,
        n_words=split.n_words,
        n_words_hidden=split.n_words_hidden,
        n_any=len(split.hidden),
        total_nats=-float(log_p.sum(dtype=np.float64)),
        spelling_bits=spelling.total_bits(split.hidden),
        documents_reproduced=split.n_reproduced,
    )


def score(
    model: LanguageModel,
    split: EncodedSplit,
    *,
    eos_id: int,
    n_shards: int = N_SHARDS,
    alone: bool = False,
) -> NDArray[np.float32]:
    """Return the natural logarithm of the probability of every token; see `score_by`."""
    from lstm_lm.model import evaluating

    with evaluating(model):
        read = partial(log_probabilities, model)
        return score_by(read, split, eos_id=eos_id, n_shards=n_shards, alone=alone)


def score_by(
    read: Reader,
    split: EncodedSplit,
    *,
    eos_id: int,
    n_shards: int = N_SHARDS,
    alone: bool = False,
    in_order: bool = False,
) -> NDArray[np.floating]:
    """Return the natural logarithm of the probability of every token, each scored once.

    The documents are dealt into contiguous shards of nearly equal source bytes, so that the cuts
    fall at the same documents for every tokenizer. Each shard begins with a zero state and `<EOS>`
    as first input and carries its state through; all run side by side.

    Args:
        read: reads rows of text with the model.
        n_shards: at most this many shards; it changes which documents have something before them.
        alone: make every document its own shard, as after training on sentences.
        in_order: read shard after shard, for a reader that learns from what it has read.
    Returns: shape (n_tokens,), in the order of `split.ids`, as precise as `read` gives it.
    """
    cuts = shard_cuts(split.n_bytes, split.n_documents if alone else n_shards)
    rows = [(int(split.starts[a]), int(split.starts[b])) for a, b in pairwise(cuts)]
    if not in_order:
        rows.sort(key=lambda row: row[0] - row[1])  # longest first: side by side with their like
    n_rows = 1 if in_order else _ROWS if alone else len(rows)
    log_p = np.empty(0)
    for i in range(0, len(rows), n_rows):
        batch = rows[i : i + n_rows]
        log_p_TB = read(*pad_arrays(split, batch, eos_id=eos_id))
        if not i:
            log_p = np.empty(split.n_tokens, log_p_TB.dtype)
        for b, (start, end) in enumerate(batch):
            log_p[start:end] = log_p_TB[: end - start, b]
    return log_p


def shard_cuts(n_bytes: NDArray[np.int64], n_shards: int) -> list[int]:
    """Return the document numbers at which shards begin, and the number of documents.

    Example:
        >>> shard_cuts(np.array([10, 10, 50, 10, 10, 10]), 2), shard_cuts(np.array([5]), 3)
        ([0, 3, 6], [0, 1])
    """
    if n_shards >= len(n_bytes):
        return list(range(len(n_bytes) + 1))
    ends = np.cumsum(n_bytes)
    targets = ends[-1] * np.arange(1, n_shards) / n_shards
    inner = np.searchsorted(ends, targets) + 1  # after the document in which the target falls
    return sorted({0, *inner.tolist(), len(n_bytes)})


def log_probabilities(
    model: LanguageModel, x_TB: NDArray[np.int64], y_TB: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return log P of each target, shape (T, B); 0 at ignored positions."""
    from lstm_lm.evaluation.segments import joined, plain_segments

    return joined(segment.log_p_TB for segment in plain_segments(model, x_TB, y_TB))
