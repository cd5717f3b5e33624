"""`lstm_lm sample`: continue prompts, as text, as JSON lines, or as a table saved with the run."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_lm.commands.options import config_from, config_options
from lstm_lm.config import SamplingConfig
from toktools.command_line import say

if TYPE_CHECKING:
    from lstm_lm.numpy_lm.run import NumpyRun
    from lstm_lm.runs.run import Run
    from lstm_lm.sampling.samples import Samples
    from toktools.tokenizer import Tokenizer


def sampling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each field of SamplingConfig but the strategy."""
    helps = {f.name: f.metadata["help"] for f in dataclasses.fields(SamplingConfig)}
    options = (
        click.option(*("--n-tokens", "-n"), type=int, help=f"{helps['n_tokens']}  [default: 100]"),
        click.option("--ban", multiple=True, metavar="TOKEN", help=helps["ban"]),
        config_options(SamplingConfig, without=("n_tokens", "ban", "strategy")),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(*("--prompt", "-p"), multiple=True, help="Text to continue. May be repeated.")
@click.option(
    "--prompt-file",
    type=click.Path(path_type=Path),
    help="A file with a prompt a line; - is standard input.",
)
@click.option(
    *("--strategy", "-s", "strategies"),
    multiple=True,
    default=["top-k"],
    show_default=True,
    help="How a token is chosen: "
    + SamplingConfig.__dataclass_fields__["strategy"].metadata["help"].partition(": ")[2]
    + " May be repeated: then a table is printed.",
)
@sampling_options
@click.option("--jsonl", is_flag=True, help="Print a JSON object a text, with all settings.")
@click.option("--save", is_flag=True, help="Write samples.txt (a table) and .jsonl to the run.")
def sample(
    run: Path,
    prompt: tuple[str, ...],
    prompt_file: Path | None,
    strategies: tuple[str, ...],
    jsonl: bool,
    save: bool,
    **settings: Any,
) -> None:
    """Continue prompts, or begin a text from nothing.

    \b
    Example:
      lstm_lm sample runs/bpe --prompt "The" --prompt "If" --strategy top-k --k 5 -n 40
      lstm_lm sample runs/bpe -p "The" -s argmax -s top-p -s resample-once --save
      lstm_lm sample runs/bpe --prompt-file prompts.txt --strategy top-k+min-p --jsonl
      lstm_lm sample runs/bpe --strategy sample --temperature 0.8 --stop-on 1000
    """
    configs = [
        config_from(SamplingConfig, settings, {"strategy": strategy}) for strategy in strategies
    ]
    from lstm_lm.runs.backends import load
    from lstm_lm.sampling.prompts import read_prompts

    prompts = [*prompt, *(read_prompts(prompt_file) if prompt_file else ())] or [""]
    opened = load(run)
    say_unknown(opened.tokenizer, prompts)
    if len(prompts) == len(configs) == 1 and not (jsonl or save):
        stream_to_terminal(opened, prompts[0], configs[0])
        return
    from lstm_lm.runs.directory import RunDirectory
    from lstm_lm.sampling.samples import sample_all

    samples = sample_all(opened.model, opened.tokenizer, prompts, configs)
    _print(samples, jsonl=jsonl)
    if save:
        directory = RunDirectory(run)
        directory.write_samples(samples)
        say(f"saved: {directory.samples}")


def _print(samples: Sequence[Samples], *, jsonl: bool) -> None:
    """Print texts, as a table if there are several strategies."""
    from lstm_lm.sampling.samples import as_jsonl, as_table

    if jsonl or len(samples) > 1:
        click.echo(as_jsonl(samples) if jsonl else as_table(samples), nl=False)
        return
    for made in samples[0].texts:
        click.echo(made.text)


def stream_to_terminal(run: Run | NumpyRun, prompt: str, config: SamplingConfig) -> None:
    """Print a text as it comes, whole characters only."""
    tokenizer = run.tokenizer
    from lstm_lm.sampling.prompts import unknown

    start = tokenizer.decode(tokenizer.encode(prompt), hidden=unknown(tokenizer, prompt))
    pieces = run.stream(prompt, **vars(config))
    first = next(pieces, "")  # a mistake in the settings shows here, before anything is written
    write(start + first)
    for piece in pieces:
        write(piece)
    write("\n")


def write(text: str) -> None:
    """Write text to standard output at once."""
    if text:
        sys.stdout.write(text)
        sys.stdout.flush()


def say_unknown(tokenizer: Tokenizer, prompts: Iterable[str]) -> None:
    """Name what the tokenizer does not know of each prompt."""
    from lstm_lm.sampling.prompts import unknown_note

    for note in filter(None, (unknown_note(tokenizer, prompt) for prompt in prompts)):
        say(note)
