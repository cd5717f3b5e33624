"""The options of the training commands, in bundles: each is written once and used by several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from toktools.corpus.options import corpus_options

Command = Callable[..., Any]


def bundle(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator that adds several options, shown in this order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


training_options = bundle(
    corpus_options(default="python-docs", positional=True),
    click.option(
        *("--output", "-o"),
        type=click.Path(path_type=Path, allow_dash=True),
        default="tokenizer.json",
        show_default=True,
        help="Where to write the tokenizer; - for standard output.",
    ),
    click.option(
        "--token-counts",
        type=click.Path(path_type=Path),
        help="Write how often each token occurs in SOURCE to this file (id, token, count).",
    ),
    click.option("--pad-token", default="<PAD>", show_default=True, help="Padding; '' for none."),
    click.option(
        "--eos-token", default="<EOS>", show_default=True, help="Document end; '' for none."
    ),
    click.option(
        "--any-token",
        default="<ANY>",
        show_default=True,
        help="The unknown; '' for none, where nothing can be unknown.",
    ),
    click.option(
        "--special-token",
        multiple=True,
        help="One more special token; may be repeated.",
    ),
)
"""The source, the output and the special tokens: what every training command takes."""

text_options = bundle(
    click.option(
        "--pretokenizer",
        multiple=True,
        help="How text is cut: gpt2, cl100k, o200k, llama3, qwen2, whitespace, punctuation, "
        "digits, metaspace or none. Repeat it to cut the pieces of one by the next.",
    ),
    click.option(
        "--split-regex",
        metavar="PATTERN",
        help="Cut by this regular expression: its matches, and what stands between them, are "
        "pieces. With --pretokenizer it comes first.",
    ),
    click.option(
        "--normalizer",
        multiple=True,
        help="Rewrite text before it is cut: nfc, nfd, nfkc, nfkd, lowercase, strip-accents, "
        "bert or bert-cased. May be repeated; they follow each other.",
    ),
)
"""What happens to text before it is tokenized."""

word_options = bundle(
    click.option(
        "--split",
        type=click.Choice(["whitespace", "punctuation"]),
        help="Short for --pretokenizer, whose default is whitespace here; 'punctuation' cuts "
        "punctuation off as BERT does.",
    ),
    click.option("--lowercase", is_flag=True, help="Lowercase text, after any --normalizer."),
)
"""The short forms of text options for tokenizers over words."""

merge_options = bundle(
    click.option(
        "--vocab-size", default=8000, show_default=True, help="Tokens wanted, all included."
    ),
    click.option(
        "--min-frequency", default=1, show_default=True, help="Merge no pair rarer than this."
    ),
    click.option(
        "--limit-alphabet", type=int, help="Start from the most frequent characters, this many."
    ),
    click.option(
        "--initial-alphabet",
        default="",
        metavar="CHARACTERS",
        help="Characters to start from even if they are rare or absent.",
    ),
    click.option("--end-of-word-suffix", default="", help="Mark the last symbol of a word."),
)
"""The size of the vocabulary and the symbols it starts from."""
