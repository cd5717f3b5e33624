"""The decorators of every compiled loop here, and the call of its machine code.

A loop is written in Python. The first time on a machine that it is called with arguments of some
kinds, numba compiles it for them (`compiling.py`); its machine code is kept on disk
(`machine_code.py`). From then on a process reads that and calls it, with no numba, which would take
half a second to load and 80 MB.

What is called takes the address of a row of 64-bit slots, one for each argument: for an array, the
address of its object; for a number, its bits. What it returns it writes over the first slots.
"""

from __future__ import annotations

import ctypes
import functools
import struct
from array import array
from collections.abc import Callable
from threading import RLock
from typing import Any

import numpy as np

from toktools.kernels import machine_code
from toktools.kernels.machine_code import Code, Kinds

_HALF, _WHOLE = 1 << 63, 1 << 64
_lock = RLock()

Team = Callable[[int, int], None]
"""Calls the function at an address, with another address as its argument, on several threads."""


class Loop:
    """A function of arrays in C order and of numbers that runs as machine code, without the GIL.

    Another loop that calls it makes it part of its own machine code. Nothing keeps it from writing
    where it must not: behind the end of an array, or to one that is for reading alone.

    Args: function: what runs; options: numba's for it.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, function)
        self.function, self.options = function, options
        self.name = f"{function.__module__}.{function.__qualname__}"
        self._calls: dict[Kinds, _Native] = {}

    def __call__(self, *args: Any) -> Any:
        """Run the machine code.

        Raises: TypeError at an argument that is neither array nor number, or whose elements do not
                stand side by side; RuntimeError at what Python would raise.
        """
        native, slots = self._given(args)
        return native(slots)

    def on(self, team: Team, *args: Any) -> None:
        """Let every thread of a team run the machine code, all with the same arguments at once.

        What each of them does is settled between them, in an array. What one returns, and whether
        it raised, nobody learns.

        Raises: TypeError as a call does.
        """
        native, slots = self._given(args)
        native.on(team, slots)

    def _given(self, args: tuple[Any, ...]) -> tuple[_Native, list[int]]:
        """Return the machine code for arguments, and the slots that hold them."""
        kinds: list[Any] = []
        slots: list[int] = []
        for arg in args:
            if isinstance(arg, np.ndarray):
                if not arg.flags.c_contiguous:
                    raise TypeError(f"{self.name} takes arrays in C order alone")
                kinds.append((arg.dtype, arg.ndim))
                slots.append(id(arg))
            else:
                kinds.append(type(arg))
                slots.append(arg if type(arg) is int else _bits(arg))
        return self._calls.get(tuple(kinds)) or self._prepare(tuple(kinds)), slots

    @property
    def is_loaded(self) -> bool:
        """Whether it has been called from Python in this process."""
        return bool(self._calls)

    def is_kept(self) -> bool:
        """Whether its machine code, for some arguments, is on disk and up to date."""
        return machine_code.is_kept(self)

    def _prepare(self, kinds: Kinds) -> _Native:
        with _lock:
            if kinds not in self._calls:
                code = machine_code.read(self, kinds)
                if code is None:
                    from toktools.kernels.compiling import compile_loop

                    code = compile_loop(self, kinds)
                    machine_code.keep(self, kinds, code)
                self._calls[kinds] = _Native(self.name, code)
            return self._calls[kinds]


def _bits(number: Any) -> int:
    """Return the 64 bits that stand for a number that is no int, as an int64."""
    if isinstance(number, (float, np.floating)):
        return struct.unpack("=q", struct.pack("=d", number))[0]
    if isinstance(number, (int, np.integer, np.bool_)):
        whole = int(number)
        return whole if whole < _HALF else whole - _WHOLE
    raise TypeError(f"a loop takes arrays and numbers, not {type(number).__name__}")


class _Native:
    """Machine code that is called with a list of slots; the name is that of its loop."""

    def __init__(self, name: str, code: Code) -> None:
        self._name, self._is_tuple, self._address = name, code.is_tuple, machine_code.load(code)
        self._call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(self._address)
        self._layout = struct.Struct(f"={code.returns}")
        self._padding = [0] * (self._layout.size // 8)  # at least as many slots as are returned

    def __call__(self, slots: list[int]) -> Any:
        row = array("q", slots + self._padding)
        if self._call(row.buffer_info()[0]):
            raise RuntimeError(
                f"the compiled loop {self._name} stopped: an error in it, or in its use"
            )
        returned = self._layout.unpack_from(row)
        return returned if self._is_tuple else returned[0] if returned else None

    def on(self, team: Team, slots: list[int]) -> None:
        row = array("q", slots + self._padding)
        team(self._address, row.buffer_info()[0])


class Intrinsic:
    """A function for loops whose machine code is written down, instruction by instruction.

    The function that it is made of takes the module `llvm.py` and the types of its arguments, and
    returns numba's signature and a function of (context, builder, signature, values) that writes
    the instructions and returns the result.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: Any) -> Any:
        raise TypeError(f"{self.function.__name__} can be called in compiled loops alone")


def compiled(**options: Any) -> Any:
    """Return a decorator that makes a function a Loop, with these options of numba's.

    Example:
        >>> @compiled()
        ... def total(numbers):
        ...     found = 0
        ...     for i in range(len(numbers)):
        ...         found += numbers[i]
        ...     return found
        >>> total(np.arange(5))
        10
    """
    return functools.partial(Loop, **options)


kernel: Any = compiled()
inlined: Any = compiled(forceinline=True)
"""The second is for a small function that must become part of the loop that calls it."""
intrinsic: Any = Intrinsic
