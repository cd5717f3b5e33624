"""Text from a model: prompts are read, then continued token by token.

A strategy is a few small functions on logits, one after the other. Each prompt draws from its own
random numbers, so its text does not depend on which prompts stand beside it.
Legend: B prompts, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from lstm_lm.config import STRATEGIES
from lstm_lm.model import LanguageModel, evaluating
from lstm_lm.sampling.prompts import check_settings, text_of, uniform_draws, unknown
from toktools.tokenizer import Tokenizer


def generate(
    model: LanguageModel,
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
    """Continue each prompt, and return prompt and continuation as one text.

    Every prompt is read from a zero state after `<EOS>`, as the first document is in training; an
    empty prompt starts from `<EOS>` alone. PAD and ANY are never generated.

    Args:
        model: is put in evaluation mode meanwhile. tokenizer: the one it was trained with.
        n_tokens: at most so many new tokens.
        strategy: "argmax": the likeliest token (ties: lowest id); "top-k": drawn from the `k`
            likeliest; "sample": drawn from all.
        k: more than the vocabulary means all of it.
        temperature: logits are divided by it before a draw; below 1 is bolder, above 1 wilder.
        seed: the same seed gives the same text; a prompt given twice gets two different texts.
        stop_at_eos: end a text at `<EOS>`; else go on with a new document on a new line.
    Returns: one text for each prompt.
    Raises:  ToktoolsError at a setting out of range.
    """
    check_settings(strategy, STRATEGIES, n_tokens=n_tokens, k=k, temperature=temperature)
    if not prompts:
        return []
    eos_id = tokenizer.require_eos()
    prompt_ids = [tokenizer.encode(prompt) for prompt in prompts]
    forbidden = {i for i in (tokenizer.pad_id, tokenizer.unk_id) if i is not None} - {eos_id}
    u_BN = uniform_draws(prompts, n_tokens, seed)
    generated: list[list[int]] = [[] for _ in prompts]
    with evaluating(model):
        x_B = torch.tensor([eos_id] * len(prompts))
        state = model.init_state(len(prompts))
        for t in range(max(map(len, prompt_ids)) + n_tokens):
            logits_1BV, state = model(x_B[None].to(model.device), state)
            logits_BV = forbid(logits_1BV[0].double().cpu(), forbidden)
            if strategy == "top-k":
                logits_BV = keep_top_k(logits_BV, k)
            n_drawn = [len(ids) for ids in generated]
            u_B = u_BN[range(len(prompts)), np.minimum(n_drawn, n_tokens - 1)]
            choice_B = (
                logits_BV.argmax(-1)
                if strategy == "argmax"
                else draw(softmax(logits_BV, temperature), torch.from_numpy(u_B))
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


def forbid(logits_BV: Tensor, ids: Collection[int]) -> Tensor:
    """Return the logits with those of `ids` at minus infinity."""
    logits_BV = logits_BV.clone()
    logits_BV[:, sorted(ids)] = -torch.inf
    return logits_BV


def keep_top_k(logits_BV: Tensor, k: int) -> Tensor:
    """Return the logits with all but the `k` greatest of each row at minus infinity."""
    top = logits_BV.topk(min(k, logits_BV.shape[-1]))
    return torch.full_like(logits_BV, -torch.inf).scatter(-1, top.indices, top.values)


def softmax(logits_BV: Tensor, temperature: float) -> Tensor:
    """Return the probabilities of `logits_BV / temperature`, shifted so that none overflows."""
    return torch.softmax((logits_BV - logits_BV.amax(-1, keepdim=True)) / temperature, dim=-1)


def draw(p_BV: Tensor, u_B: Tensor) -> Tensor:
    """Return, for each row, the first id at which the running sum of `p_BV` exceeds `u_B`.

    Args: p_BV: probabilities; u_B: uniform numbers in [0, 1).
    """
    running_BV = p_BV.cumsum(-1)
    threshold_B1 = (u_B * running_BV[:, -1])[:, None]
    return (running_BV <= threshold_B1).sum(-1).clamp(max=p_BV.shape[-1] - 1)
