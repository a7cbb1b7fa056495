"""Flush subnormal numbers to zero inside a kernel.

The moments of a neuron that has gone silent decay into the subnormal range, where x86 arithmetic is some hundred times
slower: measured on Letter, training took 7.2 s instead of 1.8 s.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

FLUSH_BITS = 0x8040  # MXCSR: flush results to zero, and read subnormal operands as zero
IS_X86 = platform.machine().lower() in {"x86_64", "amd64"}


@intrinsic  # type: ignore[untyped-decorator]
def floating_point_control(_context: Any) -> Any:
    """The control register of this thread's vector unit (MXCSR), an int32; 0 where there is none."""

    def generate(_target: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        word = ir.IntType(32)
        if not IS_X86:
            return ir.Constant(word, 0)
        place = builder.alloca(word)
        _call(builder, "llvm.x86.sse.stmxcsr", place)
        return builder.load(place)

    return types.int32(), generate


@intrinsic  # type: ignore[untyped-decorator]
def set_floating_point_control(_context: Any, value: Any) -> Any:
    """Set the control register of this thread's vector unit; nothing where there is none."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        if IS_X86:
            place = builder.alloca(ir.IntType(32))
            builder.store(arguments[0], place)
            _call(builder, "llvm.x86.sse.ldmxcsr", place)
        return ir.Constant(ir.IntType(32), 0)

    return types.int32(types.int32), generate


def _call(builder: Any, name: str, place: Any) -> None:
    pointer = ir.IntType(8).as_pointer()
    function = builder.module.declare_intrinsic(name, (), ir.FunctionType(ir.VoidType(), [pointer]))
    builder.call(function, [builder.bitcast(place, pointer)])
