"""The state between the chunks of a stream, and how far gradients reach back over them.

Legend: T time steps, B rows, H what the head reads.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lstm_lm.model import LanguageModel, State, detach


class CarriedState:
    """The state carried along a stream, and the latest chunks that gradients still reach back into.

    With a reach of 1 the state is cut from the graph after every chunk. With a reach of k the k - 1
    chunks before are read again, with the weights of now, from the state at their start: an update
    after every chunk, gradients through k of them, k times the work.

    Source: Williams and Peng 1990, "An efficient gradient-based algorithm for on-line training of
            recurrent network trajectories", BPTT(h; h') with h = k h'.
    """

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self.state: State = ()
        self.earlier: list[Tensor] = []  # inputs read since `state`
        self.before: State = ()  # the state in which the latest chunk was read

    def read(self, model: LanguageModel, x_TB: Tensor, *, fresh: bool) -> Tensor:
        """Return what the head reads of a chunk (T, B, H), and remember the state after it."""
        if fresh:
            self.state, self.earlier = model.init_state(x_TB.shape[1]), []
        states = [self.state]
        for earlier_TB in self.earlier:
            states.append(model.read(earlier_TB, states[-1])[1])
        self.before = detach(states[-1])
        h_TBH, after = model.read(x_TB, states[-1])
        states.append(after)
        self.earlier.append(x_TB)
        n_forgotten = max(0, len(self.earlier) - self._reach + 1)
        self.state = detach(states[n_forgotten])
        del self.earlier[:n_forgotten]
        return h_TBH

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return all that is carried, for a checkpoint."""
        parts = {"state": self.state, "earlier": self.earlier}
        return {part: {str(i): t for i, t in enumerate(ts)} for part, ts in parts.items()}

    def set_tensors(self, tensors: Mapping[str, dict[str, Tensor]], device: torch.device) -> None:
        """Take back what `tensors` returned."""
        state, earlier = (tensors.get(part, {}) for part in ("state", "earlier"))
        self.state = tuple(state[str(i)].to(device) for i in range(len(state)))
        self.earlier = [earlier[str(i)].to(device) for i in range(len(earlier))]
