"""Sources of text whose entropy is known exactly: what no tokenizer's bits per byte can go below.

Three kinds: a list of documents with their probabilities, a Markov chain over characters, a grammar
of balanced brackets. Each says what a document costs under it, -log2 of its probability, its end
included; what a document costs on average, its entropy; and how many bytes it has on average. Each
can be read as a language model by `read_by`, so that the scoring of real models can be held to it.

Letters: S state of a chain (a character), E the end of a document, p_0, p_1, p_2 a grammar's rules.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.data.encoded import IGNORED
from lstm_lm.evaluation.scoring import Reader
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

END = ""
"""Stands for the end of a document where the next character is asked for."""


class Source(ABC):
    """A distribution over documents.

    Attributes:
        bits_per_document: the entropy of a document, its end included.
        bytes_per_document: what it has on average, one for its end included.
    """

    bits_per_document: float
    bytes_per_document: float

    @property
    def bits_per_byte(self) -> float:
        """The entropy of a long text: what the best of all models needs a byte of it."""
        return self.bits_per_document / self.bytes_per_document

    @abstractmethod
    def next_characters(self, before: str) -> Mapping[str, float]:
        """Return the probability of every possible next character, and of `END`, after `before`."""

    def draw(self, n_documents: int, seed: int = 0) -> list[str]:
        """Return documents drawn from the source, the same for the same seed."""
        random = np.random.default_rng(seed)
        documents: list[str] = []
        for _ in range(n_documents):
            document, character = "", None
            while character != END:
                following = self.next_characters(document)
                chosen = random.choice(len(following), p=np.array([*following.values()]))
                character = [*following][chosen]
                document += character
            documents.append(document)
        return documents

    def bits(self, documents: Sequence[str]) -> float:
        """Return what documents cost under the source, their ends included; may be infinite."""
        return -sum(self.log2_of(document, 0, ended=True) for document in documents)

    def log2_of(self, document: str, start: int, *, ended: bool) -> float:
        """Return log2 of the probability of `document[start:]` after `document[:start]`."""
        total = 0.0
        following = [*document[start:], *([END] if ended else [])]
        for i, character in enumerate(following, start):
            p = self.next_characters(document[:i]).get(character, 0.0)
            total += math.log2(p) if p else -math.inf
        return total


class ListedSource(Source):
    """Some documents, each with its probability.

    Raises: ToktoolsError unless the probabilities are positive and sum to 1.
    Example:
        >>> source = ListedSource({"ab": 0.5, "ac": 0.25, "a": 0.25})
        >>> source.bits_per_document, source.bytes_per_document
        (1.5, 2.75)
        >>> dict(source.next_characters("a"))
        {'b': 0.5, 'c': 0.25, '': 0.25}
    """

    def __init__(self, probabilities: Mapping[str, float]) -> None:
        self.probabilities = dict(probabilities)
        _check_distribution(probabilities)
        self.bits_per_document = entropy(probabilities.values())
        self.bytes_per_document = sum(p * _n_bytes(d) for d, p in probabilities.items())

    def next_characters(self, before: str) -> Mapping[str, float]:
        weights: dict[str, float] = {}
        for document, p in self.probabilities.items():
            if document.startswith(before):
                character = document[len(before) : len(before) + 1]
                weights[character] = weights.get(character, 0.0) + p
        total = sum(weights.values())
        return {character: weight / total for character, weight in weights.items()}


class MarkovSource(Source):
    """A chain over characters that may end after each.

    Args:
        following: for each character, and for `END` (the beginning), the probability of every next
            character and of `END`.
    Raises: ToktoolsError unless every row sums to 1 and names only characters that have a row.
    Source: Shannon 1948, theorem 5, for the entropy: that of each state's choice, by how often the
            state is passed.
    Example:
        >>> either = {"h": 0.5, "t": 0.5}
        >>> coin = MarkovSource({"": either, "h": {"t": 0.5, "": 0.5}, "t": {"": 1.0}})
        >>> coin.bits_per_document, coin.bytes_per_document
        (1.5, 2.25)
    """

    def __init__(self, following: Mapping[str, Mapping[str, float]]) -> None:
        self.following = {state: dict(row) for state, row in following.items()}
        for row in self.following.values():
            _check_distribution(row)
            unknown = {*row} - {*self.following}
            if unknown:
                raise ToktoolsError(f"every character needs a row, got none for {min(unknown)!r}")
        states = [*self.following]
        moves_SS = np.array([[self.following[a].get(b, 0.0) for b in states] for a in states])
        begin_S = np.array([state == END for state in states], float)
        moves_SS[:, states.index(END)] = 0.0  # the end is left for good
        visits_S = np.linalg.solve((np.eye(len(states)) - moves_SS).T, begin_S)
        entropies_S = [entropy(self.following[state].values()) for state in states]
        self.bits_per_document = float(visits_S @ entropies_S)
        self.bytes_per_document = 1 + float(visits_S @ [len(state.encode()) for state in states])

    def next_characters(self, before: str) -> Mapping[str, float]:
        return self.following[before[-1:]]


class BracketSource(Source):
    """Balanced brackets by the grammar S -> nothing (p_0) | ( S ) S (p_1) | [ S ] S (p_2).

    Args:   p: p_1 and p_2.
    Raises: ToktoolsError unless both are positive and p_1 + p_2 < 1/2: else words may never end.
    Source: Grenander 1967 for the entropy of a grammar: that of a rule's choice, times the mean
            number of choices n = 1 + 2 (p_1 + p_2) n.
    Example:
        >>> BracketSource(0.25, 0.125).bytes_per_document
        4.0
    """

    def __init__(self, *p: float) -> None:
        if len(p) != 2 or min(p) <= 0 or sum(p) >= 0.5:
            raise ToktoolsError(f"p_1 and p_2 must be > 0 and p_1 + p_2 < 1/2, got {p}")
        self.p = p
        n_choices = 1 / (1 - 2 * sum(p))
        self.bits_per_document = n_choices * entropy((1 - sum(p), *p))
        self.bytes_per_document = 1 + 2 * sum(p) * n_choices

    def next_characters(self, before: str) -> Mapping[str, float]:
        still_open: list[str] = []
        for character in before:
            if character in "([":
                still_open.append(character)
            else:
                still_open.pop()
        closing = {"(": ")", "[": "]"}[still_open[-1]] if still_open else END
        return {closing: 1 - sum(self.p), "(": self.p[0], "[": self.p[1]}


def read_by(source: Source, tokenizer: Tokenizer) -> Reader:
    """Return the source as a language model over the tokens of a tokenizer.

    A token costs what its characters cost after the characters before it, so a text costs the same
    however it is cut: -log2 of its probability.

    Args: tokenizer: lossless, each of its tokens whole characters.
    """
    eos_id = tokenizer.require_eos()

    def read(x_TB: NDArray[np.int64], y_TB: NDArray[np.int64]) -> NDArray[np.float64]:
        log_p_TB = np.zeros(x_TB.shape)
        for b in range(x_TB.shape[1]):
            document: list[int] = []
            for t, token in enumerate(y_TB[:, b].tolist()):
                if token == IGNORED:
                    continue
                start, ended = len(tokenizer.decode(document)), token == eos_id
                text = tokenizer.decode(document if ended else [*document, token])
                log_p_TB[t, b] = source.log2_of(text, start, ended=ended) * math.log(2)
                document = [] if ended else [*document, token]
        return log_p_TB

    return read


def read_by_tokens(source: ListedSource, tokenizer: Tokenizer) -> Reader:
    """Return a listed source as a true distribution over tokens: that of its encoded documents.

    The probability of a token is that of all documents whose ids go on with it, among those whose
    ids begin as the ones before it; it sums to 1 over all tokens.
    """
    eos_id = tokenizer.require_eos()
    after: dict[tuple[int, ...], float] = {}
    for document, p in source.probabilities.items():
        ids = [*tokenizer.encode(document), eos_id]
        for n in range(len(ids) + 1):
            after[tuple(ids[:n])] = after.get(tuple(ids[:n]), 0.0) + p

    def read(x_TB: NDArray[np.int64], y_TB: NDArray[np.int64]) -> NDArray[np.float64]:
        log_p_TB = np.zeros(x_TB.shape)
        for b in range(x_TB.shape[1]):
            before: tuple[int, ...] = ()
            for t, token in enumerate(y_TB[:, b].tolist()):
                if token != IGNORED:
                    log_p_TB[t, b] = math.log(after[(*before, token)] / after[before])
                    before = () if token == eos_id else (*before, token)
        return log_p_TB

    return read


def entropy(probabilities: Any) -> float:
    """Return the entropy of a distribution in bits.

    Example:
        >>> entropy([0.5, 0.25, 0.25])
        1.5
    """
    return -sum(p * math.log2(p) for p in probabilities if p)


def _n_bytes(document: str) -> int:
    return len(document.encode()) + 1


def _check_distribution(row: Mapping[str, float]) -> None:
    if any(p < 0 for p in row.values()) or abs(sum(row.values()) - 1) > 1e-12:
        raise ToktoolsError(f"probabilities must be >= 0 and sum to 1, got {dict(row)}")
