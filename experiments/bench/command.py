"""`python -m experiments bench`: the commands."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import click

from toktools.command_line import Group, say
from toktools.errors import ToktoolsError
from toktools.training.memory import parse_size

FILES = Path("runs/bench")


@click.group(cls=Group)
def bench() -> None:
    """Measure speed beside other libraries."""


@bench.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--size", default="60MB", show_default=True)
@click.option(
    *("--from", "sources"),
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file, taken first, or a folder. May be repeated; by default what is installed.",
)
def corpus(out: Path, size: str, sources: tuple[Path, ...]) -> None:
    """Write a large text to OUT, from documentation and sources that are installed.

    \b
    Example:
      python -m experiments bench corpus english.txt --size 60MB
      python -m experiments bench corpus mine.txt --from notes/ --from book.txt.gz
    """
    from experiments.bench.corpus import gather

    taken = gather(out, parse_size(size), sources)
    kinds = ", ".join(f"{n:,} bytes of {kind or 'no suffix'}" for kind, n in taken.kinds.items())
    click.echo(f"{out}: {taken.n_bytes:,} bytes of {taken.n_files:,} files: {kinds}")
    say(f"{taken.n_equal:,} files equal to another were left out")
    if taken.n_bytes < parse_size(size) * 0.99:
        say("there was no more text; name further folders with --from")


@bench.command()
@click.option(
    *("--corpus", "-c", "source"),
    type=click.Path(path_type=Path),
    help="A file of UTF-8 text, a document a line; by default 60 MB of what is installed.",
)
@click.option("--vocab-size", default=32_000, show_default=True)
@click.option("--rounds", default=5, show_default=True, help="At least 5.")
@click.option("--sizes", metavar="SIZE,SIZE", help="Also on the beginnings of the text.")
@click.option("--only", "jobs", multiple=True, metavar="JOB", help="May be repeated.")
@click.option("--peer", "peers", multiple=True, metavar="NAME", help="May be repeated.")
@click.option(
    *("--output", "-o"),
    type=click.Path(path_type=Path),
    default=FILES / "bench.json",
    show_default=True,
    help="All rounds, as JSON.",
)
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Write a PNG.")
@click.option("--resume", is_flag=True, help="Go on with the rounds in --output.")
@click.option(
    "--store",
    type=click.Choice(["tokenizers", "mixed"]),
    help="Keep the result for the documentation: of English, or of mixed scripts.",
)
def tokenizers(
    source: Path | None,
    vocab_size: int,
    rounds: int,
    sizes: str | None,
    jobs: tuple[str, ...],
    peers: tuple[str, ...],
    output: Path,
    picture: Path | None,
    resume: bool,
    store: str | None,
) -> None:
    """Time training, encoding and decoding beside every library of the extra [bench].

    Each library does each job in processes of its own, and its answer is compared with the right
    one in the same run; a wrong answer does not count, and makes the command fail if it is ours.

    \b
    Example:
      python -m experiments bench tokenizers --corpus english.txt --sizes 100kB,1MB,10MB
      python -m experiments bench tokenizers --only encode-bpe --peer toktools --peer tiktoken
    """
    from experiments.bench.jobs import JOBS
    from experiments.bench.measure import Plan, measure
    from experiments.bench.page import store as keep
    from experiments.bench.peers import PEERS
    from experiments.bench.preparing import parse_sizes, prepare

    plan = Plan(
        corpus=str(source or FILES / "installed.txt"),
        vocab_size=vocab_size,
        n_rounds=rounds,
        jobs=jobs or tuple(JOBS),
        peers=peers or tuple(PEERS),
        sizes=tuple(parse_sizes(sizes)) if sizes else (),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = output.parent / "files"
    path = source or _installed(FILES / "installed.txt")
    prepared = prepare(path, [0, *plan.sizes], folder, vocab_size, say)
    result = measure(plan, prepared, output=output, say=say, resume=resume)
    _show(result, picture)
    if store is not None:
        keep(store, result)


def _installed(path: Path) -> Path:
    """Return a text of what is installed, made if it is not there."""
    from experiments.bench.corpus import gather

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        say(f"gathering {path} from what is installed")
        gather(path, parse_size("60MB"))
    return path


def _show(result: dict, picture: Path | None) -> None:
    from experiments.bench.plot import plot
    from experiments.bench.table import OURS, full_table, header, wrong

    click.echo(header(result) + "\n")
    click.echo(full_table(result))
    if picture is not None:
        plot(result, picture)
        click.echo(f"plot: {picture}")
    faults = wrong(result)
    for fault in faults:
        say(fault)
    failed = [group["job"] for group in result["groups"] if OURS in group["errors"]]
    if failed or any(fault.startswith(f"{OURS}:") for fault in faults):
        raise ToktoolsError("toktools gave a wrong answer or none; its times do not count")


@bench.command("first-use")
@click.option("--text", type=click.Path(path_type=Path), help="By default 3 MB of sources.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="All rounds, as JSON.")
@click.option("--store", "keep", is_flag=True, help="Keep the result for the documentation.")
def first_use(text: Path | None, rounds: int, output: Path | None, keep: bool) -> None:
    """Time whole processes of toktools, with no compiled loop on disk and with all of them.

    \b
    Example:
      python -m experiments bench first-use --text english.txt
    """
    from experiments.bench.first_use import TEXT_BYTES, first_use_table, measure_first_use
    from experiments.bench.page import store
    from experiments.bench.preparing import beginning, warm_up_text
    from lstm_lm.files import write_text

    if text is not None and not text.is_file():
        raise ToktoolsError(f"--text must be a file of text, got {text}")
    with tempfile.TemporaryDirectory() as folder:
        path = text or Path(folder, "text.txt")
        if text is None:
            path.write_bytes(beginning(warm_up_text(), TEXT_BYTES))
        result = measure_first_use(path, n_rounds=rounds, say=say)
    click.echo(first_use_table(result))
    if output is not None:
        write_text(output, json.dumps(result, indent=1) + "\n")
    if keep:
        store("first use", result)


@bench.command()
@click.option("--corpus", "-c", required=True, help="A folder with the three splits.")
@click.option("--preset", "name", default="ptb-5-minutes", show_default=True)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="By default its own.")
@click.option("--seeds", default="0", show_default=True, metavar="0,1,2")
@click.option("--plain/--no-plain", default=True, help="Train the plain loop too.")
@click.option("--device", default="cpu", show_default=True, help="cuda: a GPU.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("runs/minutes"),
    show_default=True,
)
def minutes(
    corpus: str,
    name: str,
    minutes: float | None,
    seeds: str,
    plain: bool,
    device: str,
    output: Path,
) -> None:
    """Train a preset beside the plain loop, equal in time, and read the test text once.

    \b
    Example:
      python -m experiments bench minutes -c ptb/ --seeds 0,1,2
      python -m experiments bench minutes -c ptb/ --preset ptb-1-hour --no-plain
      python -m experiments bench minutes -c ptb/ --preset ptb-gpu --device cuda
    """
    from experiments.bench.minutes import measure_minutes, minutes_table
    from lstm_lm.files import write_text

    if not re.fullmatch(r"\d+(,\d+)*", seeds):
        raise ToktoolsError(f"--seeds must be numbers with commas between them, got {seeds!r}")
    result = measure_minutes(
        *(corpus, name, output),
        **{"minutes": minutes, "seeds": [int(seed) for seed in seeds.split(",")]},
        **{"beside_plain": plain, "device": device, "say": say},
    )
    write_text(output / f"{name}.json", json.dumps(result, indent=1) + "\n")
    click.echo(minutes_table(result))


@bench.command()
def render() -> None:
    """Write the tables and the plot of the documentation anew from the stored results."""
    from experiments.bench.page import render as write

    for path in write():
        click.echo(path)
