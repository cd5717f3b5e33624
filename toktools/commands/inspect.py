"""`toktools inspect`: what a tokenizer is, and how it cuts text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toktools.tokenizer import Tokenizer


@click.command()
@click.argument("tokenizer", type=click.Path(path_type=Path))
@click.option("--text", multiple=True, help="Show how this text is cut. May be repeated.")
@click.option("--tokens", is_flag=True, help="List the vocabulary: id, tab, token.")
def inspect(tokenizer: Path, text: tuple[str, ...], tokens: bool) -> None:
    """Say what a tokenizer is, how it was trained and how it cuts text.

    \b
    Example:
      toktools inspect bpe.json --text "To be, or not to be"
      toktools inspect bpe.json --tokens | head
    """
    from toktools.formats.tokenizer_json import load

    loaded = load(tokenizer)
    if tokens:
        for token, id in loaded.vocabulary.ids.items():
            click.echo(f"{id}\t{token}")
        return
    facts = list(_facts(loaded))
    width = max(len(name) for name, _ in facts) + 2
    for name, value in facts:
        click.echo(f"{name:{width}}{value}")
    for sentence in text:
        ids = loaded.encode(sentence)
        pieces = " | ".join(_shown(loaded, id, i == 0) for i, id in enumerate(ids))
        click.echo(f"\n{sentence}\n  {len(ids)} tokens: {pieces}")
        click.echo(f"  ids: {' '.join(map(str, ids))}")


def _shown(tokenizer: Tokenizer, id: int, first: bool) -> str:
    """Return what a token adds to the text, or its bytes in hexadecimal if it cuts a character."""
    surface = tokenizer.surface(tokenizer.id_to_token(id), first)
    try:
        return surface.decode()
    except UnicodeDecodeError:
        return " ".join(f"<{byte:02X}>" for byte in surface)


def _facts(tokenizer: Tokenizer) -> Iterator[tuple[str, str]]:
    yield "kind", tokenizer.kind
    yield "tokens", f"{tokenizer.n_vocab:,}"
    specials = tokenizer.vocabulary.special
    yield "special tokens", " ".join(f"{s}={tokenizer.token_to_id(s)}" for s in specials) or "none"
    lossless = tokenizer.lossless
    yield "lossless", "yes" if lossless is True else f"no: {lossless or 'text is lost'}"
    longest = max(tokenizer.token_bytes, key=len, default=b"").decode("utf-8", "replace")
    yield "longest token", f"{longest!r} ({len(longest.encode()):,} bytes)"
    for section in ("options", "corpus", "report"):
        for name, value in tokenizer.training.get(section, {}).items():
            if value not in (None, [], "", {}):
                yield f"{section}.{name}", str(value)
