"""`python -m experiments`: compare tokenizers, measure, and do again what others have done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from experiments.bench.command import bench
from experiments.bench.generation import generation
from experiments.parity.command import parity
from experiments.play.command import play
from experiments.reproduce.cli import reproduce
from lstm_lm.commands.options import CORPUS_OPTIONS, config_from, config_options, was_given
from lstm_lm.commands.threads import wait_briefly
from lstm_lm.config import ModelConfig, TrainingConfig, to_json
from toktools.command_line import Group, say
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError, lookup

if TYPE_CHECKING:
    from experiments.comparison.plan import Plan
    from toktools.corpus import Corpus

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
DEFAULT_TOKENIZERS = ("word", "character", "bpe:2000", "wordpiece:2000")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Compare what tokenizers do to a language model, and how fast they are."""
    wait_briefly()


@main.command()
@click.option("--preset", metavar="NAME", help="Start from a ready comparison: demo.")
@corpus_options(default="python-docs")
@click.option(
    *("--tokenizer", "-t", "tokenizers"),
    multiple=True,
    metavar="SPEC",
    help="NAME, NAME:SIZE, NAME:SIZE,KEY=VALUE or a tokenizer.json. May be repeated.  "
    f"[default: {' '.join(DEFAULT_TOKENIZERS)}]",
)
@click.option(
    *("--output", "-o"), required=True, type=click.Path(path_type=Path), help="The folder."
)
@click.option(
    "--context-bytes", type=int, help="Gradients flow through about so many bytes of text."
)
@click.option("--seed", "seeds", type=int, multiple=True, help="May be repeated; default 0 1 2.")
@click.option("--prompt", "prompts", multiple=True, help="Text to continue. May be repeated.")
@config_options(ModelConfig, TrainingConfig, without=("bptt", "seed"))
def compare(preset: str | None, corpus: Corpus, output: Path, **given: Any) -> None:
    """Train the same language model on every tokenizer and report bits per byte, side by side.

    Writes results.json and report.html. Interrupted, the same command goes on where it was.

    \b
    Example:
      python -m experiments compare --preset demo -o runs/demo
      python -m experiments compare -c ptb/ -t word -t bpe:2000 -t bpe:8000 \\
          --normalize whitespace --epochs 6 --prompt "the company said" -o runs/ptb
    """
    plan = _plan(preset, corpus, given)
    from experiments.comparison.running import Comparison
    from experiments.comparison.terminal import print_results
    from lstm_lm.commands.display import training_bar
    from lstm_lm.training.outcomes import TrainingInterrupted

    try:
        with training_bar(lines=False) as on_progress:
            comparison = Comparison(output, plan, say=say, on_progress=on_progress)
            results = comparison.run()
    except TrainingInterrupted:
        say(f"interrupted; all so far is in {output}, and the same command goes on")
        sys.exit(INTERRUPTED)
    print_results(results)
    click.echo(f"report: {output / 'report.html'}")
    if any("error" in run for run in results["runs"]):
        sys.exit(1)


def _plan(preset: str | None, corpus: Corpus, given: dict[str, Any]) -> Plan:
    """Return the preset with what was typed put over it."""
    from experiments.comparison.plan import Plan, TokenizerSpec
    from experiments.comparison.presets import PRESETS

    if preset is None:
        specs = tuple(map(TokenizerSpec, DEFAULT_TOKENIZERS))
        base = Plan(corpus=corpus.describe(), tokenizers=specs)
    else:
        base = lookup(preset, PRESETS, what="preset")()
    typed = was_given(*CORPUS_OPTIONS) or preset is None
    return Plan(
        corpus=corpus.describe() if typed else base.open().describe(),
        tokenizers=tuple(map(TokenizerSpec, given["tokenizers"])) or base.tokenizers,
        model=config_from(ModelConfig, given, to_json(base.model)),
        training=config_from(TrainingConfig, given, to_json(base.training)),
        context_bytes=given["context_bytes"] or base.context_bytes,
        seeds=given["seeds"] or base.seeds,
        prompts=given["prompts"] or base.prompts,
        sample_bytes=base.sample_bytes,
    )


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


bench.add_command(generation)
main.add_command(bench)
main.add_command(parity)
main.add_command(play)
main.add_command(reproduce)


if __name__ == "__main__":
    main(prog_name="python -m experiments")
