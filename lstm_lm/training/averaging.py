"""The average of a model's weights, kept beside them: what is validated and kept in their place.

Training always goes on from the newest weights. With w_0 the weights when averaging begins and w_n
those after n more updates, the average a is moved each time by

    a += max(1 / (n + 1), 1 - decay) (w_n - a)

So with a decay of 1 it is the mean of w_0, ..., w_n; with one below it is that mean until n nears
1 / (1 - decay), and from then on older weights fade: the first ones, which are noise, have no
weight of their own. When to begin is `lstm_lm.training.schedules.averaging_is_due`'s matter.

Source: Polyak and Juditsky 1992, for averaging; NT-ASGD: Merity et al. 2018, arXiv:1708.02182,
        algorithm 1; over the last share of a training: Izmailov et al. 2018, arXiv:1803.05407.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """An average that is empty until `begin`.

    Args: parameters: what is averaged. decay: in (0, 1]; see the head of this file.
    Example:
        >>> w = nn.Parameter(torch.tensor([4.0]))
        >>> average = WeightAverage([w])
        >>> average.begin()
        >>> _ = w.data.fill_(2.0)
        >>> average.update()
        >>> with average.in_place():
        ...     w.item()
        3.0
        >>> w.item()
        2.0
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, decay: float = 1.0) -> None:
        self._weights, self._decay = list(parameters), decay
        self._averages: list[Tensor] = []
        self._n = 0

    @property
    def has_begun(self) -> bool:
        """Whether there is an average."""
        return self._n > 0

    def begin(self) -> None:
        """Begin with the weights as they are now; a second call changes nothing."""
        if not self.has_begun:
            self._averages, self._n = [w.detach().clone() for w in self._weights], 1

    @torch.no_grad()
    def update(self) -> None:
        """Take the newest weights into the average, if it has begun."""
        if not self.has_begun:
            return
        self._n += 1
        share = max(1 / self._n, 1 - self._decay)
        for average, w in zip(self._averages, self._weights, strict=True):
            average.lerp_(w, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average in the place of the weights meanwhile, if it has begun."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for w, average in zip(self._weights, self._averages, strict=self.has_begun):
            newest = w.clone()
            w.copy_(average)
            average.copy_(newest)

    def tensors(self) -> dict[str, Tensor]:
        """Return all that is remembered, for a checkpoint; nothing before it has begun."""
        if not self.has_begun:
            return {}
        return {"n": torch.tensor(self._n)} | {str(i): a for i, a in enumerate(self._averages)}

    def set_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back what `tensors` returned."""
        if tensors:
            self._n = int(tensors["n"])
            self._averages = [
                tensors[str(i)].to(w.device, copy=True) for i, w in enumerate(self._weights)
            ]
