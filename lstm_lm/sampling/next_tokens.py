"""The likeliest tokens to follow a text, with their probabilities under the model itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lstm_lm.sampling.stepping import Stepper, read_texts
from lstm_lm.sampling.transforms import softmax
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer


class NextToken(NamedTuple):
    """A token that may follow: as the vocabulary writes it, with its probability."""

    id: int
    token: str
    probability: float


def next_tokens(stepper: Stepper, tokenizer: Tokenizer, prompt: str, n: int) -> list[NextToken]:
    """Return the `n` likeliest tokens after `prompt`, the likeliest first; of equals the lowest id.

    Nothing is forbidden here: `<EOS>` and `<ANY>` are among them if the model finds them likely.

    Args:   n: more than the vocabulary means all of it.
    Raises: ToktoolsError if `n` is below 1, or the model gives NaN.
    """
    if n < 1:
        raise ToktoolsError(f"n must be >= 1, got {n}")
    logits_1V, _ = read_texts(stepper, [[tokenizer.require_eos(), *tokenizer.encode(prompt)]])
    p_V = softmax(logits_1V.astype(np.float64))[0]
    if np.isnan(p_V).any():
        raise ToktoolsError(
            "the model gives NaN for a probability: its weights are damaged; train it again"
        )
    ids = np.argsort(-p_V, kind="stable")[:n].tolist()
    return [NextToken(id, tokenizer.vocabulary.tokens[id], float(p_V[id])) for id in ids]
