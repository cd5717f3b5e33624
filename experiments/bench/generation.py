"""Generation beside two plain loops: `python -m experiments bench generation speed`.

The naive loop feeds the whole prefix again for every token; the carried loop is torch as one would
write it by hand: the model called for one token, the state kept. All go through the same model on
random weights, from the same one-token prompts to the same number of new tokens, and choose by
argmax; their tokens must agree, or the times do not count. In turn in one process; what is
timed is processor time, from prompts as ids to new ids; imports and the making of the model are
not in it. `memory` reads a stream of a million tokens and says by how much the process grew.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from toktools.command_line import Group
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.model import LanguageModel
    from toktools.tokenizer import Tokenizer


class Size(NamedTuple):
    """A model and a length: V, units of embedding and layers, layers, new tokens."""

    n_vocab: int
    n_units: int
    n_layers: int
    n_tokens: int


SIZES = {"bytes, 2x200": Size(258, 200, 2, 100), "10,000 words, 2x650": Size(10_000, 650, 2, 50)}
BATCHES = (1, 64)
Ids = list[list[int]]


def make(size: Size) -> tuple[LanguageModel, Tokenizer]:
    """Return a model with random weights, and a tokenizer with a vocabulary of its size."""
    import torch

    from lstm_lm.config import ModelConfig
    from lstm_lm.model import LanguageModel
    from toktools.word import train_word

    torch.manual_seed(0)
    words = " ".join(f"w{i}" for i in range(size.n_vocab - 3))
    tokenizer = train_word([words], min_count=1)
    n, n_layers = size.n_units, size.n_layers
    config = ModelConfig(embedding_size=n, hidden_size=n, n_layers=n_layers)
    model = LanguageModel(tokenizer.n_vocab, config).eval()
    torch.nn.init.normal_(model.head.weight, std=0.5)  # far apart: rounding decides nothing
    return model, tokenizer


def naive(model: LanguageModel, tokenizer: Tokenizer, prompts: Ids, n_tokens: int) -> Ids:
    """Feed the whole prefix again for every token."""
    import torch

    x_TB = torch.tensor([[tokenizer.require_eos(), *ids] for ids in prompts]).T
    with torch.inference_mode():
        for _ in range(n_tokens):
            logits_TBV, _ = model(x_TB, model.init_state(len(prompts)))
            x_TB = torch.cat([x_TB, _likeliest(tokenizer, logits_TBV[-1])[None]])
    return x_TB[1 + len(prompts[0]) :].T.tolist()


def carried(model: LanguageModel, tokenizer: Tokenizer, prompts: Ids, n_tokens: int) -> Ids:
    """Call the model for one token at a time and keep the state."""
    import torch

    x_TB = torch.tensor([[tokenizer.require_eos(), *ids] for ids in prompts]).T
    new: list[Any] = []
    with torch.inference_mode():
        state = model.init_state(len(prompts))
        for _ in range(n_tokens):
            logits_TBV, state = model(x_TB, state)
            new.append(_likeliest(tokenizer, logits_TBV[-1]))
            x_TB = new[-1][None]
    return torch.stack(new).T.tolist()


def _likeliest(tokenizer: Tokenizer, logits_BV: Any) -> Any:
    logits_BV[:, [tokenizer.pad_id, tokenizer.unk_id]] = float("-inf")
    return logits_BV.argmax(-1)


def ours(model: LanguageModel, tokenizer: Tokenizer, prompts: Ids, n_tokens: int) -> Ids:
    """Generate as `lstm_lm.generate` does, what it prepares once included."""
    from lstm_lm.config import SamplingConfig
    from lstm_lm.sampling.generation import continuations

    config = SamplingConfig(stop_on=str(n_tokens))
    keys = [(b,) for b in range(len(prompts))]
    steps = continuations(model.stepper(), tokenizer, prompts, config, keys)
    return [list(ids) for ids in zip(*(ids_B.tolist() for _, ids_B in steps), strict=True)]


WAYS: dict[str, Callable[..., Ids]] = {"naive": naive, "carried": carried, "ours": ours}


def measure(size: Size, batch_size: int, n_rounds: int, n_threads: int) -> dict[str, Any]:
    """Time all ways in turn; return all rounds, and whether they gave the same tokens."""
    import torch

    torch.set_num_threads(n_threads)
    model, tokenizer = make(size)
    prompts = [[3 + b] for b in range(batch_size)]
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    texts: dict[str, Ids] = {}
    for way in WAYS.values():
        way(model, tokenizer, prompts, 2)
    for _ in range(n_rounds):
        for name, way in WAYS.items():
            start = time.process_time()
            texts[name] = way(model, tokenizer, prompts, size.n_tokens)
            seconds[name].append(time.process_time() - start)
    return {
        "size": size._asdict(),
        "batch_size": batch_size,
        "threads": n_threads,
        "seconds": seconds,
        "same": texts["naive"] == texts["carried"] == texts["ours"],
    }


def lines(result: dict[str, Any]) -> list[str]:
    """Return the result as lines of text, medians with the lowest and the highest."""
    size, n_threads = Size(**result["size"]), result["threads"]
    n_new = size.n_tokens * result["batch_size"]
    text = [
        f"{size.n_layers} layers of {size.n_units}, {size.n_vocab:,} tokens in the vocabulary, "
        f"batch {result['batch_size']}, {size.n_tokens} new tokens each, {n_threads} thread(s)"
    ]
    median = statistics.median(result["seconds"]["naive"])
    for name, seconds in result["seconds"].items():
        rates = sorted(n_new / s for s in seconds)
        text.append(
            f"{name:9}{statistics.median(rates):10,.0f} tokens/s ({rates[0]:,.0f} to "
            f"{rates[-1]:,.0f}), {median / statistics.median(seconds):.1f}x the naive loop"
        )
    text.append("tokens: the same" if result["same"] else "tokens: DIFFERENT")
    return text


def growth_of_a_stream(n_tokens: int) -> tuple[int, int, float]:
    """Stream text; return the peak memory after a hundredth of it and at its end, and seconds."""
    import torch

    from experiments.bench.memory import peak_bytes
    from lstm_lm.config import ModelConfig, SamplingConfig
    from lstm_lm.model import LanguageModel
    from lstm_lm.sampling.generation import stream
    from toktools.byte import ByteTokenizer

    torch.set_num_threads(1)
    tokenizer = ByteTokenizer()
    config = ModelConfig(embedding_size=64, hidden_size=64, n_layers=1)
    model = LanguageModel(tokenizer.n_vocab, config).eval()
    sampling = SamplingConfig(strategy="top-k", stop_on=str(n_tokens))
    early, start = 0, time.process_time()
    for i, _ in enumerate(stream(model.stepper(), tokenizer, "a", sampling)):
        if i == n_tokens // 100:
            early = peak_bytes()
    return early, peak_bytes(), time.process_time() - start


@click.group("generation", cls=Group)
def generation() -> None:
    """Time generation beside plain loops, and measure the memory of a long stream."""


@generation.command()
@click.option("--size", "names", multiple=True, type=click.Choice([*SIZES]), help="Default: all.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--threads", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print all rounds as JSON.")
def speed(names: tuple[str, ...], rounds: int, threads: int, as_json: bool) -> None:
    """Tokens a second: the whole prefix again, the state carried by hand, ours."""
    for name in names or SIZES:
        for batch_size in BATCHES:
            result = measure(SIZES[name], batch_size, rounds, threads)
            click.echo(json.dumps(result) if as_json else "\n".join(lines(result)) + "\n")
            if not result["same"]:
                raise ToktoolsError("the loops gave different tokens; the times do not count")


@generation.command()
@click.option("--n-tokens", default=1_000_000, show_default=True)
def memory(n_tokens: int) -> None:
    """How much a process grows while it streams a long text."""
    early, late, seconds = growth_of_a_stream(n_tokens)
    click.echo(
        f"{n_tokens:,} tokens streamed in {seconds:.0f} s of processor time: peak memory "
        f"{early / 1e6:.1f} MB after {n_tokens // 100:,}, {late / 1e6:.1f} MB at the end"
    )


if __name__ == "__main__":
    generation(prog_name="python -m experiments bench generation")
