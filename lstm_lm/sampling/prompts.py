"""What sampling is apart from the model: settings, random numbers, and ids turned back into text.

Imports no torch: every backend shares it. Legend: B prompts.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstm_lm.data.encoded import unknown_spans
from toktools.errors import ToktoolsError, lookup
from toktools.tokenizer import Tokenizer


def unknown(tokenizer: Tokenizer, text: str) -> list[str]:
    """Return the parts of `text` that the tokenizer does not know, in order."""
    if tokenizer.unk_id is None:
        return []
    return [text[start:end] for start, end in unknown_spans(tokenizer, text)]


def check_settings(
    strategy: str, strategies: tuple[str, ...], *, n_tokens: int, k: int, temperature: float
) -> None:
    """Raise ToktoolsError at a strategy that is none of `strategies`, or a number out of range."""
    lookup(strategy, dict.fromkeys(strategies), what="strategy")
    if n_tokens < 1:
        raise ToktoolsError(f"n_tokens must be >= 1, got {n_tokens}")
    if k < 1:
        raise ToktoolsError(f"k must be >= 1 (1 is argmax), got {k}")
    if not 0 < temperature < float("inf"):
        raise ToktoolsError(
            f"temperature must be > 0, got {temperature}; for the likeliest token each time, "
            "use the strategy argmax"
        )


def uniform_draws(prompts: Sequence[str], n_tokens: int, seed: int) -> NDArray[np.float64]:
    """Return uniform numbers (B, n_tokens); a row depends on seed, prompt and earlier equals."""
    rows: list[NDArray[np.float64]] = []
    for b, prompt in enumerate(prompts):
        own = [zlib.crc32(prompt.encode()), list(prompts[:b]).count(prompt)]
        rows.append(np.random.default_rng([seed, *own]).random(n_tokens))
    return np.stack(rows)


def text_of(
    tokenizer: Tokenizer,
    prompt_ids: list[int],
    new_ids: list[int],
    hidden: list[str],
    eos_id: int,
    stop_at_eos: bool,
) -> str:
    """Decode prompt and continuation, each further document on a line of its own."""
    documents: list[list[int]] = [[*prompt_ids]]
    for id in new_ids:
        if id == eos_id:
            documents.append([])
        else:
            documents[-1].append(id)
    if stop_at_eos:
        del documents[1:]
    return "\n".join(tokenizer.decode(ids, hidden=hidden) for ids in documents)
