"""Before a training: its seeds, and the commands that look at its batches and its learning rate."""

from __future__ import annotations

import dataclasses
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_lm.commands.options import (
    config_from,
    config_options,
    make_tokenizer,
    tokenizer_choice,
    was_given,
)
from lstm_lm.config import ModelConfig, TrainingConfig
from toktools.command_line import say
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from toktools.corpus import Corpus

_READING = ("batching", "batch_size", "bptt", "random_bptt", "state", "seed")
_UPDATING = (
    *("optimizer", "momentum", "weight_decay", "clip_norm", "clip_value"),
    *("class_weights", "loss_epsilon", "detach_every"),
)


def _without(*kept: str) -> list[str]:
    """Return the names of the fields of TrainingConfig that are not in `kept`."""
    return [f.name for f in dataclasses.fields(TrainingConfig) if f.name not in kept]


def seeds_asked_for(
    output: Path, seeds: str | None, n_seeds: int | None, first: int, *, resume: bool
) -> list[int]:
    """Return the seeds asked for, or those of the folder to be resumed; none for a single run."""
    if seeds is not None and (n_seeds is not None or was_given("seed")):
        raise ToktoolsError("--seeds names every seed; leave out --n-seeds and --seed")
    if seeds is not None:
        try:
            return [int(seed) for seed in seeds.split(",")]
        except ValueError:
            raise ToktoolsError(f"--seeds must be like 0,1,2, got {seeds!r}") from None
    if n_seeds is not None:
        if n_seeds < 1:
            raise ToktoolsError(f"--n-seeds must be >= 1, got {n_seeds}")
        return list(range(first, first + n_seeds))
    if not resume:
        return []
    from lstm_lm.runs.seeds import recorded_seeds

    return recorded_seeds(output)


@click.command()
@tokenizer_choice
@corpus_options(default="python-docs")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "valid", "test"]),
    default="train",
    show_default=True,
    help="Which part of the text; valid is validation.",
)
@click.option(*("--n-batches", "-n"), default=1, show_default=True, help="How many batches.")
@click.option("--epoch", default=0, show_default=True, help="Of which pass over the text.")
@click.option("--rows", default=4, show_default=True, help="Rows shown of each batch.")
@config_options(TrainingConfig, without=_without(*_READING))
def show_batch(
    tokenizer: str,
    vocab_size: int | None,
    tokenizer_option: tuple[str, ...],
    corpus: Corpus,
    split: str,
    n_batches: int,
    epoch: int,
    rows: int,
    **settings: Any,
) -> None:
    """Print batches as text, just as training reads them: what goes in, and what is to come out.

    \b
    Example:
      lstm_lm show-batch -t word -c human-numbers --split valid -n 3
      lstm_lm show-batch -t bpe --vocab-size 500 --batching sentence --batch-size 2
    """
    config = config_from(TrainingConfig, settings, {})
    split = "validation" if split == "valid" else split
    trained = make_tokenizer(
        tokenizer, corpus.split("train"), vocab_size=vocab_size, options=tokenizer_option
    )
    from lstm_lm.data.batching import make_batches
    from lstm_lm.data.encoded import encode_split
    from lstm_lm.data.showing import chunk_lines

    encoded = encode_split(trained, corpus.split(split), name=f"the {split} split")
    batches = make_batches(encoded, config, eos_id=trained.require_eos())
    for number, chunk in enumerate(islice(batches.epoch(epoch), n_batches), 1):
        first, *lines = chunk_lines(chunk, trained, n_rows=rows)
        click.echo(f"batch {number}: {first}")
        for line in lines:
            click.echo(line)


@click.command()
@tokenizer_choice
@corpus_options(default="python-docs")
@click.option(
    *("--output", "-o"),
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for learning-rate.json and learning-rate.png.",
)
@click.option("--lowest", default=1e-6, show_default=True, help="The first learning rate.")
@click.option("--highest", default=10.0, show_default=True, help="The last learning rate.")
@click.option("--n-updates", default=100, show_default=True, help="Updates at most.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    help="Where to compute: cpu, cuda, or auto, which is cuda where there is a GPU.",
)
@config_options(ModelConfig, TrainingConfig, without=_without(*_READING, *_UPDATING))
def find_lr(
    tokenizer: str,
    vocab_size: int | None,
    tokenizer_option: tuple[str, ...],
    corpus: Corpus,
    output: Path,
    lowest: float,
    highest: float,
    n_updates: int,
    device: str,
    **settings: Any,
) -> None:
    """Suggest a learning rate: raise it update by update, and see where the loss turns.

    The suggestion is a quarter of the rate at which the smoothed loss was lowest.

    \b
    Example:
      lstm_lm find-lr -t word -c human-numbers -o runs/find
      lstm_lm find-lr -t bpe --vocab-size 1000 --optimizer sgd --highest 1000 -o runs/find-sgd
    """
    model = config_from(ModelConfig, settings, {})
    training = config_from(TrainingConfig, settings, {})
    trained = make_tokenizer(
        tokenizer, corpus.split("train"), vocab_size=vocab_size, options=tokenizer_option
    )
    from lstm_lm.files import write_json
    from lstm_lm.training.rate_finder import RULE, save_search, search_on

    search = search_on(
        *(corpus.split("train"), trained, model, training),
        lowest=lowest,
        highest=highest,
        n_updates=n_updates,
        device=device,
    )
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "learning-rate.json", search.as_dict())
    save_search(search, output / "learning-rate.png")
    say(f"{len(search.rates)} updates; pictures and figures are in {output}")
    click.echo(f"--learning-rate {search.suggestion:.2g}  ({RULE})")
