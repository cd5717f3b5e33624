"""GPT-2's printable alphabet: one visible character for each of the 256 bytes.

Byte-level tokenizers keep their tokens in text files, so each byte is written as a character that
can be printed: itself where it can (Latin-1's visible characters), else U+0100 onwards in order.
The space becomes "Ġ" (U+0120), the newline "Ċ" (U+010A).

Source: Radford et al. 2019, the released GPT-2 code (`bytes_to_unicode`).
"""

_VISIBLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_HIDDEN = [byte for byte in range(256) if byte not in set(_VISIBLE)]

BYTE_TO_CHARACTER: dict[int, str] = {byte: chr(byte) for byte in _VISIBLE} | {
    byte: chr(0x100 + i) for i, byte in enumerate(_HIDDEN)
}
CHARACTER_TO_BYTE = {character: byte for byte, character in BYTE_TO_CHARACTER.items()}
_TO_LATIN_1 = {ord(character): byte for character, byte in CHARACTER_TO_BYTE.items()} | {
    code: 0x100 for code in range(256) if chr(code) not in CHARACTER_TO_BYTE
}
"""Each byte as the character of Latin-1 that it is; what is outside the alphabet as one of none."""
ALPHABET = sorted(CHARACTER_TO_BYTE)
"""The 256 characters by code point: the order of the first ids of a byte-level vocabulary."""


def spell(data: bytes) -> str:
    """Write bytes in the printable alphabet.

    Example:
        >>> spell(" naïve\\n".encode())
        'ĠnaÃ¯veĊ'
    """
    return data.decode("latin-1").translate(BYTE_TO_CHARACTER)


def unspell(characters: str) -> bytes:
    """Read back what `spell` wrote; KeyError at a character outside the alphabet."""
    try:
        return characters.translate(_TO_LATIN_1).encode("latin-1")
    except UnicodeEncodeError:
        raise KeyError(next(c for c in characters if c not in CHARACTER_TO_BYTE)) from None


def byte_spans(piece: str, lengths: list[int]) -> list[tuple[int, int]]:
    """Return the characters of `piece` that tokens of these many bytes cover, cut ones included.

    Args:    piece: the text; lengths: bytes of each token, summing to the UTF-8 length of `piece`.
    Returns: (start, end) character positions of each token.
    Example:
        >>> byte_spans("aé", [2, 1])
        [(0, 2), (1, 2)]
    """
    owner = [i for i, character in enumerate(piece) for _ in character.encode()]
    spans, position = [], 0
    for length in lengths:
        spans.append((owner[position], owner[position + length - 1] + 1))
        position += length
    return spans
