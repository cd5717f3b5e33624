"""`lstm_lm evaluate`: score text plainly, or with a model that adapts to it as it goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_lm.commands.options import (
    CORPUS_OPTIONS,
    config_from,
    config_options,
    describe_default,
    own_corpus,
    was_given,
)
from lstm_lm.config import ScoringConfig
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from lstm_lm.evaluation.scoring import Evaluation
    from lstm_lm.runs.opened import OpenRun
    from toktools.corpus import Corpus


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="Which part to score.  [default: validation of the run's own text, all of another]",
)
@corpus_options(default="python-docs")
@config_options(ScoringConfig)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def evaluate(run: Path, split: str | None, corpus: Corpus, as_json: bool, **settings: Any) -> None:
    """Score text: loss and perplexity per token, bits per byte and per character.

    Bits per byte can be compared between tokenizers; loss and perplexity per token cannot.
    With --dynamic or --cache the model adapts on the text that it scores, with --mc-dropout many
    thinned models are asked; such figures say so, and stand beside those without.

    \b
    Example:
      lstm_lm evaluate runs/bpe
      lstm_lm evaluate runs/bpe --split test --json
      lstm_lm evaluate runs/bpe -c hamlet.txt
      lstm_lm evaluate runs/word --dynamic --cache
      lstm_lm evaluate runs/word --mc-dropout 20
    """
    from lstm_lm.commands.display import print_evaluation
    from lstm_lm.runs.backends import load

    scoring = config_from(ScoringConfig, settings, {})
    loaded = load(run)
    if was_given(*CORPUS_OPTIONS):
        text = corpus.split(split) if split else corpus
        what = f"{corpus.name}{f', {split} split' if split else ''}"
    else:
        split = split or "validation"
        text = own_corpus(loaded.config).split(split)
        what = f"{text.name}, {split} split"
    evaluations = _evaluations(loaded, text, what, scoring)
    if as_json:
        asked, *without = (evaluation.as_dict() for evaluation in evaluations)
        figures = asked | ({"without": without[0]} if without else {})
        click.echo(json.dumps({"run": str(run), "text": what, **figures}, indent=2))
        return
    for evaluation, title in zip(evaluations, (f"{run}: {what}", "The same without"), strict=False):
        print_evaluation(evaluation, title=title, n_vocab=loaded.tokenizer.n_vocab)


def _evaluations(run: OpenRun, text: Corpus, name: str, scoring: ScoringConfig) -> list[Evaluation]:
    """Return the evaluation asked for and, if it is not plain, one that is but for that."""
    if not scoring.way:
        return [run.evaluate(text, name=name)]
    training = own_corpus(run.config).split("train") if scoring.needs_training_text else None
    asked = run.evaluate(text, name=name, scoring=scoring, training_documents=training)
    in_order = ScoringConfig() if scoring.mc_dropout is None else None
    return [asked, run.evaluate(text, name=name, scoring=in_order)]


describe_default(evaluate, "source", "the run's own")
