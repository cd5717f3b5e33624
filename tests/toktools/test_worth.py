"""From how much work on the compiled loops do it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from toktools.compiled import worth
from toktools.compiled.worth import Least


@pytest.mark.parametrize(
    ("loaded", "kept", "from_where_on"),
    [(True, True, 10), (True, False, 10), (False, True, 20), (False, False, 30)],
)
def test_less_work_is_enough_the_less_there_is_to_do_before(
    loaded: bool, kept: bool, from_where_on: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worth, "_is_loaded", lambda _: loaded)
    monkeypatch.setattr(worth, "_is_kept", lambda _: kept)
    enough = [Least(10, 20, 30).is_met(n, "counting:count_pieces") for n in range(40)]
    assert enough == [n >= from_where_on for n in range(40)]


def test_little_work_and_very_much_load_nothing_to_decide():
    script = (
        "import sys; from toktools.compiled.worth import Least\n"
        "least = Least(10, 20, 30)\n"
        "print([least.is_met(n, 'counting:count_pieces') for n in (9, 19, 30)])\n"
        "sys.exit(any(name in sys.modules for name in ('llvmlite', 'numba', 'numpy')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == "[False, False, True]"


def test_a_loop_that_has_run_is_loaded():
    import numpy as np

    from toktools.kernels.string_hashes import add_known

    add_known(np.zeros(4, np.uint64), np.uint64(1))
    assert Least(0, 1 << 60, 1 << 60).is_met(1, "string_hashes:add_known")
