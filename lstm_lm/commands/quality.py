"""`lstm_lm quality`, `rating-sheet` and `rating-score`: what the texts of a model are worth."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_lm.commands.options import (
    CORPUS_OPTIONS,
    config_from,
    describe_default,
    own_corpus,
    was_given,
)
from lstm_lm.commands.sampling import sampling_options
from lstm_lm.config import SamplingConfig
from toktools.command_line import say
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.quality.report import Quality
    from lstm_lm.runs.opened import OpenRun
    from toktools.corpus import Corpus

run_argument = click.argument("run", type=click.Path(path_type=Path))
n_texts_option = click.option(
    "--n-texts", type=click.IntRange(min=2), default=50, show_default=True, help="Texts to make."
)
strategy_option = click.option(
    *("--strategy", "-s"), default="sample", show_default=True, help="How tokens are chosen."
)


@click.command()
@run_argument
@n_texts_option
@strategy_option
@sampling_options
@corpus_options(default="python-docs")
@click.option(
    "--under",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Another run: the texts' bits per byte under it. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def quality(
    run: Path,
    n_texts: int,
    strategy: str,
    corpus: Corpus,
    under: tuple[Path, ...],
    as_json: bool,
    **settings: Any,
) -> None:
    """Make texts from nothing, and measure them beside as many held-out documents.

    Held-out is the validation split of the run's own text, or of another given with --corpus;
    copies are looked for in the train split.

    \b
    Example:
      lstm_lm quality runs/bpe
      lstm_lm quality runs/bpe --under runs/word --strategy top-p --n-texts 100 --json
    """
    from lstm_lm.quality.report import compare
    from lstm_lm.runs.backends import load

    opened = load(run)
    text = corpus if was_given(*CORPUS_OPTIONS) else own_corpus(opened.config)
    models = {str(path): load(path) for path in (run, *under)}
    made, people = compare(
        make_texts(opened, n_texts, config_from(SamplingConfig, settings, {"strategy": strategy})),
        training=text.split("train"),
        held_out=text.split("validation"),
        under={name: _price(model) for name, model in models.items()},
    )
    if as_json:
        record = {"run": str(run), "made": made.as_dict(), "held_out": people.as_dict()}
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        _print(made, people, title=f"{run}: {made.n_texts} texts by {strategy}")


describe_default(quality, "source", "the run's own")


def make_texts(run: OpenRun, n: int, config: SamplingConfig) -> list[str]:
    """Return n texts that the model begins from nothing."""
    return list(run.generate([""] * n, **vars(config)))


def _price(run: OpenRun) -> Any:
    return lambda texts: run.evaluate(texts, name="the texts made").bits_per_byte


def _print(made: Quality, people: Quality, *, title: str) -> None:
    """Print the measures of made texts beside those of held-out text."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    for name in ("", "made", "held-out"):
        table.add_column(name, justify="right" if name else "left")
    for name, *figures in zip(_names(made), _figures(made), _figures(people), strict=True):
        table.add_row(Text(str(name)), *figures)
    Console(highlight=False).print(table)
    for what, of in (("made", made), ("held-out", people)):
        click.echo(f"longest copy, {what}: {of.longest_copy!r}")


def _names(q: Quality) -> list[str]:
    return [
        *(f"distinct-{n}" for n in q.distinct),
        *("self-BLEU", "BLEU against held-out text", "4-grams of the training text"),
        *("longest copy, words", "words that exist"),
        *(f"words in a text, {name}" for name in q.lengths),
        *(f"bits per byte under {name}" for name in q.bits_per_byte),
    ]


def _figures(q: Quality) -> list[str]:
    return [
        *(f"{share:.3f}" for share in q.distinct.values()),
        *(f"{q.self_bleu:.1f}", f"{q.bleu:.1f}", f"{q.copy_rate:.1%}"),
        *(str(len(q.longest_copy.split())), f"{q.known_words:.1%}"),
        *(f"{length:.1f}" for length in q.lengths.values()),
        *(f"{bits:.3f}" for bits in q.bits_per_byte.values()),
    ]


@click.command("rating-sheet")
@run_argument
@n_texts_option
@strategy_option
@sampling_options
@click.option(
    *("--output", "-o"), required=True, type=click.Path(path_type=Path), help="The sheet, a CSV."
)
@click.option("--key", type=click.Path(path_type=Path), help="The key.  [default: NAME.key.csv]")
def rating_sheet(
    run: Path, n_texts: int, strategy: str, output: Path, key: Path | None, **settings: Any
) -> None:
    """Write a blind sheet: texts of the model and held-out ones, shuffled by --seed.

    Give people the sheet, not the key; they write yes into the second column for a text that they
    take for real, and no for one that they take for made.

    \b
    Example:
      lstm_lm rating-sheet runs/bpe --n-texts 20 -o sheet.csv
      lstm_lm rating-score sheet.csv sheet.key.csv
    """
    from lstm_lm.files import write_text
    from lstm_lm.quality.rating import make_sheet
    from lstm_lm.runs.backends import load
    from lstm_lm.sampling.prompts import unknown

    key = key or output.with_suffix(".key.csv")
    if key == output:
        raise ToktoolsError("sheet and key must be two files; give --key another name")
    opened = load(run)
    config = config_from(SamplingConfig, settings, {"strategy": strategy})
    made = make_texts(opened, n_texts, config)
    held_out = own_corpus(opened.config).split("validation")
    tokenizer = opened.tokenizer
    # Read and written again by the tokenizer, so that spacing gives nobody away.
    real = [
        tokenizer.decode(tokenizer.encode(text), hidden=unknown(tokenizer, text))
        for text in islice(held_out, n_texts)
    ]
    for path, text in zip((output, key), make_sheet(made, real, seed=config.seed), strict=True):
        write_text(path, text)
        say(f"written: {path}")


@click.command("rating-score")
@click.argument("sheet", type=click.Path(path_type=Path))
@click.argument("key", type=click.Path(path_type=Path))
def rating_score(sheet: Path, key: Path) -> None:
    """Score a filled-in sheet: the share of texts taken for real, with a 95 % interval.

    \b
    Example:
      lstm_lm rating-score sheet.csv sheet.key.csv
    """
    from lstm_lm.quality.rating import score_sheet

    for source, share in score_sheet(sheet, key).items():
        if share.n:
            low, high = share.interval
            click.echo(
                f"{source}: {share.taken} of {share.n} taken for real, {share.share:.1%} "
                f"(95 %: {low:.1%} to {high:.1%})"
            )
