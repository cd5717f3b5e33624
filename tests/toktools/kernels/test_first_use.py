"""Loops are compiled on the first use on a machine, which one line says, and loaded later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
import numpy as np
from toktools.kernels.string_hashes import add_known

print(add_known.is_kept())
known = np.zeros(4, np.uint64)
add_known(known, np.uint64(1))
add_known(known, np.uint64(2))
print(add_known.is_kept(), known.tolist(), "numba" in sys.modules)
"""


def told(cache: Path) -> tuple[list[str], list[str]]:
    """Return what a process says that uses a loop, its cache in that folder: errors, output."""
    environment = {**os.environ, "TOKTOOLS_LOOPS": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines(), done.stdout.splitlines()


def test_a_loop_is_compiled_once_and_later_processes_load_no_numba(tmp_path: Path):
    first, second = told(tmp_path), told(tmp_path)
    assert len(first[0]) == 1
    assert first[0][0].startswith("toktools: compiling its loops for this machine")
    assert first[1] == ["False", "True [1, 2, 0, 0] True"]
    assert second == ([], ["True", "True [1, 2, 0, 0] False"])


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"no JSON", b'{"n_bytes": 9}\n123'])
def test_a_damaged_file_is_written_anew(tmp_path: Path, damage: bytes):
    told(tmp_path)
    (kept,) = tmp_path.rglob("*.loop")
    whole = kept.read_bytes()
    kept.write_bytes(damage)
    assert told(tmp_path)[1][1] == "True [1, 2, 0, 0] True"
    assert len(kept.read_bytes()) == len(whole)


def test_a_folder_that_cannot_be_written_to_costs_the_time_and_nothing_else(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for _ in range(2):
        errors, output = told(tmp_path / "file")
        assert len(errors) == 1
        assert output == ["False", "False [1, 2, 0, 0] True"]


OTHERS = """
from concurrent.futures import ThreadPoolExecutor
import numba
import numpy as np
from toktools.kernels.kernel import kernel

@kernel
def ours(a, b):
    return min(a, b)

@numba.njit
def theirs(a, b):
    return min(a, b)

@numba.njit
def theirs_too(a, b):
    return np.sort(a), min(len(a), b)

with ThreadPoolExecutor(2) as pool:
    calls = [pool.submit(f, 3, 5) for f in (ours, theirs)]
    print([call.result() for call in calls])
a = np.array([2, 1])
print(theirs_too(a, 5), ours(4, 5), theirs(2.5, 1.5))
"""


def test_what_others_compile_beside_and_after_is_as_ever(tmp_path: Path):
    environment = {**os.environ, "TOKTOOLS_LOOPS": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", OTHERS], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[3, 3]", "(array([1, 2]), 2) 4 1.5"]
