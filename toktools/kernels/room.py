"""An array that is written to, and written to again once what stood in it has been taken away.

Memory that is fresh from the system is filled with zeros first, which takes longer than to copy
what is to stand there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from toktools.kernels.memory import zeros

BYTES_AN_ID = 4
"""Of text, about: what is reserved for ids at once, so that the array need not grow often."""


class Room:
    """An array that grows.

    Args:       dtype: of its elements.
    Attributes: array: (n,), n at least what was reserved.
    Example:
        >>> room = Room(np.uint8)
        >>> room.array[:2] = 7, 8
        >>> room.reserve(2, 1_000_000)
        >>> room.array[:2].tolist(), len(room.array) >= 1_000_002
        ([7, 8], True)
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.array: NDArray[Any] = np.empty(1 << 12, dtype)

    def reserve(self, used: int, n: int) -> None:
        """Have room for n elements behind the first `used`, which stay."""
        if used + n > len(self.array):
            larger = zeros(2 * (used + n), self.array.dtype)
            larger[:used] = self.array[:used]
            self.array = larger
