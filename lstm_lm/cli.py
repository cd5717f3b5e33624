"""`lstm_lm`: train the shared language model on any tokenizer, evaluate it and sample from it."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_lm.commands.completion import complete
from lstm_lm.commands.embeddings import analogy, draw, neighbours
from lstm_lm.commands.explain import explain
from lstm_lm.commands.options import (
    CORPUS_OPTIONS,
    check_options,
    config_from,
    config_options,
    describe_default,
    make_tokenizer,
    own_corpus,
    tokenizer_choice,
    was_given,
)
from lstm_lm.commands.presets import preset_option, presets
from lstm_lm.commands.quality import quality, rating_score, rating_sheet
from lstm_lm.commands.sampling import sample, say_unknown
from lstm_lm.commands.several import check_distributable, first_speaks, how_to_go_on
from lstm_lm.commands.threads import one_blas_thread, wait_briefly
from lstm_lm.commands.training import find_lr, seeds_asked_for, show_batch
from lstm_lm.runs.backends import BACKENDS, CONFIGS, backend_of
from lstm_lm.training.processes import joined
from toktools.command_line import Group, say
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.training.launching import Place
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer

CHOSEN = ("backend", "tokenizer", "vocab_size", "tokenizer_option")
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


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
@config_options(*CONFIGS["torch"], *CONFIGS["numpy"])
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
      lstm_lm train -t character --backend numpy --cell lstm-cifg --sample-every 100 -o runs/numpy
    """
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
                "command": {**chosen, "tokenizer_option": list(chosen["tokenizer_option"])},
                "preset": preset,
            },
            **configs,
        )


@dataclass(frozen=True)
class _Begun:
    """What a training goes on from: all of it empty but corpus and backend where it is new."""

    corpus: Corpus
    backend: str
    tokenizer: Any = None
    prompts: tuple[str, ...] = ()
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


def _begin(
    output: Path,
    corpus: Corpus,
    chosen: dict[str, Any],
    settings: dict[str, Any],
    place: Place,
    *,
    seeds: list[int],
    resume: bool,
    overwrite: bool,
) -> tuple[_Begun, dict[str, Any]]:
    """Return all that a training goes on from, tokenizer included, and its configurations."""
    first = output / f"seed-{seeds[0]}" if seeds else output
    begun = _take_up(first, corpus, chosen) if resume else _Begun(corpus, chosen["backend"])
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


def _configs(begun: _Begun, settings: dict[str, Any]) -> dict[str, Any]:
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


def _take_up(output: Path, corpus: Corpus, chosen: dict[str, Any]) -> _Begun:
    """Open a run to be resumed, with its corpus and tokenizer; check what was typed."""
    from lstm_lm.runs.directory import RunDirectory
    from toktools import load

    directory = RunDirectory(output)
    recorded = directory.read_config()
    for name, value in recorded.get("command", {}).items():
        typed = list(chosen[name]) if isinstance(chosen[name], tuple) else chosen[name]
        if was_given(name) and typed != value:
            raise ToktoolsError(
                f"a resumed run goes on as it was: --{name.replace('_', '-')} was {value!r}, "
                f"got {typed!r}; leave it out, or start another run"
            )
    return _Begun(
        corpus=corpus if was_given(*CORPUS_OPTIONS) else own_corpus(recorded),
        backend=backend_of(recorded),
        tokenizer=load(directory.tokenizer),
        prompts=tuple(recorded["prompts"]),
        model=recorded["model"],
        training=recorded["training"],
    )


def _say_tokenizer(tokenizer: Tokenizer, seconds: float) -> None:
    """Say what was trained, and what a word tokenizer replaced."""
    say(f"tokenizer: {tokenizer.kind}, {tokenizer.n_vocab:,} tokens ({seconds:.1f} s)")
    if "report" in tokenizer.training and tokenizer.kind == "word":
        from toktools.word import WordReport

        say(f"  {WordReport(**tokenizer.training['report'])}")


def _train(output: Path, begun: _Begun, place: Place, *, seeds: list[int], **options: Any) -> None:
    """Train with a bar, once or with each seed, then say how it went and where everything is."""
    from lstm_lm.commands.display import print_run, print_seeds, training_bar
    from lstm_lm.runs.backends import trainer
    from lstm_lm.runs.seeds import train_seeds
    from lstm_lm.training.outcomes import TrainingInterrupted

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


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="Which part to score.  [default: validation of the run's own text, all of another]",
)
@corpus_options(default="python-docs")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def evaluate(run: Path, split: str | None, corpus: Corpus, as_json: bool) -> None:
    """Score text: loss and perplexity per token, bits per byte and per character.

    Bits per byte can be compared between tokenizers; loss and perplexity per token cannot.

    \b
    Example:
      lstm_lm evaluate runs/bpe
      lstm_lm evaluate runs/bpe --split test --json
      lstm_lm evaluate runs/bpe -c hamlet.txt
    """
    from lstm_lm.commands.display import print_evaluation
    from lstm_lm.runs.backends import load

    loaded = load(run)
    if was_given(*CORPUS_OPTIONS):
        text = corpus.split(split) if split else corpus
        what = f"{corpus.name}{f', {split} split' if split else ''}"
    else:
        split = split or "validation"
        text = own_corpus(loaded.config).split(split)
        what = f"{text.name}, {split} split"
    evaluation = loaded.evaluate(text, name=what)
    if as_json:
        click.echo(json.dumps({"run": str(run), "text": what, **evaluation.as_dict()}, indent=2))
    else:
        print_evaluation(evaluation, title=f"{run}: {what}", n_vocab=loaded.tokenizer.n_vocab)


describe_default(evaluate, "source", "the run's own")


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
