"""`lstm_lm`: train the shared language model on any tokenizer, evaluate it and sample from it."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_lm.commands.beginning import Begun, take_up
from lstm_lm.commands.beginning import fine_tune as begin_with
from lstm_lm.commands.completion import complete
from lstm_lm.commands.embeddings import analogy, draw, neighbours
from lstm_lm.commands.evaluation import evaluate
from lstm_lm.commands.explain import explain
from lstm_lm.commands.options import (
    check_options,
    config_from,
    config_options,
    make_tokenizer,
    tokenizer_choice,
)
from lstm_lm.commands.presets import preset_option, presets
from lstm_lm.commands.quality import quality, rating_score, rating_sheet
from lstm_lm.commands.sampling import sample, say_unknown
from lstm_lm.commands.several import check_distributable, first_speaks, how_to_go_on
from lstm_lm.commands.threads import one_blas_thread, wait_briefly
from lstm_lm.commands.training import find_lr, seeds_asked_for, show_batch
from lstm_lm.runs.backends import BACKENDS, CONFIGS
from lstm_lm.training.processes import joined
from toktools.command_line import INTERRUPTED, Group, say
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.training.launching import Place
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer

CHOSEN = ("backend", "tokenizer", "vocab_size", "tokenizer_option")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="toktools", prog_name="lstm_lm")
def main() -> None:
    """Train one and the same LSTM language model on any tokenizer, and compare.

    \b
    Example:
      lstm_lm train --tokenizer bpe --vocab-size 1000 --minutes 2 -o runs/bpe
      lstm_lm evaluate runs/bpe
      lstm_lm sample runs/bpe --prompt "The" --strategy top-k
    """
    wait_briefly()
    one_blas_thread()


@main.command()
@preset_option
@tokenizer_choice
@corpus_options(default="python-docs")
@click.option(
    *("--output", "-o"),
    required=True,
    type=click.Path(path_type=Path),
    help="The run directory.",
)
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="torch",
    show_default=True,
    help="What computes. numpy: gradients written by hand, on the cpu, with fewer options.",
)
@config_options(*CONFIGS["torch"], *CONFIGS["numpy"], without=("fine_tuning",))
@click.option(
    "--fine-tune",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Begin with this run's best weights, text and options; average from the first update, "
    "stop at nt-asgd's trigger.",
)
@click.option("--seeds", metavar="0,1,2", help="Train with each seed, in a folder each.")
@click.option("--n-seeds", type=int, metavar="N", help="The same, with N seeds from --seed on.")
@click.option("--prompt", multiple=True, help="Continue this text at the end. May be repeated.")
@click.option("--resume", is_flag=True, help="Go on with the run in the run directory.")
@click.option(
    "--accept-other-code",
    is_flag=True,
    help="With --resume: although our source has changed since the run began.",
)
@click.option("--overwrite", is_flag=True, help="Replace the run in the run directory.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    help="Where to compute: cpu, cuda, or auto, which is cuda where there is a GPU.",
)
def train(
    preset: str | None,
    corpus: Corpus,
    output: Path,
    fine_tune: Path | None,
    seeds: str | None,
    n_seeds: int | None,
    prompt: tuple[str, ...],
    resume: bool,
    accept_other_code: bool,
    overwrite: bool,
    device: str,
    **settings: Any,
) -> None:
    """Train a tokenizer and a language model, and evaluate them on the validation split.

    Ctrl-C stops with everything saved; the same command with --resume goes on.

    \b
    Example:
      lstm_lm train -t word --tokenizer-option min_count=2 --epochs 5 -o runs/word
      lstm_lm train -t bpe --vocab-size 500 -c shakespeare.txt --minutes 5 -o runs/bpe \\
          --prompt "O Romeo"
      lstm_lm train -o runs/bpe --resume
      lstm_lm train -t word --seeds 0,1,2 -o runs/word
      lstm_lm train --preset ptb-small -c ptb/ --epochs 2 -o runs/ptb
      lstm_lm train --fine-tune runs/ptb -o runs/ptb-fine
      lstm_lm train -t character --backend numpy --cell lstm-cifg --sample-every 100 -o runs/numpy
    """
    if resume and fine_tune:
        raise ToktoolsError("a run that is resumed knows what it began with; leave out --fine-tune")
    if accept_other_code and not resume:
        raise ToktoolsError("--accept-other-code is for a run that goes on; give --resume too")
    chosen_seeds = seeds_asked_for(output, seeds, n_seeds, settings["seed"] or 0, resume=resume)
    chosen = {name: settings.pop(name) for name in CHOSEN}
    with joined() as processes, first_speaks(processes.place):
        place = processes.place
        check_distributable(place, chosen["backend"], chosen_seeds)
        resume = processes.first(lambda: resume or _is_restarted(output, place))
        begun, configs = processes.first(
            lambda: _begin(
                *(output, corpus, chosen, settings, place),
                fine_tune=fine_tune,
                seeds=chosen_seeds,
                resume=resume,
                overwrite=overwrite,
            )
        )
        _train(
            *(output, begun, place),
            seeds=chosen_seeds,
            prompts=prompt or begun.prompts,
            resume=resume,
            accept_other_code=accept_other_code,
            overwrite=overwrite,
            device=device,
            record={
                "command": begun.command
                or {**chosen, "tokenizer_option": list(chosen["tokenizer_option"])},
                "preset": preset,
            },
            **({"fine_tune": begun.fine_tuned} if begun.fine_tuned else {}),
            **configs,
        )


def _begin(
    output: Path,
    corpus: Corpus,
    chosen: dict[str, Any],
    settings: dict[str, Any],
    place: Place,
    *,
    fine_tune: Path | None,
    seeds: list[int],
    resume: bool,
    overwrite: bool,
) -> tuple[Begun, dict[str, Any]]:
    """Return all that a training goes on from, tokenizer included, and its configurations."""
    first = output / f"seed-{seeds[0]}" if seeds else output
    if resume:
        begun = take_up(first, corpus, chosen)
    elif fine_tune:
        begun = begin_with(fine_tune, corpus, settings)
    else:
        begun = Begun(corpus, chosen["backend"])
    configs = _configs(begun, settings)
    place.check_batch_size(configs["training"].batch_size)
    if not resume and not seeds:
        _check_free(output, overwrite=overwrite)
    if begun.tokenizer is None:
        begun = replace(begun, tokenizer=_train_tokenizer(begun.corpus, chosen))
    return begun, configs


def _is_restarted(output: Path, place: Place) -> bool:
    """Whether the launcher has started this run anew."""
    from lstm_lm.runs.directory import RunDirectory
    from lstm_lm.runs.restarting import is_restarted

    return is_restarted(RunDirectory(output), place)


def _configs(begun: Begun, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the configurations of model and training: what was typed over what was begun."""
    kinds = dict(zip(("model", "training"), CONFIGS[begun.backend], strict=True))
    check_options(settings, kinds.values(), backend=begun.backend)
    return {name: config_from(kind, settings, getattr(begun, name)) for name, kind in kinds.items()}


