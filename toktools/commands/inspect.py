"""`toktools inspect`: what a tokenizer is, and how it cuts text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toktools.command_line import fail
from toktools.corpus.options import corpus_options

if TYPE_CHECKING:
    from toktools.changing.auditing import Audit
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer


@click.command()
@click.argument("tokenizer", type=click.Path(path_type=Path))
@click.option("--text", multiple=True, help="Show how this text is cut. May be repeated.")
@click.option("--tokens", is_flag=True, help="List the vocabulary: id, tab, token.")
@click.option(
    "--audit",
    "audited",
    is_flag=True,
    help="Check its structure, and its training by replaying it on the corpus it names (or -c).",
)
@corpus_options(required=False)
def inspect(
    tokenizer: Path, text: tuple[str, ...], tokens: bool, audited: bool, corpus: Corpus | None
) -> None:
    """Say what a tokenizer is, how it was trained and how it cuts text.

    A corpus is read for --audit alone, which ends with exit status 1 if something is wrong.

    \b
    Example:
      toktools inspect bpe.json --text "To be, or not to be"
      toktools inspect bpe.json --tokens | head
      toktools inspect bpe.json --audit
    """
    from toktools.formats.tokenizer_json import load

    loaded = load(tokenizer)
    if tokens:
        for token, id in loaded.vocabulary.ids.items():
            click.echo(f"{id}\t{token}")
        return
    if audited:
        from toktools.changing.auditing import audit

        found = audit(loaded, corpus)
        _show(_audit_facts(found))
        for fault in found.faults[:1]:
            more = f" (and {len(found.faults) - 1:,} more)" if len(found.faults) > 1 else ""
            fail(f"{tokenizer}: {fault}{more}")
        return
    _show(_facts(loaded))
    for sentence in text:
        ids = loaded.encode(sentence)
        pieces = " | ".join(_shown(loaded, id, i == 0) for i, id in enumerate(ids))
        click.echo(f"\n{sentence}\n  {len(ids)} tokens: {pieces}")
        click.echo(f"  ids: {' '.join(map(str, ids))}")


def _show(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    facts = list(facts)
    width = max(len(name) for name, _ in facts) + 2
    for name, value in facts:
        click.echo(f"{name:{width}}{value}")


def _audit_facts(found: Audit) -> Iterator[tuple[str, str]]:
    yield "tokens", f"{found.n_tokens:,}"
    for fault in found.faults:
        yield "fault", fault
    first = ", ".join(map(repr, found.unreachable[:5]))
    more = ", ..." if len(found.unreachable) > 5 else ""
    unreachable = f"{len(found.unreachable):,} tokens: {first}{more}"
    yield "unreachable", unreachable if found.unreachable else "none"
    for i, replay in enumerate(found.replays):
        best = f"{len(replay.merges):,} merges, each the best at its step or tied for it"
        if replay.merges:
            best += f", counts {replay.merges[0].count:,} to {replay.merges[-1].count:,}"
        what = "replayed" if i == 0 else f"extension {i}"
        yield what, f"{best}; {replay.n_ties:,} ties"
    if found.not_replayed:
        yield "not replayed", found.not_replayed


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
    for change in tokenizer.training.get("changes", []):
        options = " ".join(f"{k}={v}" for k, v in change["options"].items() if v not in (None, []))
        yield "change", f"{change['change']} of {change['n_vocab']:,} tokens: {options}"
