"""Text from a model in NumPy: prompts are read, then continued token by token.

The same choices as `lstm_lm.sampling.generation` makes, from the same random numbers: equal weights
give equal texts. Legend: B prompts, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from lstm_lm.numpy_lm.cell import Array
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.softmax import softmax
from lstm_lm.sampling.prompts import check_settings, text_of, uniform_draws, unknown
from toktools.tokenizer import Tokenizer

STRATEGIES = ("argmax", "top-k", "sample")


def generate(
    model: NumpyLanguageModel,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    *,
    n_tokens: int = 100,
    strategy: str = "argmax",
    k: int = 5,
    temperature: float = 1.0,
    seed: int = 0,
    stop_at_eos: bool = True,
) -> list[str]:
    """Continue each prompt; arguments, result and errors are those of `lstm_lm.generate`."""
    check_settings(strategy, STRATEGIES, n_tokens=n_tokens, k=k, temperature=temperature)
    if not prompts:
        return []
    eos_id = tokenizer.require_eos()
    prompt_ids = [tokenizer.encode(prompt) for prompt in prompts]
    forbidden = {i for i in (tokenizer.pad_id, tokenizer.unk_id) if i is not None} - {eos_id}
    u_BN = uniform_draws(prompts, n_tokens, seed)
    generated: list[list[int]] = [[] for _ in prompts]
    x_B, state = np.full(len(prompts), eos_id), model.init_state(len(prompts))
    for t in range(max(map(len, prompt_ids)) + n_tokens):
        logits_1BV, state, _ = model.forward(x_B[None], state)
        n_drawn = np.array([min(len(ids), n_tokens - 1) for ids in generated])
        choice_B = choose(
            forbid(logits_1BV[0].astype(np.float64), forbidden),
            u_BN[np.arange(len(prompts)), n_drawn],
            strategy=strategy,
            k=k,
            temperature=temperature,
        )
        for b, ids in enumerate(prompt_ids):
            if t < len(ids):
                x_B[b] = ids[t]
            else:
                x_B[b] = choice_B[b]
                generated[b].append(int(choice_B[b]))
        if stop_at_eos and all(eos_id in g or len(g) >= n_tokens for g in generated):
            break
    return [
        text_of(tokenizer, ids, new[:n_tokens], unknown(tokenizer, prompt), eos_id, stop_at_eos)
        for prompt, ids, new in zip(prompts, prompt_ids, generated, strict=True)
    ]


def choose(
    logits_BV: Array, u_B: Array, *, strategy: str, k: int, temperature: float
) -> NDArray[np.int64]:
    """Return a token for each row, by a strategy and a uniform number in [0, 1)."""
    if strategy == "argmax":
        return logits_BV.argmax(axis=-1)
    if strategy == "top-k":
        logits_BV = keep_top_k(logits_BV, k)
    shifted_BV = logits_BV - logits_BV.max(axis=-1, keepdims=True)
    return draw(softmax(shifted_BV / temperature), u_B)


def forbid(logits_BV: Array, ids: Collection[int]) -> Array:
    """Return the logits with those of `ids` at minus infinity."""
    logits_BV = logits_BV.copy()
    logits_BV[:, sorted(ids)] = -np.inf
    return logits_BV


def keep_top_k(logits_BV: Array, k: int) -> Array:
    """Return the logits with all but the `k` greatest of each row at minus infinity.

    Among equals the lowest id stays.
    """
    top_BK = np.argsort(-logits_BV, axis=-1, kind="stable")[:, :k]
    kept_BV = np.full_like(logits_BV, -np.inf)
    np.put_along_axis(kept_BV, top_BK, np.take_along_axis(logits_BV, top_BK, -1), -1)
    return kept_BV


def draw(p_BV: Array, u_B: Array) -> NDArray[np.int64]:
    """Return, for each row, the first id at which the running sum of `p_BV` exceeds `u_B`."""
    running_BV = p_BV.cumsum(axis=-1)
    threshold_B1 = (u_B * running_BV[:, -1])[:, None]
    return np.minimum((running_BV <= threshold_B1).sum(axis=-1), p_BV.shape[-1] - 1)
