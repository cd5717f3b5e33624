"""An array that ids are written to, and that is written to again once they have been taken away.

Memory that is fresh from the system is filled with zeros first, which takes longer than copying
from memory that was used before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FIRST = 1 << 18


class IdRoom:
    """Room for ids that grows. Attributes: ids: uint32.

    Example:
        >>> room = IdRoom()
        >>> room.ids[:2] = 7, 8
        >>> room.reserve(2, 1_000_000)
        >>> room.ids[:2].tolist(), len(room.ids) >= 1_000_002
        ([7, 8], True)
    """

    def __init__(self) -> None:
        self.ids: NDArray[np.uint32] = np.empty(_FIRST, np.uint32)

    def reserve(self, used: int, n: int) -> None:
        """Have room for n ids behind the first `used`, which stay."""
        if used + n > len(self.ids):
            larger = np.empty(2 * (used + n), np.uint32)
            larger[:used] = self.ids[:used]
            self.ids = larger
