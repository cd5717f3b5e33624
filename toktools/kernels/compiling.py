"""Loops to machine code by numba: imported where one is compiled, for numba is slow to load.

Source: numba 0.68, "Extending Numba": typeof_impl and intrinsic.
"""

from __future__ import annotations

import functools
import inspect
import logging
from typing import Any

import llvmlite.binding as llvm_binding
from numba import njit, typeof, types
from numba.core.registry import cpu_target
from numba.core.typing.typeof import typeof_impl
from numba.extending import intrinsic as numba_intrinsic
from numba.np.numpy_support import from_dtype

from toktools.kernels import llvm, machine_code
from toktools.kernels.entry import write_entry
from toktools.kernels.kernel import Intrinsic, Loop
from toktools.kernels.machine_code import Code, Kinds

_OPTIONS: dict[str, Any] = {
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""Without numba's runtime (`_nrt`) a loop cannot make arrays, and needs not count who holds those
that it is given: counting, at every call of an inner function, cost several times the work itself.
Without wrappers for Python and C a quarter of the time to compile is saved."""

_said: list[bool] = []


def compile_loop(loop: Loop, kinds: Kinds) -> Code:
    """Compile a loop for the kinds of its arguments; say so in one line, once a process.

    The line goes to the logger "toktools", which shows it on standard error unless told otherwise.

    Raises: numba's errors at code that it cannot compile.
    """
    if not _said:
        _said.append(True)
        logging.getLogger("toktools").warning(
            "toktools: compiling its loops for this machine, some ten seconds; done once"
        )
    signature = tuple(map(_type_of, kinds))
    dispatcher = _dispatcher(loop)
    dispatcher.compile(signature)
    made = dispatcher.overloads[signature]
    entry, returns, is_tuple = write_entry(made)
    module = llvm_binding.parse_assembly(made.library.get_llvm_str())
    module.link_in(llvm_binding.parse_assembly(str(entry)))
    return Code(machine_code.machine().emit_object(module), returns, is_tuple)


def _type_of(kind: Any) -> Any:
    """Return numba's type of an argument: of an array, (dtype, dimensions), or of a number."""
    if isinstance(kind, tuple):
        dtype, n_dimensions = kind
        return types.Array(from_dtype(dtype), n_dimensions, "C")
    return typeof(kind(0))


@functools.cache
def _dispatcher(loop: Loop) -> Any:
    options = {**_OPTIONS, **loop.options}
    if "fastmath" in options:
        options["fastmath"] = set(options["fastmath"])
    return njit(loop.function, **options)


@functools.cache
def _numbas(intrinsic: Intrinsic) -> Any:
    """Return an intrinsic as numba knows it, with the same parameters."""

    def written(typing_context: Any, *args: Any) -> Any:
        return intrinsic.function(llvm, *args)

    parameters = list(inspect.signature(intrinsic.function).parameters.values())
    written.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return numba_intrinsic(written)


@typeof_impl.register(Loop)
def _typeof_loop(loop: Loop, _: Any) -> Any:
    return typeof(_dispatcher(loop))


@typeof_impl.register(Intrinsic)
def _typeof_intrinsic(intrinsic: Intrinsic, _: Any) -> Any:
    known = _numbas(intrinsic)
    context: Any = cpu_target.typing_context
    context.refresh()
    return context.resolve_value_type(known)
