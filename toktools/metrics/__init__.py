"""What a vocabulary is worth before any model is trained on it.

Adds to the tokenizers a ruler. Reading order: distribution (figures of the counts of tokens), words
(which tokens a word is cut into), scores (all figures of one tokenizer on a text), agreement (two
tokenizers on a text), parity (one tokenizer on a text and its translation).

Words are the same for every tokenizer: runs of anything but white space (`WhitespaceSplit`). Tokens
are those of the text alone; no end-of-document token is counted, for any tokenizer. Characters and
bytes are those of the text as given.
"""

from toktools.metrics.agreement import (
    Agreement,
    compare,
    compare_all,
    token_jaccard,
    vocabulary_jaccard,
)
from toktools.metrics.distribution import (
    moving_average_ttr,
    percentile_frequency,
    renyi_efficiency,
    renyi_entropy,
    shannon_efficiency,
    shannon_entropy,
)
from toktools.metrics.parity import Parity, parity
from toktools.metrics.scores import Scores, score, score_all
from toktools.metrics.words import tokens_of_words

__all__ = [
    "Agreement",
    "Parity",
    "Scores",
    "compare",
    "compare_all",
    "moving_average_ttr",
    "parity",
    "percentile_frequency",
    "renyi_efficiency",
    "renyi_entropy",
    "score",
    "score_all",
    "shannon_efficiency",
    "shannon_entropy",
    "token_jaccard",
    "tokens_of_words",
    "vocabulary_jaccard",
]
