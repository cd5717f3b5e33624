"""Which ids the compiled loops decode, and how they get there.

They give the bytes of the readable code; the tests hold them to it. Few ids stay with it, which
answers before the loops are loaded, and so do iterators, whose ids come one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import TYPE_CHECKING, Any

from toktools.compiled.worth import Least

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toktools.contract.decoding import IdsToText
    from toktools.kernels.decoder import Decoder

LEAST, LEAST_AGAIN = Least(loaded=50_000, kept=200_000, new=1_000_000), 1_000
"""From how many ids on the loops decode, and once they have decoded with a tokenizer."""


def decoded(tokenizer: IdsToText, ids: Iterable[int], keep_special: bool) -> bytes | None:
    """Return the bytes that ids stand for, None if that is left to the readable code.

    Raises: as `decode_bytes`.
    """
    if not isinstance(ids, list | tuple) and not hasattr(ids, "dtype"):
        return None
    assert isinstance(ids, Sized)
    if not tokenizer.decodes_by_table or not is_much(tokenizer, len(ids)):
        return None
    array = as_array(ids)
    return None if array is None else decoder_of(tokenizer, keep_special).decode(array)


def is_much(tokenizer: IdsToText, n_ids: int) -> bool:
    """Whether so many ids are worth the loops."""
    if "_decoders" in vars(tokenizer):
        return n_ids >= LEAST_AGAIN
    return LEAST.is_met(n_ids, "decoding:decode_documents")


def decoder_of(tokenizer: IdsToText, keep_special: bool) -> Decoder:
    """Return the compiled decoder of a tokenizer that `decodes_by_table`; made once."""
    from toktools.kernels.decoder import Decoder

    made: dict[bool, Decoder] = vars(tokenizer).setdefault("_decoders", {})
    if keep_special not in made:
        made[keep_special] = Decoder(tokenizer, keep_special=keep_special)
    return made[keep_special]


def as_array(ids: Any) -> NDArray[Any] | None:
    """Return ids as one row of whole numbers, None if they are none that fit."""
    import numpy as np

    try:
        array = np.ascontiguousarray(ids)
    except (ValueError, OverflowError):
        return None
    fits = np.ndim(ids) == 1 and array.dtype.kind in "iu" and array.dtype.isnative
    return array if fits and array.dtype != np.uint64 else None
