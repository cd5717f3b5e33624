"""What a configuration asks for, put together: functions on logits, then a draw.

The order is that of the Hugging Face library: what is forbidden, repetition, temperature, filters.
Legend: B texts, V vocabulary, D random numbers for one token.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.config import SamplingConfig
from lstm_lm.sampling import drawing, transforms
from lstm_lm.sampling.stepping import Ids, Logits
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Transform = Callable[[Array], Array]
_DRAWS = {
    "argmax": drawing.argmax,
    "sample": drawing.sample,
    "resample-once": drawing.resample_once,
}


class Chooser:
    """Chooses the next token of each text; nothing in it changes.

    Args:   config: how; tokenizer: whose tokens may be forbidden.
    Raises: ToktoolsError if a token to be forbidden is not in the vocabulary.
    """

    def __init__(self, config: SamplingConfig, tokenizer: Tokenizer) -> None:
        filters, draw = config.parts
        self._forbidden = forbidden(config, tokenizer)
        self._penalty = config.repetition_penalty
        self._transforms = [_filter(name, config) for name in filters]
        if config.temperature != 1 and draw != "argmax":
            self._transforms.insert(0, partial(transforms.heat, temperature=config.temperature))
        self._draw = _DRAWS.get(draw, drawing.argmax)
        self.n_draws = 2 if draw == "resample-once" else 1
        self.remembers = self._penalty != 1

    def allowed(self, logits_BV: Logits, seen_BV: Mask | None) -> Array:
        """Return the logits of what may be generated, in float64.

        Args:   seen_BV: the tokens that each text has; None unless `remembers`.
        Raises: ToktoolsError if a row has NaN or infinity, or nothing may follow.
        """
        logits_BV = logits_BV.astype(np.float64)
        if seen_BV is not None:
            logits_BV = transforms.penalize(logits_BV, seen_BV, self._penalty)
        greatest = logits_BV.max()  # NaN, if one is
        logits_BV[:, self._forbidden] = -np.inf
        if not greatest < np.inf:
            raise ToktoolsError(
                f"the model gives {greatest} for a logit: its weights are damaged; train it again"
            )
        return logits_BV

    def __call__(self, logits_BV: Logits, seen_BV: Mask | None, u_BD: Array) -> Ids:
        """Return a token for each row; arguments and errors as `allowed`."""
        return self._draw(self.narrowed(self.allowed(logits_BV, seen_BV)), u_BD)

    def narrowed(self, logits_BV: Array) -> Array:
        """Return the logits after temperature and filters."""
        for transform in self._transforms:
            logits_BV = transform(logits_BV)
        return logits_BV


def _filter(name: str, config: SamplingConfig) -> Transform:
    """Return the function on logits of that name."""
    return {
        "top-k": partial(transforms.keep_top_k, k=config.k),
        "top-k-uniform": lambda x: transforms.level(transforms.keep_top_k(x, config.k)),
        "top-p": partial(transforms.keep_top_p, p=config.p),
        "min-p": partial(transforms.keep_min_p, min_p=config.min_p),
        "typical": partial(transforms.keep_typical, p=config.typical_p),
    }[name]


def forbidden(config: SamplingConfig, tokenizer: Tokenizer) -> list[int]:
    """Return the ids never generated: PAD, holes, ANY unless allowed, and what is banned."""
    never = {tokenizer.pad_id, None if config.allow_any else tokenizer.unk_id}
    ids = {id for id in never if id is not None} - {tokenizer.eos_id}
    tokens = tokenizer.vocabulary.tokens
    ids.update(id for id, token in enumerate(tokens) if not token)
    for token in config.ban:
        id = tokenizer.token_to_id(token)
        if id is None:
            pieces = [tokenizer.id_to_token(id) for id in tokenizer.encode(token)]
            raise ToktoolsError(
                f"there is no token {token!r} to ban; as text it is {pieces}: ban one of these, as "
                "the vocabulary writes it"
            )
        ids.add(id)
    if len(ids) >= tokenizer.n_vocab:
        raise ToktoolsError("every token is banned; leave at least one")
    return sorted(ids)
