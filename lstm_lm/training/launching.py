"""What torchrun tells each process of a training through the environment. Imports no torch.

Source: the PyTorch documentation, "torchrun (Elastic Launch)", section "Environment Variables".
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from toktools.errors import ToktoolsError


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which of how many processes this is; the default is a training in one process.

    Attributes:
        rank: 0, 1, ... of all; local_rank: of those on this machine. size: how many there are.
        launch: names the launch, the same after a restart; None without a launcher.
        process: names this process, another after a restart.
    """

    rank: int = 0
    local_rank: int = 0
    size: int = 1
    launch: str | None = None
    process: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes, and that speaks to the person."""
        return self.rank == 0

    def device(self, name: str) -> str:
        """Return the device that `name` is here: of several GPUs, each process has its own.

        Example:
            >>> Place(rank=3, local_rank=1, size=4).device("cuda"), Place().device("cuda")
            ('cuda:1', 'cuda')
        """
        return f"cuda:{self.local_rank}" if name == "cuda" and self.size > 1 else name

    def check_batch_size(self, batch_size: int) -> None:
        """Raise ToktoolsError if the rows of a batch cannot be divided evenly."""
        if batch_size % self.size:
            fits = batch_size - batch_size % self.size or self.size
            raise ToktoolsError(
                f"batch_size is the rows of all {self.size} processes together and must be a "
                f"multiple of {self.size}, got {batch_size}; give --batch-size {fits}"
            )


def place() -> Place:
    """Return the place that torchrun gave to this process."""
    values = os.environ
    if "WORLD_SIZE" not in values or "RANK" not in values:
        return Place()
    run_id = values.get("TORCHELASTIC_RUN_ID", "none")
    return Place(
        rank=int(values["RANK"]),
        local_rank=int(values.get("LOCAL_RANK", "0")),
        size=int(values["WORLD_SIZE"]),
        launch=f"launcher {os.getppid()}" if run_id == "none" else run_id,
        process=os.getpid(),
    )
