"""The function of a loop's machine code that is called from outside, instruction by instruction.

It takes the arguments out of a row of 64-bit slots, calls what numba has made of the loop, and
writes what that returns over the first slots.

Source: numba 0.68: arrays, numbers and calls are handed over by its own functions.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import as_dtype

from toktools.kernels.machine_code import ENTRY

_SLOT = ir.IntType(64)
_STATUS = ir.IntType(32)
_HEADER = object.__basicsize__ // 8
_DATA, _SHAPE, _STRIDES = _HEADER, _HEADER + 2, _HEADER + 3
"""Where an array's object holds the addresses of its elements, its shape and its strides, in words.
Source: NumPy's C API, PyArrayObject; part of its binary interface."""


def write_entry(made: Any) -> tuple[ir.Module, str, bool]:
    """Write that function.

    Args:    made: what numba has made of a loop for some types of arguments.
    Returns: a module with the function ENTRY; how `struct` reads the slots that it leaves; whether
             they are a tuple.
    """
    context, fndesc = made.target_context, made.fndesc
    module = context.create_module(ENTRY)
    entry = ir.Function(module, ir.FunctionType(_STATUS, [_SLOT.as_pointer()]), ENTRY)
    builder, slots = ir.IRBuilder(entry.append_basic_block()), entry.args[0]
    arguments = [
        _argument(context, builder, kind, _load(builder, slots, i))
        for i, kind in enumerate(fndesc.argtypes)
    ]
    status, result = context.call_conv.call_function(
        builder,
        context.declare_function(module, fndesc),
        fndesc.restype,
        fndesc.argtypes,
        arguments,
    )
    with builder.if_then(status.is_error):
        builder.ret(ir.Constant(_STATUS, 1))
    returned, is_tuple = fndesc.restype, isinstance(fndesc.restype, types.BaseTuple)
    kinds = () if returned == types.none else returned if is_tuple else (returned,)
    for i, kind in enumerate(kinds):
        part = builder.extract_value(result, i) if is_tuple else result
        builder.store(_bits(builder, kind, part), _place(builder, slots, i))
    builder.ret(ir.Constant(_STATUS, 0))
    return module, "".join(map(_format, kinds)), is_tuple


def _place(builder: Any, words: Any, i: int) -> Any:
    return builder.gep(words, [ir.Constant(_SLOT, i)])


def _load(builder: Any, words: Any, i: int) -> Any:
    return builder.load(_place(builder, words, i))


def _argument(context: Any, builder: Any, kind: Any, slot: Any) -> Any:
    """Return the argument that a slot stands for."""
    if not isinstance(kind, types.Array):
        return _number(builder, kind, slot)
    there = builder.inttoptr(slot, _SLOT.as_pointer())
    shape, strides = (
        builder.inttoptr(_load(builder, there, at), _SLOT.as_pointer()) for at in (_SHAPE, _STRIDES)
    )
    array = context.make_array(kind)(context, builder)
    populate_array(
        array,
        data=builder.inttoptr(_load(builder, there, _DATA), array.data.type),
        shape=[_load(builder, shape, i) for i in range(kind.ndim)],
        strides=[_load(builder, strides, i) for i in range(kind.ndim)],
        itemsize=ir.Constant(_SLOT, as_dtype(kind.dtype).itemsize),
        meminfo=None,
    )
    return array._getvalue()


def _number(builder: Any, kind: Any, slot: Any) -> Any:
    """Return the number whose bits a slot holds."""
    if kind == types.boolean:
        return builder.icmp_unsigned("!=", slot, ir.Constant(_SLOT, 0))
    if kind in types.integer_domain:
        return builder.trunc(slot, ir.IntType(kind.bitwidth)) if kind.bitwidth < 64 else slot
    double = builder.bitcast(slot, ir.DoubleType())
    return builder.fptrunc(double, ir.FloatType()) if kind == types.float32 else double


def _bits(builder: Any, kind: Any, value: Any) -> Any:
    """Return the 64 bits that stand for a number."""
    if kind == types.boolean:
        return builder.zext(value, _SLOT)
    if kind in types.integer_domain:
        extend = builder.sext if kind.signed else builder.zext
        return extend(value, _SLOT) if kind.bitwidth < 64 else value
    double = builder.fpext(value, ir.DoubleType()) if kind == types.float32 else value
    return builder.bitcast(double, _SLOT)


def _format(kind: Any) -> str:
    """Return how `struct` reads the slot of a number."""
    if kind == types.boolean:
        return "?7x"
    if kind in types.integer_domain:
        return "q" if kind.signed else "Q"
    return "d"
