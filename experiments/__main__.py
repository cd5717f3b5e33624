"""`python -m experiments`: compare tokenizers, measure, and do again what others have done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from experiments.bench.command import bench
from experiments.bench.generation import generation
from experiments.comparison.audit_command import audit
from experiments.comparison.budgets import Budget
from experiments.comparison.jobs.command import run_options, run_with_bars, status
from experiments.parity.command import parity
from experiments.play.command import play
from experiments.reproduce.cli import reproduce
from experiments.study.command import study
from lstm_lm.commands.options import CORPUS_OPTIONS, config_from, config_options, was_given
from lstm_lm.commands.threads import wait_briefly
from lstm_lm.config import ModelConfig, TrainingConfig, to_json
from toktools.command_line import INTERRUPTED, Group, say
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError, lookup

if TYPE_CHECKING:
    from experiments.comparison.plan import Plan
    from experiments.comparison.sweep import Sweep
    from toktools.corpus import Corpus

DEFAULT_TOKENIZERS = ("word", "character", "bpe:2000", "wordpiece:2000")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Compare what tokenizers do to a language model, and how fast they are."""
    wait_briefly()


@main.command()
@click.argument("design", required=False, type=click.Path(path_type=Path))
@click.option("--preset", metavar="NAME", help="Start from a ready comparison: demo.")
@corpus_options(default="python-docs")
@click.option(
    *("--tokenizer", "-t", "tokenizers"),
    multiple=True,
    metavar="SPEC",
    help="NAME, NAME:SIZE, NAME:SIZE,KEY=VALUE or a tokenizer.json. May be repeated.  "
    f"[default: {' '.join(DEFAULT_TOKENIZERS)}]",
)
@click.option(*("--output", "-o"), type=click.Path(path_type=Path), help="The folder.")
@click.option(
    "--write-design",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the comparison as a design, TOML, instead of running it.",
)
@click.option(
    "--context-bytes", type=int, help="Gradients flow through about so many bytes of text."
)
@click.option("--seed", "seeds", type=int, multiple=True, help="May be repeated; default 0 1 2.")
@click.option("--prompt", "prompts", multiple=True, help="Text to continue. May be repeated.")
@click.option(
    "--analogy",
    "analogies",
    multiple=True,
    metavar="TEXT",
    help="'king - man + woman = queen', asked of every model. May be repeated.",
)
@click.option(
    "--try-learning-rate",
    "learning_rates",
    type=float,
    multiple=True,
    metavar="RATE",
    help="Try it on validation for every tokenizer, and take the best. May be repeated.",
)
@click.option("--trial-share", type=float, help="Share of the budget for each.  [default: 1.0]")
@run_options
@config_options(Budget, ModelConfig, TrainingConfig, without=("bptt", "seed"))
def compare(
    design: Path | None,
    preset: str | None,
    corpus: Corpus,
    output: Path | None,
    write_design: Path | None,
    jobs: int | None,
    threads: int | None,
    stores: tuple[Path, ...],
    accept_other_code: bool,
    **given: Any,
) -> None:
    """Train the same language model on every tokenizer and report bits per byte, side by side.

    DESIGN is a file of TOML that says all (docs/comparisons.md); options are put over it. Writes
    results.json and report.html. Interrupted, the same command goes on where it was, and
    `python -m experiments status FOLDER` says how far it is.

    \b
    Example:
      python -m experiments compare --preset demo -o runs/demo
      python -m experiments compare -c ptb/ -t word -t bpe:2000 -t bpe:8000 \\
          --normalize whitespace --epochs 6 --prompt "the company said" -o runs/ptb
      python -m experiments compare design.toml -o runs/mine
    """
    plan = _plan(design, preset, corpus, given)
    if write_design is not None:
        from experiments.comparison.design import write_design as write

        write(plan, write_design)
        return
    if output is None:
        raise ToktoolsError("a comparison needs a folder; give one with --output (-o)")
    from experiments.comparison.running import Comparison
    from experiments.comparison.terminal import print_results

    try:
        comparison = Comparison(output, plan, threads=threads, say=say)
        results = run_with_bars(
            comparison, jobs=jobs, stores=stores, accept_other_code=accept_other_code
        )
    except KeyboardInterrupt:
        say(f"interrupted; all so far is in {output}, and the same command goes on")
        sys.exit(INTERRUPTED)
    print_results(results)
    click.echo(f"report: {output / 'report.html'}")
    if any("error" in run for run in results["runs"]):
        sys.exit(1)


