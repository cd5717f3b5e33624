"""Small experiments behind the chapter's questionnaire: one thing changed, several seeds.

Three kinds: the chapter's models with one thing changed (`question_variants`); how far gradients
may reach back (truncated backpropagation), on characters of English; how large they still are by
then, on the numbers, a line a document. The last two train the shared language model.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Collection, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch

from experiments.reproduce.human_numbers import Recipe, shorten, train
from experiments.reproduce.human_numbers_data import Text, read_text
from experiments.reproduce.question_variants import GROUPS
from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.runs.environment import environment
from lstm_lm.runs.run import train as train_model
from lstm_lm.runs.seeds import check_seeds
from toktools import open_corpus, train_character, train_word
from toktools.errors import ToktoolsError

Json = dict[str, Any]
Say = Callable[[str], object]
CELLS = ("rnn", "lstm")
REACHES = (1, 2, 4, 8)
MODEL = ModelConfig(embedding_size=64, hidden_size=64, n_layers=1, dropout=0.0)
REACH = TrainingConfig(batch_size=64, bptt=4, learning_rate=5e-3, epochs=3, n_validations=1)
GRADIENTS = TrainingConfig(
    batch_size=32, bptt=64, learning_rate=1e-2, epochs=4, n_validations=1, norms=True
)


PARTS = (*GROUPS, "reach", "gradients")


def measure(
    seeds: Sequence[int],
    *,
    say: Say,
    only: Collection[str] = PARTS,
    n_epochs: int | None = None,
) -> Json:
    """Train the variants with every seed, and the language models.

    Args:    say: gets a line as each variant ends. only: the parts that are wanted.
             n_epochs: in the place of each recipe's own.
    Returns: {"settings", "environment", "groups": {group: [variant]}, "reach": [...],
             "gradients": [...]}; each variant with its runs, one a seed; what is not wanted is
             empty.
    Raises:  ToktoolsError unless the seeds are some, each once, and epochs are at least 1.
    """
    check_seeds(seeds)
    if n_epochs is not None and n_epochs < 1:
        raise ToktoolsError(f"--epochs must be >= 1, got {n_epochs}")
    n_threads, text = torch.get_num_threads(), read_text()
    torch.set_num_threads(1)  # the products are small: a second thread only waits
    try:
        groups = {
            group: [_variant(name, shorten(r, n_epochs), text, seeds, say) for name, r in some]
            for group, some in ((g, v.items()) for g, v in GROUPS.items() if g in only)
        }
        return {
            "settings": {"seeds": list(seeds), "n_epochs": n_epochs},
            "environment": environment(torch.device("cpu")),
            "groups": groups,
            "reach": _measure_reach(seeds, say, n_epochs) if "reach" in only else [],
            "gradients": _measure_gradients(seeds[0], say, n_epochs) if "gradients" in only else [],
        }
    finally:
        torch.set_num_threads(n_threads)


def shortened(config: TrainingConfig, n_epochs: int | None) -> TrainingConfig:
    """Return the training of a language model, shorter where `n_epochs` is below 15."""
    share = 1.0 if n_epochs is None else min(1.0, n_epochs / 15)
    return dataclasses.replace(config, epochs=config.epochs * share)


def _variant(name: str, recipe: Recipe, text: Text, seeds: Sequence[int], say: Say) -> Json:
    """Return what one variant did with every seed."""
    runs = [train(recipe, text, seed) for seed in seeds]
    lasts = [run["curve"][-1] for run in runs]
    say(f"{name}: accuracy {[round(last['accuracy'], 3) for last in lasts]}")
    return {
        "name": name,
        "cycle": dataclasses.asdict(recipe.cycle),
        "n_parameters": runs[0]["n_parameters"],
        "runs": [
            {"seed": run["seed"], "seconds": round(run["seconds"], 2), **last}
            for run, last in zip(runs, lasts, strict=True)
        ],
    }


def _measure_reach(seeds: Sequence[int], say: Say, n_epochs: int | None) -> list[Json]:
    """Return losses where gradients reach back over 1, 2, 4 or 8 stretches of 4 characters.

    The updates are the same in number, and so is what is read between two of them.
    """
    found: list[Json] = []
    for cell, reach in product(CELLS, REACHES):
        losses: list[float] = []
        for seed in seeds:
            config = dataclasses.replace(REACH, detach_every=reach, seed=seed)
            lines = _train_model("python-docs", cell, shortened(config, n_epochs))
            losses.append(lines[-1]["validation_loss_nats"])
        characters = reach * REACH.bptt
        found.append({"cell": cell, "characters": characters, "loss_nats": losses})
        say(f"{cell}, gradients through {characters} characters: {losses}")
    return found


def _measure_gradients(seed: int, say: Say, n_epochs: int | None) -> list[Json]:
    """Return gradients of the last step's loss by each earlier step, early and late in training."""
    found: list[Json] = []
    for cell in ("rnn", "gru", "lstm"):
        config = shortened(dataclasses.replace(GRADIENTS, seed=seed), n_epochs)
        lines = _train_model("human-numbers", cell, config)
        by_step = [line["gradient_by_step"] for line in lines]
        by_step = [steps for steps in by_step if len(steps) == GRADIENTS.bptt]  # not a row's rest
        found.append({"cell": cell, "first": by_step[0], "last": by_step[-1]})
        say(f"{cell}, gradients after training: {by_step[-1][0]:.1e} to {by_step[-1][-1]:.1e}")
    return found


def _train_model(source: str, cell: str, config: TrainingConfig) -> list[Json]:
    """Train the shared language model; return the lines of its metrics."""
    corpus = open_corpus(source)
    train_tokenizer = train_word if source == "human-numbers" else train_character
    model = dataclasses.replace(MODEL, cell=cell)
    with tempfile.TemporaryDirectory() as folder:
        path, tokenizer = Path(folder) / "run", train_tokenizer(corpus.split("train"))
        return train_model(path, corpus, tokenizer, model=model, training=config).metrics
