"""The machine code of loops: made of LLVM's instructions, kept on disk, and loaded.

A file holds that of one loop for one kind of arguments: a line of JSON, and an object file. Files
lie in a folder for the machine and for the versions of what makes them. A file's name ends with a
fingerprint (`fingerprint.py`) of all that went into the code, so that a loop that has been changed
is compiled anew.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import llvmlite.binding as llvm_binding

from toktools.kernels.fingerprint import fingerprint

if TYPE_CHECKING:
    from toktools.kernels.kernel import Loop

Kinds = tuple[Any, ...]
"""Of each argument: (dtype, dimensions) of an array, else the number's type."""

VARIABLE = "TOKTOOLS_LOOPS"
"""The environment variable that may name a folder for them."""

ENTRY = "entry"
_HERE = Path(__file__).parent
_MODEL: dict[str, Any] = {"codemodel": "jitdefault", "jit": True}  # for any address
_loaded: list[Any] = []


class Code(NamedTuple):
    """An object file with a function ENTRY, and what that leaves in its slots, for `struct`."""

    data: bytes
    returns: str
    is_tuple: bool


@functools.cache
def machine() -> Any:
    """Return LLVM's idea of this machine."""
    llvm_binding.initialize_native_target()
    llvm_binding.initialize_native_asmprinter()
    llvm_binding.initialize_native_asmparser()  # for intrinsics that name an instruction
    return llvm_binding.Target.from_default_triple().create_target_machine(
        cpu=llvm_binding.get_host_cpu_name(), features=_features(), opt=3, **_MODEL
    )


@functools.cache
def _features() -> str:
    return llvm_binding.get_host_cpu_features().flatten()


def load(code: Code) -> int:
    """Load machine code for as long as the process lives; return the address of ENTRY."""
    empty = llvm_binding.parse_assembly("")
    engine = llvm_binding.create_mcjit_compiler(empty, machine())
    engine.add_object_file(llvm_binding.ObjectFileRef.from_data(code.data))
    engine.finalize_object()
    _loaded.append(engine)
    return engine.get_function_address(ENTRY)


def read(loop: Loop, kinds: Kinds) -> Code | None:
    """Return the machine code of a loop from disk, if it is there and up to date."""
    for folder in _folders():
        with suppress(OSError, ValueError, KeyError):
            head, _, data = Path(folder, _name(loop, kinds)).read_bytes().partition(b"\n")
            line = json.loads(head)
            if line["n_bytes"] == len(data):
                return Code(data, line["returns"], line["is_tuple"])
    return None


def is_kept(loop: Loop) -> bool:
    """Whether machine code of a loop is on disk and up to date, for some kinds of arguments."""
    return any(any(folder.glob(f"{_stem(loop)}-*.loop")) for folder in _folders())


def keep(loop: Loop, kinds: Kinds, code: Code) -> None:
    """Write machine code to disk, in the first folder that can be written to, if any."""
    line = {"n_bytes": len(code.data), "returns": code.returns, "is_tuple": code.is_tuple}
    for folder in _folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / _name(loop, kinds)
            begun = path.with_suffix(f".{os.getpid()}")
            begun.write_bytes(json.dumps(line).encode() + b"\n" + code.data)
            begun.replace(path)
            return


@functools.cache
def _folders() -> list[Path]:
    """Return where machine code may lie: beside this package, else in the user's cache."""
    checks = os.environ.get("NUMBA_BOUNDSCHECK", "")
    made_by = (sys.version, checks, *map(version, ("numba", "llvmlite", "numpy")))
    there = (sys.platform, platform.machine(), llvm_binding.get_host_cpu_name(), _features())
    name = f"loops-{hashlib.sha256(repr((made_by, there)).encode()).hexdigest()[:16]}"
    if chosen := os.environ.get(VARIABLE):
        return [Path(chosen).expanduser() / name]
    import platformdirs

    return [_HERE / "__pycache__" / name, Path(platformdirs.user_cache_dir("toktools")) / name]


def _name(loop: Loop, kinds: Kinds) -> str:
    """Return the name of the file for a loop and the kinds of its arguments."""
    return f"{_stem(loop)}-{hashlib.sha256(repr(kinds).encode()).hexdigest()[:8]}.loop"


def _stem(loop: Loop) -> str:
    name = re.sub(r"[^\w.]", "", loop.name)
    return f"{name}-{fingerprint(loop)[:16]}"
