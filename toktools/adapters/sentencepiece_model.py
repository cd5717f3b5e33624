"""What a SentencePiece model says of its normalizer, which the library keeps to itself.

A model file is a protocol buffer: fields one after another, each a varint tag (field number << 3 |
wire type) and a value. Only the few fields named below are read; that needs no protobuf library.

Source: sentencepiece_model.proto (ModelProto, TrainerSpec, NormalizerSpec);
protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from toktools.errors import ToktoolsError

_TRAINER_SPEC, _NORMALIZER_SPEC = 2, 3
_WHITESPACE_AS_SUFFIX, _BYTE_FALLBACK = 24, 35  # of TrainerSpec
_NAME, _CHARSMAP, _DUMMY_PREFIX, _REMOVE_SPACES = 1, 2, 3, 4  # of NormalizerSpec


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """How a model rewrites text; the defaults are those of the format.

    Attributes:
        normalization: the name of the rule. rewrites: whether it has one that changes characters.
        add_dummy_prefix: a space is put before the text. remove_extra_whitespaces: runs of spaces
        become one, those at the ends none. whitespace_as_suffix: words end with their space.
        byte_fallback: characters outside the vocabulary are spelled in bytes.
    """

    normalization: str = ""
    rewrites: bool = False
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True
    whitespace_as_suffix: bool = False
    byte_fallback: bool = False


def model_settings(model: bytes) -> ModelSettings:
    """Read the settings from a serialized model; ToktoolsError if it is none.

    Example:
        >>> model_settings(bytes([0x1A, 2, 0x18, 0])).add_dummy_prefix
        False
    """
    try:
        parts = {number: value for number, value in _fields(model) if isinstance(value, bytes)}
        trainer = dict(_fields(parts.get(_TRAINER_SPEC, b"")))
        normalizer = dict(_fields(parts.get(_NORMALIZER_SPEC, b"")))
        return ModelSettings(
            normalization=cast("bytes", normalizer.get(_NAME, b"")).decode(),
            rewrites=bool(normalizer.get(_CHARSMAP)),
            add_dummy_prefix=bool(normalizer.get(_DUMMY_PREFIX, True)),
            remove_extra_whitespaces=bool(normalizer.get(_REMOVE_SPACES, True)),
            whitespace_as_suffix=bool(trainer.get(_WHITESPACE_AS_SUFFIX, False)),
            byte_fallback=bool(trainer.get(_BYTE_FALLBACK, False)),
        )
    except (IndexError, AttributeError, UnicodeDecodeError) as e:
        raise ToktoolsError("is not a SentencePiece model") from e


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of one message; IndexError if it ends early."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire_type == 2:
            length, position = _varint(data, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise IndexError(f"wire type {wire_type}")
        if position + length > len(data):
            raise IndexError("a field runs past the end")
        yield number, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the number at `position`, 7 bits a byte, lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
