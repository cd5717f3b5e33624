"""`toktools`: train tokenizers, encode and decode with them, look inside and measure them."""

from __future__ import annotations

import click

from toktools import __version__
from toktools.command_line import Group
from toktools.commands.convert import convert
from toktools.commands.decode import decode
from toktools.commands.encode import encode
from toktools.commands.extend import extend
from toktools.commands.inspect import inspect
from toktools.commands.prune import prune
from toktools.commands.score import compare, score
from toktools.commands.train import train_bpe, train_character, train_word, train_wordpiece
from toktools.commands.train_sentencepiece import train_sentencepiece
from toktools.commands.verify import verify
from toktools.commands.viz import viz


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="toktools")
def main() -> None:
    """Train tokenizers from scratch, encode and decode text, and look inside.

    \b
    Example:
      toktools train-bpe shakespeare.txt --vocab-size 8000 -o bpe.json
      echo "To be, or not to be" | toktools encode -t bpe.json
    """


for command in (
    train_bpe,
    train_wordpiece,
    train_word,
    train_character,
    train_sentencepiece,
    encode,
    decode,
    inspect,
    extend,
    prune,
    viz,
    score,
    compare,
    verify,
    convert,
):
    main.add_command(command)
