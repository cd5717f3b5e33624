"""Compiled cuts: where pieces begin, for the pretokenizers that can be known 64 bytes at a time.

In reading order: `blocks.py` (masks, and what a cut function is given and returns), `gpt2.py`, then
`cl100k.py` (with `white_space.py`, `numbers.py` and `contractions.py`), `o200k.py`, and for simple
cuts `class_runs.py`, `class_tables.py` and `white_space_words.py`. `cut_of` gives the one that
equals a pretokenizer. Each is compiled on its own, when it is first called.

Importing this loads no numba; `cut_of` does.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.pretokenizers import (
    Cl100kSplit,
    Gpt2Split,
    Llama3Split,
    O200kSplit,
    Pretokenizer,
    Qwen2Split,
    WhitespaceSplit,
)

_GPT: dict[type, tuple[str, str]] = {
    Gpt2Split: ("gpt2", "gpt2_starts"),
    Cl100kSplit: ("cl100k", "cl100k_starts"),
    Llama3Split: ("cl100k", "llama3_starts"),
    Qwen2Split: ("cl100k", "qwen2_starts"),
    O200kSplit: ("o200k", "o200k_starts"),
}
"""The module and the function of each cut of a published model."""


class Cut(NamedTuple):
    """A compiled cut.

    Args:
        starts: the function, `starts(text, n, lines, classes, starts) -> count`; see `blocks.py`.
        classes: what it knows of each code point, uint8 (0x110000,).
        drops: whether it may drop text: then some positions are negative.
    """

    starts: Any
    classes: NDArray[np.uint8]
    drops: bool = False


def knows_cut(pretokenizer: Pretokenizer) -> bool:
    """Whether there is a compiled cut that equals this one; loads no numba.

    Example:
        >>> from toktools.pretokenizers import RegexSplit, WhitespaceSplit
        >>> knows_cut(Gpt2Split()), knows_cut(WhitespaceSplit()), knows_cut(RegexSplit("a"))
        (True, True, False)
    """
    if type(pretokenizer) in _GPT:
        return True
    from toktools.kernels.cuts.class_tables import table_of

    return table_of(pretokenizer) is not None


def cut_of(pretokenizer: Pretokenizer) -> Cut | None:
    """Return the compiled cut that equals a pretokenizer, None if there is none.

    Example:
        >>> from toktools.kernels.cuts.blocks import END, PADDING
        >>> text = np.frombuffer(b"it's" + bytes([END]) * PADDING, np.uint8)
        >>> starts = np.empty(4, np.int64)
        >>> cut = cut_of(Gpt2Split())
        >>> starts[: cut.starts(text, 4, False, cut.classes, starts)].tolist()
        [0, 2]
    """
    if type(pretokenizer) in _GPT:
        from toktools.kernels.character_classes import gpt_classes

        module, name = _GPT[type(pretokenizer)]
        function = getattr(import_module(f"toktools.kernels.cuts.{module}"), name)
        return Cut(function, gpt_classes())
    from toktools.kernels.cuts.class_tables import DROPPED, table_of

    table = table_of(pretokenizer)
    if table is None:
        return None
    if type(pretokenizer) is WhitespaceSplit:
        from toktools.kernels.cuts.white_space_words import white_space_word_starts

        return Cut(white_space_word_starts, table, drops=True)
    from toktools.kernels.cuts.class_runs import class_run_starts

    return Cut(class_run_starts, table, bool((table & DROPPED).any()))
