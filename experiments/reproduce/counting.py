"""What a model must get right of a formal language, and the lowest loss that it can have.

A word is read from its first letter and predicted from its second to <EOS>, as the notebook does.
Some tokens are a choice of the language: another a, another opening bracket. All others follow from
the letters before them. So of the tokens that are no choice, the most probable must be the right
one, where the word does not go on with a choice:

anbn    after the first b, all tokens: the other b and <EOS>
anbncn  after the first b, all tokens: the other b, the c and <EOS>
dyck    at every closing bracket and at <EOS>, of all tokens that open no bracket

A word matches if all these places are right. The places are given the right letters before them; as
each must be right, a word of the first two languages matches if and only if the network, once it
has read the first b, would itself write the rest.
Legend: T time steps, B words, V vocabulary.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_lm.data.encoded import IGNORED
from toktools.corpus import open_corpus
from toktools.corpus.formal import BRACKETS, LONGEST, counted_word, dyck_word

EOS, UNK = "<EOS>", "<UNK>"
LENGTHS = range(1, LONGEST + 1)
LONGER = range(LONGEST + 1, 51)
WORDS_OF_A_LENGTH = 10  # dyck has many words of a length; these were not drawn for the corpus
Word = list[str]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Language:
    """A formal language; `letters` in the order of their ids, `choices` those that open."""

    name: str
    letters: str
    choices: str

    @property
    def tokens(self) -> list[str]:
        """The vocabulary: letters, <EOS>, <UNK>."""
        return [*self.letters, EOS, UNK]

    def split(self, name: str) -> list[Word]:
        """Return the words of a split of the built-in corpus."""
        return [document.split() for document in open_corpus(self.name).split(name)]

    def words(self, n: int) -> list[Word]:
        """Return words to test on: n of each letter, or n pairs of brackets."""
        if self.name != "dyck":
            return [counted_word(self.letters, n)]
        random = np.random.RandomState(n)
        return [dyck_word(n, random) for _ in range(WORDS_OF_A_LENGTH)]

    def rivals(self, word: Word) -> list[list[str]]:
        """Return, for each predicted place, the tokens that the right one must outdo; or none.

        Example:
            >>> [len(tokens) for tokens in LANGUAGES["anbn"].rivals(["a", "a", "b", "b"])]
            [0, 0, 4, 4]
            >>> [len(tokens) for tokens in LANGUAGES["dyck"].rivals(["(", "[", "]", ")"])]
            [0, 4, 4, 4]
        """
        targets = [*word[1:], EOS]
        if self.name == "dyck":
            closing = [token for token in self.tokens if token not in self.choices]
            return [[] if target in self.choices else closing for target in targets]
        first = word.index(self.letters[1])
        return [self.tokens if place >= first else [] for place in range(len(word))]


LANGUAGES = {
    language.name: language
    for language in (
        Language("anbn", "ab", "a"),
        Language("anbncn", "abc", "a"),
        Language("dyck", "".join(BRACKETS) + "".join(BRACKETS.values()), "".join(BRACKETS)),
    )
}


def encode(language: Language, words: Sequence[Word]) -> tuple[Ids, Ids]:
    """Return inputs and targets of the words side by side, (T, B); `IGNORED` behind the shorter.

    Example:
        >>> x_TB, y_TB = encode(LANGUAGES["anbn"], [["a", "b"], ["a", "a", "b", "b"]])
        >>> x_TB.T.tolist(), y_TB.T.tolist()
        ([[0, 1, 2, 2], [0, 0, 1, 1]], [[1, 2, -100, -100], [0, 1, 1, 2]])
    """
    ids = {token: i for i, token in enumerate(language.tokens)}
    x_TB = np.full((max(map(len, words)), len(words)), ids[EOS])
    y_TB = np.full(x_TB.shape, IGNORED)
    for row, word in enumerate(words):
        x_TB[: len(word), row] = [ids[token] for token in word]
        y_TB[: len(word), row] = [ids[token] for token in [*word[1:], EOS]]
    return x_TB, y_TB


def matches(language: Language, words: Sequence[Word], scores_TBV: NDArray) -> list[bool]:
    """Return whether each word matches, given posteriors or logits at all its places.

    A tie with a rival is no match.
    """
    ids = {token: i for i, token in enumerate(language.tokens)}
    found = []
    for row, word in enumerate(words):
        right = True
        places = zip([*word[1:], EOS], language.rivals(word), strict=True)
        for place, (target, rivals) in enumerate(places):
            score_V = scores_TBV[place, row]
            others = [score_V[ids[token]] for token in rivals if token != target]
            right = right and all(score_V[ids[target]] > other for other in others)
        found.append(right)
    return found


def source_nats(n: int, longest: int = LONGEST) -> list[float]:
    """Return the loss of whoever knows the source of a^n b^n: at each of its 2n predicted places.

    After k of the a's another one comes unless n = k: with n uniform on 1..longest, this ends with
    probability 1 / (longest + 1 - k). The b's and <EOS> cost nothing. The sum is log(longest).

    Example:
        >>> [round(nats, 3) for nats in source_nats(2, longest=3)], round(math.log(3), 3)
        ([0.405, 0.693, 0.0, 0.0], 1.099)
    """
    ends = [1 / (longest + 1 - k) for k in range(1, n + 1)]
    more = [-math.log(1 - p) for p in ends[:-1]]
    return [*more, -math.log(ends[-1]) if n < longest else 0.0, *[0.0] * n]


def lowest_loss(words: Sequence[Word]) -> float:
    """Return the mean loss per predicted token of whoever knows the source of a^n b^n, in nats."""
    nats = [source_nats(word.count("a")) for word in words]
    return sum(map(sum, nats)) / sum(map(len, nats))


def no_model_below(words: Sequence[Word]) -> float:
    """Return the loss, as `lowest_loss`, of a model fitted to just these words.

    It gives every n its share of the words. No model at all has a lower loss on them, be it trained
    on others or on these: the cross-entropy of a distribution is least against itself.
    """
    counts = Counter(word.count("a") for word in words)
    nats = -sum(count * math.log(count / len(words)) for count in counts.values())
    return nats / sum(map(len, words))
