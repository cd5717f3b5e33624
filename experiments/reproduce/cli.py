"""`python -m experiments reproduce`: one command for each thing that is done again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_lm.presets import EXPERIMENTS, PRESETS
from toktools.command_line import Group, say
from toktools.errors import ToktoolsError, lookup

TOPICS = ("headlines", "shakespeare", "ptb")
"""Experiments of several presets, or of one under a shorter name: `described.EXPERIMENTS`."""


@click.group(cls=Group)
def reproduce() -> None:
    """Do again what others have, and set both side by side."""


@reproduce.command()
@click.option(
    *("--output", "-o"),
    default="runs/reproduce/cells",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder.",
)
@click.option("--corpus", "-c", "source", default="python-docs", show_default=True)
@click.option("--steps", default=100, show_default=True, help="Updates of each training.")
@click.option("--rounds", default=5, show_default=True, help="Of timing; at least 5.")
@click.option("--hidden-size", default=128, show_default=True, help="Units in each layer.")
@click.option("--bptt", default=64, show_default=True, help="Steps of text in an update.")
@click.option("--seed", default=0, show_default=True, help="Seed of the first weights.")
def cells(output: Path, source: str, steps: int, rounds: int, **sizes: int) -> None:
    """Set our recurrent cells beside torch's: outputs, gradients, learning, speed.

    Writes results.json, cells.png and cells.html.

    \b
    Example:
      python -m experiments reproduce cells
      python -m experiments reproduce cells --steps 20 --hidden-size 32 -o runs/cells
    """
    from experiments.reproduce.cells import Settings, measure
    from experiments.reproduce.cells_page import print_table, write_page
    from lstm_lm.files import write_json

    settings = Settings(corpus=source, n_steps=steps, n_rounds=rounds, **sizes)
    results = measure(settings, say=say)
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "results.json", results)
    write_page(results, output)
    print_table(results)
    click.echo(f"page: {output / 'cells.html'}")


@reproduce.command()
@click.option(
    *("--output", "-o"),
    default="runs/reproduce/human-numbers",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder.",
)
@click.option("--seeds", "n_seeds", default=3, show_default=True, help="How many: 0, 1, 2, ...")
@click.option("--epochs", "n_epochs", type=int, help="In the place of the chapter's, 4 to 15.")
def human_numbers(output: Path, n_seeds: int, n_epochs: int | None) -> None:
    """Train the seven language models of fastbook's chapter 12, and set them beside its figures.

    Writes results.json, human-numbers.png and human-numbers.html. About 30 seconds a seed.

    \b
    Example:
      python -m experiments reproduce human-numbers
      python -m experiments reproduce human-numbers --seeds 1 --epochs 1 -o runs/numbers
    """
    _human_numbers(output, n_seeds, n_epochs, slice(None))


@reproduce.command()
@click.option(
    *("--output", "-o"),
    default="runs/reproduce/anbn",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder.",
)
@click.option("--seeds", "n_seeds", default=3, show_default=True, help="Trainings of each network.")
@click.option("--hidden-size", default=50, show_default=True, help="Units of each network.")
@click.option("--epochs", default=1.0, show_default=True, help="Times the notebook's epochs.")
@click.option(
    "--harder-epochs", default=0.25, show_default=True, help="Times those, for the other languages."
)
def anbn(output: Path, n_seeds: int, hidden_size: int, epochs: float, harder_epochs: float) -> None:
    """Let recurrent networks learn to count a^n b^n, a^n b^n c^n and brackets.

    Writes results.json, anbn.png and anbn.html.

    \b
    Example:
      python -m experiments reproduce anbn
      python -m experiments reproduce anbn --seeds 1 --epochs 0.1 -o runs/anbn
    """
    settings = {"n_seeds": n_seeds, "hidden_size": hidden_size}
    _anbn(output, slice(None), epochs=epochs, harder_epochs=harder_epochs, **settings)


@reproduce.command()
@click.option(
    *("--output", "-o"),
    default="runs/reproduce/questions",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder.",
)
@click.option("--seeds", "n_seeds", default=3, show_default=True, help="How many: 0, 1, 2, ...")
@click.option("--epochs", "n_epochs", type=int, help="Of every training, in the place of 4 to 15.")
@click.option("--only", multiple=True, metavar="PART", help="A table alone. May be repeated.")
def questions(output: Path, n_seeds: int, n_epochs: int | None, only: tuple[str, ...]) -> None:
    """Answer the questions of fastbook's chapter 12 by trainings in which one thing is changed.

    Writes results.json, tables as Markdown, and two charts. About 10 minutes a seed. The parts:
    state, signal, depth, gates, rate, regularizers, reach, gradients.

    \b
    Example:
      python -m experiments reproduce questions
      python -m experiments reproduce questions --only gates --epochs 1 -o runs/questions
    """
    from experiments.reproduce.questions import PARTS, measure
    from experiments.reproduce.questions_page import write_page
    from lstm_lm.files import write_json

    if n_seeds < 1:
        raise ToktoolsError(f"--seeds must be >= 1, got {n_seeds}")
    for part in only:
        lookup(part, dict.fromkeys(PARTS), what="part")
    results = measure(range(n_seeds), say=say, only=only or PARTS, n_epochs=n_epochs)
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "results.json", results)
    write_page(results, output)
    click.echo(f"tables: {output / 'questions.md'}")


def _human_numbers(output: Path, n_seeds: int, n_epochs: int | None, which: slice) -> None:
    """Train some of the seven models, and write what came of it."""
    from experiments.reproduce.human_numbers import RECIPES, measure
    from experiments.reproduce.human_numbers_page import print_table, write_page
    from lstm_lm.files import write_json

    if n_seeds < 1:
        raise ToktoolsError(f"--seeds must be >= 1, got {n_seeds}")
    results = measure(range(n_seeds), say=say, recipes=RECIPES[which], n_epochs=n_epochs)
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "results.json", results)
    write_page(results, output)
    print_table(results)
    click.echo(f"page: {output / 'human-numbers.html'}")


def _anbn(output: Path, which: slice, **options: Any) -> None:
    """Train some of the networks that count, and write what came of it."""
    from experiments.reproduce.anbn import RECIPES, Settings, measure
    from experiments.reproduce.anbn_page import print_table, write_page
    from lstm_lm.files import write_json

    results = measure(Settings(**options), say=say, recipes=RECIPES[which])
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "results.json", results)
    write_page(results, output)
    print_table(results)
    click.echo(f"page: {output / 'anbn.html'}")


@reproduce.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option(
    *("--output", "-o"),
    default="runs/reproduce/king",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder.",
)
def king(runs: tuple[Path, ...], output: Path) -> None:
    """Ask trained models what King - Man + Woman is, and tell whatever comes out.

    By input and by output vectors, by L2 and by cosine. Writes results.json and king.md, a table.

    \b
    Example:
      python -m experiments reproduce king runs/word runs/bpe
    """
    from experiments.reproduce.king import measure, table
    from lstm_lm.files import write_json, write_text

    results = measure(runs)
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "results.json", results)
    write_text(output / "king.md", table(results) + "\n")
    click.echo(table(results))


@reproduce.command()
@click.argument("name", metavar="PRESET")
@click.option("--corpus", "-c", "source", required=True, help="The text: a path or a name.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many documents.")
@click.option(
    "--updates", default=5, show_default=True, type=click.IntRange(min=1), help="That are timed."
)
def cost(name: str, source: str, limit: int | None, updates: int) -> None:
    """Say what an epoch of a preset costs, from a few updates: time and memory.

    \b
    Example:
      python -m experiments reproduce cost ptb-awd -c ptb/
    """
    from experiments.reproduce.cost import measure_cost

    found = measure_cost(name, source, n_updates=updates, limit=limit)
    click.echo(
        f"{name}: {found['n_parameters']:,} weights, {found['n_updates_per_epoch']:,} updates an "
        f"epoch, {found['threads']} threads; {found['cpu_seconds_per_update']:.2f} s of the "
        f"processor an update, {found['cpu_hours_per_epoch']:.2f} hours an epoch; "
        f"{found['peak_mb']:,} MB at most, the text and the libraries included"
    )


def _described(name: str) -> click.Command:
    """Return the command that runs the presets of an experiment of `described.EXPERIMENTS`."""

    def run(
        output: Path | None, source: str, limit: int | None, n_seeds: int, epochs: float | None
    ) -> None:
        from experiments.reproduce.described import measure
        from experiments.reproduce.described_page import print_table, write_page
        from lstm_lm.files import write_json

        if n_seeds < 1:
            raise ToktoolsError(f"--seeds must be >= 1, got {n_seeds}")
        folder = output or Path("runs/reproduce") / name
        options = {"seeds": range(n_seeds), "epochs": epochs, "limit": limit, "say": say}
        results = measure(name, source, folder, **options)
        write_json(folder / "results.json", results)
        write_page(results, folder)
        print_table(results)
        click.echo(f"page: {folder / 'described.html'}")

    text = f"""Train as described: {name}.

    Finished runs in the folder are kept, an interrupted one goes on. Writes results.json,
    described.png and described.html.

    \b
    Example:
      python -m experiments reproduce {name} -c TEXT
    """
    options: list[click.Parameter] = [
        click.Option(["--output", "-o"], type=click.Path(path_type=Path), help="The folder."),
        click.Option(["--corpus", "-c", "source"], required=True, help="The text: a path or name."),
        click.Option(["--limit"], type=click.IntRange(min=1), help="Only so many documents."),
        click.Option(["--seeds", "n_seeds"], default=1, show_default=True, help="How many."),
        click.Option(["--epochs"], type=float, help="In the place of the preset's."),
    ]
    return click.Command(name, params=options, callback=run, help=text)


def _one_of_many(name: str) -> click.Command:
    """Return the command that trains one network of an experiment that has several."""
    experiment = EXPERIMENTS[name]
    position = [n for n, of in EXPERIMENTS.items() if of == experiment].index(name)
    which = slice(position, position + 1)

    def run(output: Path | None, n_seeds: int, epochs: float | None) -> None:
        folder = output or Path("runs/reproduce") / name
        if experiment == "human-numbers":
            _human_numbers(folder, n_seeds, None if epochs is None else round(epochs), which)
            return
        shares = {} if epochs is None else {"epochs": epochs, "harder_epochs": epochs}
        _anbn(folder, which, n_seeds=n_seeds, **shares)

    text = f"""Train this one network of {experiment}.

    \b
    Example:
      python -m experiments reproduce {name} --seeds 1
    """
    unit = "In the place of its own." if experiment == "human-numbers" else "Times its own."
    options: list[click.Parameter] = [
        click.Option(["--output", "-o"], type=click.Path(path_type=Path), help="The folder."),
        click.Option(["--seeds", "n_seeds"], default=3, show_default=True, help="How many."),
        click.Option(["--epochs"], type=float, help=unit),
    ]
    return click.Command(name, params=options, callback=run, help=text)


for _name in (*TOPICS, *PRESETS):
    reproduce.add_command(_described(_name))
for _name in EXPERIMENTS:
    reproduce.add_command(_one_of_many(_name))
