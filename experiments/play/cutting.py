"""Text as it was typed or pasted, made readable, and cut by each tokenizer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.play.opening import Entry
from toktools.errors import ToktoolsError
from toktools.metrics.segments import Segment, segments

MAX_CHARACTERS = 5_000
"""So much of a text is read; a page of more pieces would be slow to draw, and nobody reads it."""
_REPLACED_SHOWN = 12
_LONGEST_SHOWN = 40  # characters of a replaced piece


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A text as one tokenizer cuts it.

    Attributes:
        name: of the entry. segments: tokens in their places, and text between them.
        n_tokens, n_bytes: of the text as it was read. n_vocab: of the tokenizer.
        unknown_token: as the vocabulary writes it; "" if there is none.
        replaced: what it stands for, each once, in order; n_replaced: how often.
        note: what was done to the text before. error: why it could not be cut.
    """

    name: str
    n_vocab: int
    segments: tuple[Segment, ...] = ()
    n_tokens: int = 0
    n_bytes: int = 0
    unknown_token: str = ""
    replaced: tuple[str, ...] = ()
    n_replaced: int = 0
    note: str = ""
    error: str = ""

    @property
    def bytes_per_token(self) -> float | None:
        """None where there is no token."""
        return self.n_bytes / self.n_tokens if self.n_tokens else None

    @property
    def more_replaced(self) -> int:
        """How many kinds of replaced pieces a page leaves out."""
        return max(0, len(self.replaced) - _REPLACED_SHOWN)

    @property
    def first_replaced(self) -> tuple[str, ...]:
        """The replaced pieces that a page names, the end of long ones left out."""
        return tuple(
            piece if len(piece) <= _LONGEST_SHOWN else piece[: _LONGEST_SHOWN - 1] + "…"
            for piece in self.replaced[:_REPLACED_SHOWN]
        )


def readable(text: str) -> tuple[str, list[str]]:
    """Return what of a text is read, and a line for each thing that was done to it.

    Example:
        >>> readable("a\\ud800")
        ('a\\ufffd', ['1 lone surrogate, which no UTF-8 holds, is read as U+FFFD.'])
        >>> text, [line] = readable("a" * 9000)
        >>> len(text), line
        (5000, 'Only the first 5,000 of 9,000 characters are read.')
    """
    notes: list[str] = []
    if len(text) > MAX_CHARACTERS:
        notes.append(f"Only the first {MAX_CHARACTERS:,} of {len(text):,} characters are read.")
        text = text[:MAX_CHARACTERS]
    lone = sum("\ud800" <= character <= "\udfff" for character in text)
    if lone:
        what, are = ("surrogate", "is") if lone == 1 else ("surrogates", "are")
        notes.append(f"{lone:,} lone {what}, which no UTF-8 holds, {are} read as U+FFFD.")
        text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text, notes


def cut_by_all(entries: Iterable[Entry], text: str) -> list[Cut]:
    """Cut a readable text by each entry; one that cannot says why, and the others go on.

    Example:
        >>> from toktools import train_word
        >>> entry = Entry(name="words", tokenizer=train_word(["a b"], min_count=1))
        >>> [cut] = cut_by_all([entry], "a c c")
        >>> cut.n_tokens, cut.bytes_per_token, cut.replaced, cut.n_replaced
        (3, 1.6666666666666667, ('c',), 2)
    """
    return [_cut(entry, text) for entry in entries]


def _cut(entry: Entry, text: str) -> Cut:
    tokenizer, text_read = entry.tokenizer, entry.read(text)
    try:
        parts = segments(tokenizer, text_read)
    except ToktoolsError as e:
        return Cut(name=entry.name, n_vocab=tokenizer.n_vocab, error=str(e))
    unknown = [text_read[part.start : part.end] for part in parts if part.unknown]
    return Cut(
        name=entry.name,
        n_vocab=tokenizer.n_vocab,
        segments=tuple(parts),
        n_tokens=sum(part.id is not None for part in parts),
        n_bytes=len(text_read.encode()),
        unknown_token="" if tokenizer.unk_id is None else tokenizer.id_to_token(tokenizer.unk_id),
        replaced=tuple(dict.fromkeys(unknown)),
        n_replaced=len(unknown),
        note=_rewriting_note(entry, text),
    )


def _rewriting_note(entry: Entry, text: str) -> str:
    """Return what to say of a text that an entry reads otherwise than it was typed."""
    if entry.read(text) == text:
        return ""
    return f"Read as this model's own text was rewritten: {', '.join(entry.rewriting)}."
