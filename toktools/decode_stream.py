"""Decoding ids one at a time, as a language model gives them."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toktools.tokenizer import Tokenizer


class DecodeStream:
    """Decodes ids as they come, holding back the bytes of an unfinished character.

    Example:
        >>> from toktools import ByteTokenizer
        >>> stream = ByteTokenizer().decode_stream()
        >>> [stream.feed(id) for id in ByteTokenizer().encode("é!")], stream.finish()
        (['', 'é', '!'], '')
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._first = True

    def feed(self, id: int) -> str:
        """Take one id and return the text that is now certain; may be empty."""
        vocabulary = self._tokenizer.vocabulary
        token = vocabulary.token(int(id))
        if id in vocabulary.special_ids and id != vocabulary.unk_id:
            return self._decoder.decode(b"", final=True)
        surface = self._tokenizer.surface(token, self._first)
        self._first = False
        return self._decoder.decode(surface)

    def finish(self) -> str:
        """Return what is left: U+FFFD for an unfinished character, or nothing."""
        return self._decoder.decode(b"", final=True)
