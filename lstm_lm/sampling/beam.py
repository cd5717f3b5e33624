"""Beam search: the likeliest text that is found by keeping a few beginnings side by side.

Legend: K beginnings, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.config import SamplingConfig
from lstm_lm.sampling.choosing import Chooser
from lstm_lm.sampling.stepping import Stepper, read_texts, select


def beam_search(
    stepper: Stepper,
    prompt_ids: Sequence[int],
    chooser: Chooser,
    stops_V: NDArray[np.bool_],
    config: SamplingConfig,
) -> list[int]:
    """Return the new ids of the best text found after `prompt_ids`.

    At each length the `config.beams` likeliest beginnings are kept; those that end leave and are
    candidates. Of the candidates, and of what is left at the limit, the text with the greatest
    log P / length^length_power is the best; the end counts as a token. Equals: the one found first.

    Args:   prompt_ids: not empty. chooser: says what may be generated; P is over that.
            stops_V: at which ids a text ends.
    Source: length: Wu et al. 2016, arXiv:1609.08144, sec. 7, whose penalty is ((5 + n) / 6)^a;
            dividing by n^a is common practice.
    """
    logits_KV, state = read_texts(stepper, [prompt_ids])
    seen_KV = np.zeros((1, stepper.n_vocab), dtype=bool)
    seen_KV[0, list(prompt_ids[1:])] = True
    texts_KN = np.zeros((1, 0), dtype=np.int64)
    log_p_K = np.zeros(1)
    best: tuple[float, list[int]] = (-np.inf, [])
    for n in range(1, config.limit + 1):
        allowed_KV = chooser.allowed(logits_KV, seen_KV if chooser.remembers else None)
        parents_K, ids_K, log_p_K = _likeliest(log_p_K[:, None] + _log(allowed_KV), config.beams)
        texts_KN = np.concatenate([texts_KN[parents_K], ids_K[:, None]], axis=1)
        ended_K = stops_V[ids_K] | (n == config.limit)
        for text_N, log_p in zip(texts_KN[ended_K], log_p_K[ended_K], strict=True):
            best = max(best, (log_p / n**config.length_power, text_N.tolist()), key=lambda b: b[0])
        on = ~ended_K
        if not on.any():
            break
        parents_K, ids_K, texts_KN, log_p_K = parents_K[on], ids_K[on], texts_KN[on], log_p_K[on]
        seen_KV = seen_KV[parents_K]
        seen_KV[range(len(ids_K)), ids_K] = True
        logits_KV, state = stepper.step(ids_K, select(state, parents_K))
    return best[1]


def _log(logits_KV: NDArray[Any]) -> NDArray[Any]:
    """Return the logarithms of the probabilities."""
    shifted_KV = logits_KV - logits_KV.max(axis=-1, keepdims=True)
    return shifted_KV - np.log(np.exp(shifted_KV).sum(axis=-1, keepdims=True))


def _likeliest(
    log_p_KV: NDArray[Any], n: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[Any]]:
    """Return rows, columns and values of the `n` greatest finite values, the greatest first."""
    flat = log_p_KV.ravel()
    n = min(n, int(np.isfinite(flat).sum()))
    top = np.flatnonzero(flat >= np.partition(flat, -n)[-n])
    top = top[np.argsort(-flat[top], kind="stable")][:n]
    return *np.divmod(top, log_p_KV.shape[1]), flat[top]
