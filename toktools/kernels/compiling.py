"""Loops to machine code by numba: imported where one is compiled, for numba is slow to load.

numba optimizes each function by itself, and again with every function that it becomes part of, and
makes machine code of all of them. Here only the loop that is called from outside is optimized, once
and with all its parts, and only of that is machine code made. It runs as fast, and is there sooner.

Source: numba 0.68: "Extending Numba" (typeof_impl, intrinsic), and core/codegen.py (libraries).
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm_binding
from numba import njit, typeof, types
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
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
    "no_rewrites": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""Without numba's runtime (`_nrt`) a loop cannot make arrays, and needs not count who holds those
that it is given: counting, at every call of an inner function, cost several times the work itself.
Wrappers for Python and C, and rewriting of whole expressions of arrays, are not needed either."""

_said: list[bool] = []


def compile_loop(loop: Loop, kinds: Kinds) -> Code:
    """Compile a loop for the kinds of its arguments; say so in one line, once a process.

    The line goes to the logger "toktools", which shows it on standard error unless told otherwise.

    Raises: numba's errors at code that it cannot compile; TypeError at code that calls what only
            numba has, which would not be there when the machine code comes from disk.
    """
    if not _said:
        _said.append(True)
        logging.getLogger("toktools").warning(
            "toktools: compiling its loops for this machine, a few seconds; done once"
        )
    signature = tuple(map(_type_of, kinds))
    dispatcher = _dispatcher(loop)
    with _without_machine_code():
        dispatcher.compile(signature)
    made = dispatcher.overloads[signature]
    entry, returns, is_tuple = write_entry(made)
    module = llvm_binding.parse_assembly(made.library.optimized())
    module.link_in(llvm_binding.parse_assembly(str(entry)))
    _refuse_helpers(loop, module)
    return Code(machine_code.machine().emit_object(module), returns, is_tuple)


def _refuse_helpers(loop: Loop, module: Any) -> None:
    declared = (function.name for function in module.functions if function.is_declaration)
    if helpers := sorted(filter(lambda name: name.startswith(("numba_", "NRT_")), declared)):
        raise TypeError(
            f"{loop.name} calls {', '.join(helpers)} of numba, which is not loaded where it runs; "
            "write it without (`array.reshape` is such a call: reshape before)"
        )


class _Library(JITCodeLibrary):
    """A function in LLVM's instructions, as they were written, with all functions that it calls."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout  # which is all that cannot wait

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0  # as of one that is not there

    def optimized(self) -> str:
        """Return the instructions, optimized."""
        super()._optimize_final_module()
        return self.get_llvm_str()


class _Codegen(JITCPUCodegen):
    """Makes such libraries."""

    _library_class = _Library

    def set_env(self, env_name: str, env: Any) -> None:
        pass  # there is no machine code that would look for it


@functools.cache
def _codegen() -> _Codegen:
    return _Codegen("toktools")


@contextmanager
def _without_machine_code() -> Iterator[None]:
    """Have numba make such libraries for a time, in which no other thread compiles."""
    context: Any = cpu_target.target_context
    with global_compiler_lock:
        numbas = context._internal_codegen
        context._internal_codegen = _codegen()
        try:
            yield
        finally:
            context._internal_codegen = numbas


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