def _plan(design: Path | None, preset: str | None, corpus: Corpus, given: dict[str, Any]) -> Plan:
    """Return the design or the preset with what was typed put over it."""
    from experiments.comparison.plan import Plan, TokenizerSpec

    base = _base(design, preset, corpus)
    typed = was_given(*CORPUS_OPTIONS)
    return Plan(
        corpus=corpus.describe() if typed else base.open().describe(),
        tokenizers=tuple(map(TokenizerSpec, given["tokenizers"])) or base.tokenizers,
        model=config_from(ModelConfig, given, to_json(base.model)),
        training=config_from(TrainingConfig, given, to_json(base.training)),
        context_bytes=given["context_bytes"] or base.context_bytes,
        seeds=given["seeds"] or base.seeds,
        prompts=given["prompts"] or base.prompts,
        analogies=given["analogies"] or base.analogies,
        sample_bytes=base.sample_bytes,
        budget=config_from(Budget, given, to_json(base.budget)),
        sweep=_sweep(base, given),
    )


def _base(design: Path | None, preset: str | None, corpus: Corpus) -> Plan:
    """Return the plan that options are put over."""
    from experiments.comparison.plan import Plan, TokenizerSpec
    from experiments.comparison.presets import PRESETS

    if design is not None and preset is not None:
        raise ToktoolsError("a design and --preset are two comparisons; give one of them")
    if design is not None:
        from experiments.comparison.design import read_design

        return read_design(design)
    if preset is not None:
        return lookup(preset, PRESETS, what="preset")()
    specs = tuple(map(TokenizerSpec, DEFAULT_TOKENIZERS))
    return Plan(corpus=corpus.describe(), tokenizers=specs)


def _sweep(base: Plan, given: dict[str, Any]) -> Sweep | None:
    """Return the sweep of learning rates that was asked for."""
    from experiments.comparison.sweep import Sweep

    rates = given["learning_rates"] or (base.sweep.learning_rates if base.sweep else ())
    share = given["trial_share"] or (base.sweep.share if base.sweep else 1.0)
    if not rates:
        if given["trial_share"] is not None:
            raise ToktoolsError("--trial-share needs rates to try; give --try-learning-rate twice")
        return None
    seed = base.sweep.seed if base.sweep else 0
    return Sweep(learning_rates=tuple(rates), share=share, seed=seed)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--markdown", is_flag=True, help="Print report.md in place of the table.")
@click.option("--csv", "as_csv", is_flag=True, help="Print results.csv in place of the table.")
def report(folder: Path, markdown: bool, as_csv: bool) -> None:
    """Write report.html, report.md and results.csv of a comparison again; print the table.

    Everything is made of results.json.

    \b
    Example:
      python -m experiments report runs/demo
      python -m experiments report runs/demo --csv
    """
    from experiments.comparison.report import write_report
    from experiments.comparison.running import load_results
    from experiments.comparison.terminal import print_results

    if markdown and as_csv:
        raise ToktoolsError("--markdown and --csv both fill standard output; pass one of them")

    results = load_results(folder)
    write_report(results, folder / "report.html")
    if markdown or as_csv:
        written = folder / ("report.md" if markdown else "results.csv")
        click.echo(written.read_text("utf-8"), nl=False)
        return
    print_results(results)
    click.echo(f"report: {folder / 'report.html'}")


main.add_command(audit)
main.add_command(status)
bench.add_command(generation)
main.add_command(bench)
main.add_command(parity)
main.add_command(play)
main.add_command(reproduce)
main.add_command(study)


if __name__ == "__main__":
    main(prog_name="python -m experiments")
