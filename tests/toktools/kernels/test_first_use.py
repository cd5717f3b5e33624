"""The first use on a machine is said in one line, later ones are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
from toktools.kernels.first_use import say_if_new
from toktools.kernels.string_hashes import add_known
import numpy as np

for _ in range(2):
    say_if_new(add_known)
add_known(np.zeros(4, np.uint64), np.uint64(1))
say_if_new(add_known)
"""


def told(cache: Path) -> list[str]:
    """Return what a process says on standard error that uses a loop, its cache in that folder."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


def test_a_loop_is_said_to_be_compiled_once(tmp_path: Path):
    first, second = told(tmp_path), told(tmp_path)
    assert len(first) == 1
    assert first[0].startswith("toktools: compiling its loops for this machine")
    assert second == []
