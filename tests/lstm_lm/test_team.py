"""Loops on torch's threads: every part once, on whichever threads there are."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np
import pytest

from lstm_lm import team
from lstm_lm.team import done, edge, in_parts, n_parts, own_rows, seat, take
from toktools.kernels.kernel import kernel


@kernel
def _counted(turns, times, seats):
    own, part = seat(turns), take(turns)
    while part >= 0:
        times[part] += 1
        seats[part] = own
        done(turns)
        part = take(turns)


@kernel
def _failing(turns, divisors, out):
    part = take(turns)
    while part >= 0:
        out[part] = 12 // divisors[part]
        done(turns)
        part = take(turns)


@kernel
def _edges(turns, n, out):
    part = take(turns)
    while part >= 0:
        for i in range(edge(part, turns, n), edge(part + 1, turns, n)):
            out[i] += 1
        done(turns)
        part = take(turns)


@pytest.fixture(params=["torch's", "our own"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Whose threads run the loops."""
    team._team.cache_clear()
    if request.param == "our own":
        monkeypatch.setattr(ctypes, "CDLL", lambda *args: object())
    yield request.param
    team._team.cache_clear()


@pytest.mark.parametrize("number", [1, 2, 5, 300])
def test_every_part_is_done_once(number: int, n_threads: int, threads: str):
    times, seats = np.zeros(number, np.int64), np.full(number, -1)
    for _ in range(50):
        in_parts(_counted, number, times, seats)
        assert seats.min() >= 0
        assert seats.max() < n_parts(number) <= min(n_threads, number)
    assert times.tolist() == [50] * number


def test_a_part_that_fails_is_told(n_threads: int, threads: str):
    out = np.zeros(4, np.int64)
    with pytest.raises(RuntimeError, match=r"the compiled loop .*_failing stopped"):
        in_parts(_failing, 4, np.array([3, 0, 2, 1]), out)
    in_parts(_failing, 4, np.array([3, 4, 2, 1]), out)
    assert out.tolist() == [4, 3, 6, 12]


@pytest.mark.parametrize("n", [0, 1, 7, 100])
def test_parts_lie_side_by_side(n: int):
    found = np.zeros(n)
    in_parts(_edges, 7, n, found)
    assert (found == 1).all()


def test_rows_of_parts_share_no_line_of_memory():
    rows = own_rows(3, 10)
    assert rows.shape[1] >= 10
    assert not rows.any()
    assert (rows.shape[1] - 10) * rows.itemsize >= 64


def test_loops_take_what_a_call_takes():
    with pytest.raises(TypeError, match="arrays in C order"):
        in_parts(_counted, 2, np.zeros((4, 4), np.int64)[:, 0], np.zeros(4))
