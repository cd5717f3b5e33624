"""`toktools convert`: from one file of a tokenizer to another, with the same ids."""

from __future__ import annotations

from pathlib import Path

import click

from toktools.command_line import say


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=click.Choice(["tokenizer.json", "vocab-merges", "vocab.txt", "tiktoken"]),
    help="The form of OUT, if its name does not say it.",
)
@click.option(
    "--pretokenizer",
    metavar="NAME",
    help="How text is cut, for a .tiktoken file whose name does not say it: cl100k, o200k ...",
)
def convert(source: Path, target: Path, to: str | None, pretokenizer: str | None) -> None:
    """Convert between tokenizer.json, vocab.json with merges.txt, vocab.txt and .tiktoken.

    Says what OUT has no place for. The ids of OUT, read again, are compared with those of IN on the
    strings of its vocabulary before anything is written; where they would change, nothing is.

    \b
    Example:
      toktools convert bpe.json bpe.tiktoken
      toktools convert gpt2/vocab.json gpt2/tokenizer.json
      toktools convert mine.tiktoken tokenizer.json --pretokenizer o200k
    """
    from toktools import load, load_tiktoken
    from toktools.errors import ToktoolsError
    from toktools.formats.converting import convert
    from toktools.pretokenizers import pretokenizer as cut_named

    if pretokenizer is None:
        tokenizer = load(source)
    elif source.suffix == ".tiktoken":
        tokenizer = load_tiktoken(source, pretokenizer=cut_named(pretokenizer))
    else:
        raise ToktoolsError(f"{source}: --pretokenizer is for .tiktoken files alone")
    done = convert(tokenizer, target, to)
    for line in done.not_held:
        say(f"not in the file: {line}")
    names = ", ".join(map(str, done.paths))
    say(f"{source} -> {names}: {tokenizer.n_vocab:,} tokens, {done.n_compared:,} strings compared")
