"""One token a byte: 256 of them say everything, so nothing is trained and nothing is unknown."""

from __future__ import annotations

from typing import Any

from toktools.compiled.encoders import byte_encoder
from toktools.compiled.tokenizer import CompiledTokenizer, Encoder
from toktools.unicode.byte_alphabet import BYTE_TO_CHARACTER, byte_spans, unspell
from toktools.vocabulary import SpecialTokens, Vocabulary


class ByteTokenizer(CompiledTokenizer):
    """Encodes text as its UTF-8 bytes: the id of byte b is b plus the number of special tokens.

    Args: special_tokens: PAD and EOS by default; there is never an ANY.
    Example:
        >>> tokenizer = ByteTokenizer(special_tokens=SpecialTokens.none())
        >>> tokenizer.encode("é"), tokenizer.decode([195, 169])
        ([195, 169], 'é')
    """

    kind = "byte"
    compiled_loop = "table_encoding:encode_by_table"

    def __init__(
        self,
        *,
        special_tokens: SpecialTokens | None = None,
        training: dict[str, Any] | None = None,
    ) -> None:
        special = (special_tokens or SpecialTokens()).without_any()
        tokens = [*special, *(BYTE_TO_CHARACTER[byte] for byte in range(256))]
        super().__init__(Vocabulary(tokens, special), training=training)
        self._first_id = len(tokens) - 256

    def encode_piece(self, piece: str) -> list[int]:
        return [byte + self._first_id for byte in piece.encode()]

    def compiled_encoder(self) -> Encoder | None:
        return byte_encoder(self)

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        return byte_spans(piece, [1] * len(ids))

    def surface(self, token: str, first: bool) -> bytes:
        return unspell(token)

    @property
    def lossless(self) -> bool | str:
        return True


def train_byte(
    corpus: object = None, *, special_tokens: SpecialTokens | None = None
) -> ByteTokenizer:
    """Return the byte tokenizer; there is nothing to learn from `corpus`."""
    return ByteTokenizer(special_tokens=special_tokens)
