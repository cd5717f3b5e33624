"""Text from a model: prompts are read, then continued token by token.

Each prompt is read from a zero state after `<EOS>`, as the first document is in training; an empty
prompt starts from `<EOS>` alone. However long a prompt is, reading it takes bounded memory.
Legend: B texts, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstm_lm.config import SamplingConfig
from lstm_lm.sampling.beam import beam_search
from lstm_lm.sampling.choosing import Chooser
from lstm_lm.sampling.drawing import Uniforms, keys
from lstm_lm.sampling.prompts import unknown
from lstm_lm.sampling.stepping import Ids, Stepper, read_texts, select
from toktools.tokenizer import Tokenizer

_ROWS = 64  # texts continued side by side


class Model(Protocol):
    """A language model of any backend."""

    def stepper(self) -> Stepper:
        """Return what reads texts token by token."""
        ...


@dataclass(frozen=True, kw_only=True)
class Generated:
    """One text.

    Attributes:
        prompt: as given. text: prompt and continuation. n_tokens: new ones.
        stopped: what ended it: "EOS", "newline" or "length".
        unknown: parts of the prompt that the tokenizer does not know.
    """

    prompt: str
    text: str
    n_tokens: int
    stopped: str
    unknown: tuple[str, ...]


def generate(
    model: Model, tokenizer: Tokenizer, prompts: Sequence[str], **settings: Any
) -> list[str]:
    """Continue each prompt, and return prompt and continuation as one text.

    PAD and ANY are never generated, unless `allow_any`. The same seed gives the same text; a prompt
    given twice gets two different texts.

    Args:   model: read in evaluation mode. tokenizer: the one it was trained with.
            settings: the fields of `SamplingConfig`: strategy, k, temperature, n_tokens, ...
    Returns: one text for each prompt.
    Raises:  ToktoolsError at a setting out of range.
    """
    config = SamplingConfig(**settings)
    return [made.text for made in continue_prompts(model.stepper(), tokenizer, prompts, config)]


def continue_prompts(
    stepper: Stepper, tokenizer: Tokenizer, prompts: Sequence[str], config: SamplingConfig
) -> list[Generated]:
    """Continue each prompt; otherwise like `generate`."""
    own_keys = keys(prompts, config.seed)
    made: list[Generated] = []
    for i in range(0, len(prompts), _ROWS):
        some = prompts[i : i + _ROWS]
        prompt_ids = [tokenizer.encode(prompt) for prompt in some]
        new_ids: list[list[int]] = [[] for _ in some]
        for rows_B, ids_B in continuations(
            stepper, tokenizer, prompt_ids, config, own_keys[i : i + _ROWS]
        ):
            for row, id in zip(rows_B.tolist(), ids_B.tolist(), strict=True):
                new_ids[row].append(id)
        made += [
            _generated(tokenizer, *one, config)
            for one in zip(some, prompt_ids, new_ids, strict=True)
        ]
    return made


def stream(
    stepper: Stepper, tokenizer: Tokenizer, prompt: str, config: SamplingConfig
) -> Iterator[str]:
    """Yield the continuation of one prompt piece by piece, never half a character.

    The pieces joined are what `generate` puts after the prompt. Memory does not grow with them.
    """
    prompt_ids = tokenizer.encode(prompt)
    steps = continuations(stepper, tokenizer, [prompt_ids], config, keys([prompt], config.seed))
    return pieces(tokenizer, prompt_ids, (int(ids_B[0]) for _, ids_B in steps), config)


def continuations(
    stepper: Stepper,
    tokenizer: Tokenizer,
    prompt_ids: Sequence[Sequence[int]],
    config: SamplingConfig,
    own_keys: Sequence[tuple[int, ...]],
) -> Iterator[tuple[NDArray[np.intp], Ids]]:
    """Yield, step by step, the numbers of the texts that still go on, and a new token for each.

    Args: prompt_ids: B texts; own_keys: what the random numbers of each depend on.
    """
    chooser, eos_id = Chooser(config, tokenizer), tokenizer.require_eos()
    stops_V = _stops(tokenizer, config)
    if config.parts[1] == "beam":
        for b, ids in enumerate(prompt_ids):
            for id in beam_search(stepper, [eos_id, *ids], chooser, stops_V, config):
                yield np.array([b]), np.array([id])
        return
    rows_B, uniforms = np.arange(len(prompt_ids)), Uniforms(own_keys, chooser.n_draws)
    seen_BV = seen(prompt_ids, stepper.n_vocab) if chooser.remembers else None
    logits_BV, state = read_texts(stepper, [[eos_id, *ids] for ids in prompt_ids])
    for n_new in range(1, config.limit + 1):
        ids_B = chooser(logits_BV, seen_BV, uniforms.next())
        yield rows_B, ids_B
        ended_B = stops_V[ids_B]
        if seen_BV is not None:
            seen_BV[range(len(ids_B)), ids_B] = True
        if ended_B.any():
            on = ~ended_B
            rows_B, ids_B, state = rows_B[on], ids_B[on], select(state, on)
            seen_BV = None if seen_BV is None else seen_BV[on]
            uniforms.keep(on)
        if not len(rows_B) or n_new == config.limit:
            return
        logits_BV, state = stepper.step(ids_B, state)


def seen(texts: Sequence[Sequence[int]], n_vocab: int) -> NDArray[np.bool_]:
    """Return which tokens each text has, (B, V)."""
    seen_BV = np.zeros((len(texts), n_vocab), dtype=bool)
    for seen_V, ids in zip(seen_BV, texts, strict=True):
        seen_V[list(ids)] = True
    return seen_BV


def _stops(tokenizer: Tokenizer, config: SamplingConfig) -> NDArray[np.bool_]:
    """Return at which ids a text ends, (V,)."""
    stops_V = np.zeros(tokenizer.n_vocab, dtype=bool)
    if config.stop:
        stops_V[tokenizer.require_eos()] = True
    if config.stop == "newline":
        stops_V |= [b"\n" in added for added in tokenizer.token_bytes]
    return stops_V


def pieces(
    tokenizer: Tokenizer, prompt_ids: Sequence[int], new_ids: Iterable[int], config: SamplingConfig
) -> Iterator[str]:
    """Yield the text of `new_ids` after `prompt_ids`, each further document on a line of its own.

    It ends in front of what `config.stop` names.
    """
    decoder, stops_at_newline = tokenizer.decode_stream(), config.stop == "newline"
    for id in prompt_ids:
        decoder.feed(id)
    for id in new_ids:
        if id != tokenizer.eos_id:
            text = decoder.feed(id)
            yield text.partition("\n")[0] if stops_at_newline else text
            if stops_at_newline and "\n" in text:
                return
            continue
        yield decoder.finish()
        if config.stop:
            return
        decoder = tokenizer.decode_stream()
        yield "\n"
    yield decoder.finish()


def _generated(
    tokenizer: Tokenizer,
    prompt: str,
    prompt_ids: list[int],
    new_ids: list[int],
    config: SamplingConfig,
) -> Generated:
    """Put together what came of a prompt."""
    hidden = unknown(tokenizer, prompt)
    ended = bool(new_ids) and bool(_stops(tokenizer, config)[new_ids[-1]])
    at_eos = "EOS" if new_ids[-1:] == [tokenizer.eos_id] else "newline"
    return Generated(
        prompt=prompt,
        text=tokenizer.decode(prompt_ids, hidden=hidden)
        + "".join(pieces(tokenizer, prompt_ids, new_ids, config)),
        n_tokens=len(new_ids),
        stopped=at_eos if ended else "length",
        unknown=tuple(hidden),
    )
