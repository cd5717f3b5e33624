"""What the machine code of a loop depends on, as one short string.

That is its own code, the values of the constants that it names, and the same of the loops,
intrinsics and classes of ours that it calls; and the code that makes machine code of it all.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from toktools.kernels.kernel import Loop

_OURS = ("toktools", "lstm_lm", "tests")
_MAKERS = ("compiling.py", "entry.py", "kernel.py", "llvm.py", "machine_code.py")


def fingerprint(loop: Loop) -> str:
    """Return a string that differs if a loop's machine code may.

    Example:
        >>> from toktools.kernels.kernel import kernel
        >>> one, other, same = (kernel(lambda x, n=n: x + n) for n in (1, 2, 1))
        >>> fingerprint(one) == fingerprint(same), fingerprint(one) == fingerprint(other)
        (True, False)
    """
    return _of(loop).hex()


@functools.cache
def _makers() -> bytes:
    return b"".join(Path(__file__).with_name(name).read_bytes() for name in _MAKERS)


@functools.cache
def _of(loop: Any) -> bytes:
    """Return the digest of a Loop or an Intrinsic."""
    found = hashlib.sha256(_makers())
    for part in (loop.function, getattr(loop, "options", None)):
        _add(found, part)
    return found.digest()


def _add(found: Any, value: Any) -> None:
    """Add a value that a loop names to a digest."""
    from toktools.kernels.kernel import Intrinsic, Loop

    if isinstance(value, (Loop, Intrinsic)):
        found.update(_of(value))
    elif isinstance(value, FunctionType):
        _add(found, value.__code__)
        for cell in value.__closure__ or ():
            _add(found, cell.cell_contents)
        _add(found, value.__defaults__)
        for name in sorted(_names(value.__code__)):
            if name in value.__globals__:
                _add(found, name)
                _add(found, value.__globals__[name])
    elif isinstance(value, type) and value.__module__.split(".")[0] in _OURS:
        for name, part in sorted(vars(value).items()):
            part = part.fget if isinstance(part, property) else part
            if isinstance(part, FunctionType):
                _add(found, name)
                _add(found, part)
    elif isinstance(value, CodeType):
        found.update(value.co_code)
        _add(found, (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars))
        _add(found, value.co_consts)
    elif isinstance(value, np.ndarray):
        found.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, (tuple, list)):
        found.update(f"{type(value).__name__}{len(value)}".encode())
        for part in value:
            _add(found, part)
    elif isinstance(value, (set, frozenset)):
        _add(found, sorted(map(repr, value)))
    elif isinstance(value, ModuleType):
        found.update(value.__name__.encode())
    else:
        found.update(repr(value).encode())


def _names(code: CodeType) -> set[str]:
    """Return the global names in a function's code, and in that of the functions in it."""
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*map(_names, inner))
