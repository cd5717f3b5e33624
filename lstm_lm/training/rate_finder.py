"""A learning rate suggested by a short run: raise it update by update, and see where loss turns.

Source: Smith 2017, arXiv:1506.01186, sec. 3.3, the range test; here the rate grows exponentially.
"""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Batches, Chunk, make_batches
from lstm_lm.data.encoded import encode_split
from lstm_lm.files import write_bytes
from lstm_lm.model import LanguageModel
from lstm_lm.runs.environment import check_device, device_named
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

HALF_WINDOW = 5  # a smoothed loss is the mean over as many updates on either side
BLOWN_UP = 2.0  # the search ends once the loss is so many times its lowest
DIVISOR = 4.0
RULE = "a quarter of the rate at which the smoothed loss was lowest"


@dataclass(frozen=True, kw_only=True)
class RateSearch:
    """What a search saw.

    Attributes:
        rates, losses: of each update, in order; nats per token, before that update.
    """

    rates: list[float]
    losses: list[float]

    @property
    def smoothed(self) -> list[float]:
        """The mean loss around each update; centred, for a running mean would come too late."""
        windows = ((max(0, i - HALF_WINDOW), i + HALF_WINDOW + 1) for i in range(len(self.losses)))
        return [statistics.fmean(self.losses[a:b]) for a, b in windows]

    @property
    def best(self) -> int:
        """The update at which the smoothed loss was lowest."""
        return min(range(len(self.losses)), key=self.smoothed.__getitem__)

    @property
    def suggestion(self) -> float:
        """A quarter of the rate at which the smoothed loss was lowest.

        There the loss has stopped falling, so the rate is already too high. Usual is a tenth; a
        quarter came closer to the best rate in docs/training-language-models.md.
        """
        return self.rates[self.best] / DIVISOR

    def as_dict(self) -> dict[str, Any]:
        """Return all of it; JSON can hold it."""
        return {
            "suggestion": self.suggestion,
            "rule": RULE,
            "learning_rates": self.rates,
            "losses_nats": self.losses,
            "smoothed_nats": self.smoothed,
        }


def find_learning_rate(
    learner: Learner,
    batches: Batches,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    n_updates: int = 100,
) -> RateSearch:
    """Train with rates that grow from `lowest` to `highest`, until the loss blows up.

    Args:   learner: its model is spoilt by this; use a new one. n_updates: at most so many.
    Raises: ToktoolsError if the rates are out of order, or fewer than 10 updates go well.
    """
    if not 0 < lowest < highest < math.inf:
        raise ToktoolsError(f"rates must be 0 < lowest < highest, got {lowest} and {highest}")
    if n_updates < 10:
        raise ToktoolsError(f"n_updates must be >= 10 to see where the loss turns, got {n_updates}")
    rates: list[float] = []
    losses: list[float] = []
    learner.model.train()
    for i, chunk in zip(range(n_updates), _endless(batches), strict=False):
        rate = lowest * (highest / lowest) ** (i / (n_updates - 1))
        loss = float(learner.update(chunk, rate).nats)
        if not math.isfinite(loss):
            break
        rates.append(rate)
        losses.append(loss)
        if loss > BLOWN_UP * min(losses):
            break
    if len(losses) < 10:
        raise ToktoolsError(f"the loss blew up after {len(losses)} updates; lower --lowest")
    return RateSearch(rates=rates, losses=losses)


def search_on(
    documents: Iterable[str],
    tokenizer: Tokenizer,
    model: ModelConfig,
    training: TrainingConfig,
    *,
    device: str = "cpu",
    **settings: Any,
) -> RateSearch:
    """Search with a new model on these documents; `settings` as for `find_learning_rate`."""
    device = device_named(device)
    check_device(device)
    split = encode_split(tokenizer, documents, name="the train split")
    batches = make_batches(split, training, eos_id=tokenizer.require_eos())
    cuda = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(training.seed)
        network = LanguageModel(tokenizer.n_vocab, model).to(device)
        loss = CrossEntropy.for_text(split.ids, tokenizer.n_vocab, training, network.device)
        return find_learning_rate(Learner(network, training, loss), batches, **settings)


def _endless(batches: Batches) -> Iterator[Chunk]:
    """Yield the chunks of one epoch after the other."""
    epoch = 0
    while True:
        yield from batches.epoch(epoch)
        epoch += 1


def save_search(search: RateSearch, path: Path) -> None:
    """Draw the loss over the learning rate, with the suggestion, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=130, layout="constrained")
    axes = figure.subplots()
    axes.plot(search.rates, search.losses, color="#c9d3e3", linewidth=1, label="each update")
    smoothed = search.smoothed
    axes.plot(search.rates, smoothed, color="#7f9cc4", linewidth=1.6, label="smoothed")
    label = f"suggested: {search.suggestion:.2g}"
    axes.axvline(search.suggestion, color="#c2410c", linewidth=1.2, label=label)
    axes.plot(search.rates[search.best], smoothed[search.best], "o", color="#7f9cc4")
    axes.set_xscale("log")
    axes.set_ylim(0.9 * min(search.losses), 1.1 * max(smoothed))
    axes.set_xlabel("learning rate")
    axes.set_title("Loss, nats per token, as the learning rate grows", loc="left", fontsize=11)
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_bytes(path, buffer.getvalue())
