"""Large arrays straight from the system: zeros, apart from each other, given back when dropped."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from toktools.kernels.memory import bytes_filled, longer, zeros
from toktools.training.memory import resident_bytes


@pytest.mark.parametrize("n", [0, 1, 65_535, 65_536, 1_000_003])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_arrays_of_any_size_are_zeros_that_can_be_written(n: int, dtype: type):
    a, b = zeros(n, dtype), zeros(n, dtype)
    assert a.shape == (n,)
    assert a.dtype == dtype
    assert not a.any()
    a[:] = 1
    assert a.all()
    assert not b.any()


def test_large_ones_begin_where_a_page_does():
    assert zeros(1_000_000, np.int64).ctypes.data % (1 << 21) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_not_touched_takes_no_memory_and_what_is_dropped_goes_back():
    before = resident_bytes()
    array = zeros(200_000_000, np.uint8)
    assert resident_bytes() - before < 20_000_000
    array[:100_000_000] = 1
    assert resident_bytes() - before > 90_000_000
    del array
    assert resident_bytes() - before < 20_000_000


def test_too_much_is_a_memory_error():
    with pytest.raises(MemoryError):
        zeros(1 << 57, np.uint64)


@pytest.mark.parametrize("n", [0, 1, 2, 524_287, 524_288, 5_000_001])
def test_bytes_hold_what_was_written_and_are_nobody_elses(n: int):
    numbers = np.arange(n, dtype=np.uint8)

    def fill(array: np.ndarray) -> None:
        assert array.shape == (n,)
        array[:] = numbers

    made, other = bytes_filled(n, fill), bytes_filled(n, lambda array: array.fill(7))
    assert made == numbers.tobytes()
    assert other == b"\7" * n
    assert bytes(1) == b"\0", "a shared object was written to"
    assert hash(made) == hash(numbers.tobytes())


@pytest.mark.parametrize("shape", [(3,), (200_000,), (3, 2), (100_000, 3)])
def test_a_longer_array_begins_as_the_one_before_and_goes_on_with_zeros(shape: tuple[int, ...]):
    array = np.arange(np.prod(shape)).reshape(shape)
    more = longer(array, 2 * len(array))
    assert more.shape == (2 * len(array), *shape[1:])
    assert (more[: len(array)] == array).all()
    assert not more[len(array) :].any()
    assert longer(array, len(array)) is array
