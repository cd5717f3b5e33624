"""Text as a tokenizer cuts it, in parts that can be shown side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toktools.tokenizer import Tokenizer

_PICTURES = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x09: "⇥",
    0x0A: "↵",
    0x7F: "\u2421",
    **{code: f"<U+{code:04X}>" for code in (*range(0x80, 0xA0), 0x2028, 0x2029, 0xFEFF)},
    **{code: f"<U+{code:04X}>" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
}
"""What stands for characters that would move the cursor, break the line or turn the text round."""


@dataclass(frozen=True)
class Segment:
    """A token in its place, or a stretch of text that is in no token.

    Attributes:
        shown: the text that it stands for; the token's own bytes where it shares a character with
            its neighbour. Control characters are replaced by pictures.
        start, end: the span in the text, in characters.
        id, token: None for text that is in no token.
        unknown: whether it is the unknown token.
    """

    shown: str
    start: int
    end: int
    id: int | None = None
    token: str | None = None
    unknown: bool = False


def segments(tokenizer: Tokenizer, text: str) -> list[Segment]:
    """Return `text` as the tokens that it becomes, and the text between them that is lost.

    Raises: as `Tokenizer.encode_with_offsets`.
    Example:
        >>> from toktools import train_word
        >>> [(s.shown, s.id) for s in segments(train_word(["a b"], min_count=1), "b c")]
        [('b', 4), (' ', None), ('c', 2)]
    """
    return list(_segments(tokenizer, text))


def visible(text: str) -> str:
    """Return `text` with pictures for control characters and the like.

    Example:
        >>> visible("a\\tb\\x1b")
        'a⇥b␛'
    """
    return text.translate(_PICTURES)


def _segments(tokenizer: Tokenizer, text: str) -> Iterator[Segment]:
    ids, spans = tokenizer.encode_with_offsets(text)
    position = 0
    for i, (id, (start, end)) in enumerate(zip(ids, spans, strict=True)):
        if start > position:
            yield Segment(visible(text[position:start]), position, start)
        shares = start < position or (i + 1 < len(ids) and spans[i + 1][0] < end)
        shown = added_text(tokenizer, id) if shares else ""
        yield Segment(
            visible(shown or text[start:end]),
            start,
            end,
            id,
            tokenizer.id_to_token(id),
            id == tokenizer.unk_id,
        )
        position = max(position, end)
    if position < len(text):
        yield Segment(visible(text[position:]), position, len(text))


def added_text(tokenizer: Tokenizer, id: int) -> str:
    """Return what a token adds in the middle of a text; bytes that are no character as `<E9>`.

    A special token adds nothing.

    Example:
        >>> from toktools import ByteTokenizer
        >>> [added_text(ByteTokenizer(), id) for id in ByteTokenizer().encode("é")]
        ['<C3>', '<A9>']
    """
    text = tokenizer.token_bytes[id].decode("utf-8", "surrogateescape")
    return "".join(f"<{ord(c) - 0xDC00:02X}>" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)
