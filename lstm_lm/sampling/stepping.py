"""What sampling asks of a network: read a stretch of text, or one token, and give the next logits.

The state is carried, never computed again. It is in NumPy for every backend.
Legend: T time steps, B texts side by side, V vocabulary, L layers, H hidden units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Logits = NDArray[Any]
"""(B, V), float32 or float64."""
State = tuple[NDArray[Any], ...]
"""What is known of B texts: arrays (L, B, H)."""
_STEPS = 256  # of a prompt read at once: bounds the memory that a long one takes


class Stepper(Protocol):
    """A network that reads texts from left to right. Its weights must not change meanwhile."""

    n_vocab: int

    def init_state(self, n_rows: int) -> State:
        """Return the state before any text."""
        ...

    def read(self, ids_TB: Ids, state: State) -> tuple[Logits, State]:
        """Read T tokens of each text; return the logits of what follows the last, and the state."""
        ...

    def step(self, ids_B: Ids, state: State) -> tuple[Logits, State]:
        """Read one token of each text; otherwise like `read`."""
        ...


def select(state: State, rows: NDArray[Any]) -> State:
    """Return the state of some of the texts: those that `rows` indexes or marks."""
    return tuple(s_LBH[:, rows] for s_LBH in state)


def read_texts(stepper: Stepper, texts: Sequence[Sequence[int]]) -> tuple[Logits, State]:
    """Read whole texts from a zero state; return what follows each, (B, V), and the state.

    Texts of one length are read side by side, so none is padded. None may be empty.
    """
    lengths: dict[int, list[int]] = {}
    for b, ids in enumerate(texts):
        lengths.setdefault(len(ids), []).append(b)
    parts = [_read_equal(stepper, [texts[b] for b in rows]) for rows in lengths.values()]
    order = np.argsort([b for rows in lengths.values() for b in rows])
    states = zip(*(state for _, state in parts), strict=True)
    state = tuple(np.concatenate(of_texts, axis=1) for of_texts in states)
    return np.concatenate([logits for logits, _ in parts])[order], select(state, order)


def _read_equal(stepper: Stepper, texts: list[Sequence[int]]) -> tuple[Logits, State]:
    """Read texts of one length."""
    ids_TB = np.ascontiguousarray(np.array(texts, dtype=np.int64).T)
    logits_BV, state = np.empty(0), stepper.init_state(len(texts))
    for t in range(0, len(ids_TB), _STEPS):
        logits_BV, state = stepper.read(ids_TB[t : t + _STEPS], state)
    return logits_BV, state
