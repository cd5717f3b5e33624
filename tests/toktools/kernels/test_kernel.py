"""A loop called from Python gets what it is given, and gives back what it returns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toktools.kernels.fingerprint import fingerprint
from toktools.kernels.kernel import compiled, intrinsic, kernel
from toktools.kernels.vectors import load_word

FACTOR = 3
TABLE = np.array([5, 6, 7])


@kernel
def nothing():
    pass


@kernel
def numbers(flag, whole, wide, real, short):
    return flag, whole, wide, real, short


@kernel
def first_and_last(array):
    return array[0, 0], array[-1, -1], array.shape[0], array.shape[1]


@kernel
def write(array, value):
    for i in range(len(array)):
        array[i] = value


@kernel
def tripled(n):
    return FACTOR * n


@kernel
def table_of(n):
    return tripled(TABLE[n])


@kernel
def quotient(n, by):
    return n // by


@kernel
def first_of_all(array):
    return array.reshape(-1)[0]


@settings(deadline=None)  # the first call may have to compile
@given(
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(0, (1 << 64) - 1),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False, width=32),
)
def test_numbers_of_every_kind_come_back_as_they_were(flag, whole, wide, real, short):
    back = numbers(flag, whole, np.uint64(wide), real, np.float32(short))
    assert back == (flag, whole, wide, real, short)
    assert [type(x) for x in back] == [bool, int, int, float, float]


def test_small_numbers_keep_their_sign_and_their_size():
    back = numbers(np.bool_(True), np.int8(-5), np.uint8(250), 0.5, np.float32(0.25))
    assert back == (True, -5, 250, 0.5, 0.25)


def test_a_loop_that_returns_nothing_returns_none():
    assert nothing() is None
    assert write(np.zeros(2), 1.0) is None


@pytest.mark.parametrize("dtype", ["u1", "i4", "i8", "u8", "f4", "f8", "?"])
def test_arrays_are_handed_over_by_their_shape(dtype: str):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    assert first_and_last(array) == (array[0, 0], array[1, 2], 2, 3)
    assert first_and_last(array.reshape(3, 2)[1:]) == (array[0, 2], array[1, 2], 2, 2)


@pytest.mark.parametrize("dtype", ["u1", "i4", "i8", "f4"])
def test_what_is_written_stands_in_the_array(dtype: str):
    array = np.zeros(5, dtype)
    write(array[1:4], array.dtype.type(7))
    assert array.tolist() == [0, 7, 7, 7, 0]


def test_an_empty_array_is_one():
    write(np.zeros(0, np.int64), 1)


def test_loops_and_constants_become_part_of_the_loop_that_names_them():
    assert [table_of(n) for n in range(3)] == [15, 18, 21]


def test_an_array_whose_elements_stand_apart_is_refused():
    with pytest.raises(TypeError, match="write takes arrays in C order alone"):
        write(np.zeros(6, np.int64)[::2], 1)


@pytest.mark.parametrize("wrong", [None, "text", [1, 2]])
def test_what_is_neither_array_nor_number_is_refused(wrong: object):
    with pytest.raises(TypeError, match="a loop takes arrays and numbers, not"):
        write(wrong, 1)


def test_an_error_in_a_loop_is_one_outside():
    assert quotient(7, 2) == 3
    with pytest.raises(RuntimeError, match=r"the compiled loop .*quotient stopped"):
        quotient(7, 0)


def test_a_loop_that_needs_numba_where_it_runs_is_refused():
    with pytest.raises(TypeError, match=r"first_of_all calls numba_\w*reshape\w* of numba"):
        first_of_all(np.zeros((2, 3)))


def test_an_intrinsic_is_for_loops():
    with pytest.raises(TypeError, match="load_word can be called in compiled loops alone"):
        load_word(np.zeros(8, np.uint8), 0)


def test_threads_may_call_a_loop_at_once():
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: numbers(True, n, n, 0.5, n)[1], range(200))) == [*range(200)]


def adding(n: int, *, fast: bool = False):
    """Return a loop that depends on n, and on an option."""
    return compiled(fastmath=["contract"] if fast else [])(lambda x: x + n)


def test_a_fingerprint_tells_constants_options_and_code_apart():
    with_one = fingerprint(adding(1))
    assert fingerprint(adding(1)) == with_one
    assert fingerprint(adding(2)) != with_one
    assert fingerprint(adding(1, fast=True)) != with_one
    assert fingerprint(kernel(lambda x: x + 1)) != fingerprint(kernel(lambda x: x - 1))


def test_a_fingerprint_is_also_of_the_loops_and_tables_that_are_named(
    monkeypatch: pytest.MonkeyPatch,
):
    def named():
        return fingerprint(kernel(table_of.function))

    before = named()
    assert named() == before
    monkeypatch.setitem(globals(), "TABLE", np.array([5, 6, 8]))
    changed = named()
    monkeypatch.setitem(globals(), "tripled", kernel(lambda n: 3 * n))
    assert len({before, changed, named()}) == 3


def test_a_fingerprint_is_also_of_the_instructions_of_intrinsics():
    def adding_in_llvm(n: int):
        @intrinsic
        def add(llvm, x):
            def generate(context, builder, signature, args):
                return builder.add(args[0], llvm.ir.Constant(llvm.WORD, n))

            return llvm.types.int64(llvm.types.int64), generate

        return kernel(lambda x: add(x))

    assert adding_in_llvm(2)(40) == 42
    assert adding_in_llvm(3)(40) == 43
    assert fingerprint(adding_in_llvm(2)) == fingerprint(adding_in_llvm(2))
    assert fingerprint(adding_in_llvm(2)) != fingerprint(adding_in_llvm(3))


def test_a_fingerprint_is_also_of_the_classes_that_write_instructions():
    def adding_by_a_class(n: int):
        class Writer:
            @property
            def number(self):
                return n

            def __call__(self, context, builder, signature, args):
                return builder.add(args[0], args[0].type(self.number))

        @intrinsic
        def add(llvm, x):
            return llvm.types.int64(llvm.types.int64), Writer()

        return kernel(lambda x: add(x))

    assert adding_by_a_class(2)(40) == 42
    assert adding_by_a_class(3)(40) == 43
    assert fingerprint(adding_by_a_class(2)) == fingerprint(adding_by_a_class(2))
    assert fingerprint(adding_by_a_class(2)) != fingerprint(adding_by_a_class(3))