def _check_free(output: Path, *, overwrite: bool) -> None:
    """Raise ToktoolsError, before a tokenizer is trained, if no run can be put there."""
    from lstm_lm.runs.directory import RunDirectory

    RunDirectory(output).check_free(overwrite=overwrite)


def _train_tokenizer(corpus: Corpus, chosen: dict[str, Any]) -> Tokenizer:
    """Train the tokenizer, or open it, and say what it is."""
    start = time.perf_counter()
    trained = make_tokenizer(
        chosen["tokenizer"],
        corpus.split("train"),
        vocab_size=chosen["vocab_size"],
        options=chosen["tokenizer_option"],
    )
    _say_tokenizer(trained, time.perf_counter() - start)
    return trained


def _say_precision(precision: str | None, device: str) -> None:
    """Say so where a training that was to be in 16 bits will be in 32."""
    if precision != "bfloat16":
        return
    from lstm_lm.products import computes_bfloat16
    from lstm_lm.runs.environment import device_named

    if not computes_bfloat16(device_named(device)):
        say("precision: float32, for this processor does not compute in bfloat16")


def _say_tokenizer(tokenizer: Tokenizer, seconds: float) -> None:
    """Say what was trained, and what a word tokenizer replaced."""
    say(f"tokenizer: {tokenizer.kind}, {tokenizer.n_vocab:,} tokens ({seconds:.1f} s)")
    if "report" in tokenizer.training and tokenizer.kind == "word":
        from toktools.word import WordReport

        say(f"  {WordReport(**tokenizer.training['report'])}")


def _train(output: Path, begun: Begun, place: Place, *, seeds: list[int], **options: Any) -> None:
    """Train with a bar, once or with each seed, then say how it went and where everything is."""
    from lstm_lm.commands.display import print_run, print_seeds, training_bar
    from lstm_lm.runs.backends import trainer
    from lstm_lm.runs.seeds import train_seeds
    from lstm_lm.training.outcomes import TrainingInterrupted

    assert begun.tokenizer is not None
    if place.is_first:
        _say_precision(getattr(options["training"], "precision", None), options["device"])
    arguments = (output, begun.corpus, begun.tokenizer)
    train = trainer(begun.backend)
    try:
        with training_bar() if place.is_first else nullcontext() as on_progress:
            options["on_progress"] = on_progress
            if seeds:
                options |= {"train": train, "on_seed": lambda seed: say(f"seed {seed}")}
                print_seeds(train_seeds(*arguments, seeds, **options), title=output.name)
                return
            run = train(*arguments, **options)
    except TrainingInterrupted:
        if place.is_first:
            say(f"stopped; all is saved. Go on with: {how_to_go_on(place, output)}")
        raise click.exceptions.Exit(INTERRUPTED) from None
    if not place.is_first:
        return
    say_unknown(run.tokenizer, options["prompts"])
    print_run(run)


main.add_command(evaluate)
main.add_command(sample)
main.add_command(complete)
main.add_command(presets)
main.add_command(analogy)
main.add_command(neighbours)
main.add_command(draw)
main.add_command(explain)
main.add_command(quality)
main.add_command(rating_sheet)
main.add_command(rating_score)
main.add_command(show_batch)
main.add_command(find_lr)
