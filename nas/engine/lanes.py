"""Vectors of numbers that a kernel holds in registers, with ``+ - * /`` among themselves and with numbers.

Compilers vectorise a loop over the batch, but write its sums back to memory after a few edges. A value of ``Lanes`` is
a whole row of the batch: a sum over all edges of a neuron stays in registers, and an edge costs one load for each
register and no store. LLVM splits lanes into whatever registers the machine has.

The functions are for compiled code. They work on addresses, which ``at`` takes of arrays: an address is one word, where
an array is seven and a reference to count. ``place`` counts elements from an address; ``width`` is the number of lanes,
a constant of the function that calls. Nothing is checked.
"""

from __future__ import annotations

import operator
from typing import Any

from nas.engine.compiler import compiled  # before numba is first imported

from llvmlite import ir  # isort: skip
from numba import types  # isort: skip
from numba.core.datamodel import models  # isort: skip
from numba.core.typing import signature  # isort: skip
from numba.core.typing.templates import AbstractTemplate, infer_global  # isort: skip
from numba.extending import intrinsic, lower_builtin, register_model  # isort: skip

FAST = ("reassoc", "contract", "nsz", "arcp")

_i32, _i64 = ir.IntType(32), ir.IntType(64)
_ELEMENTS = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}


class Lanes(types.Type):  # type: ignore[misc]
    """The type of ``width`` numbers of one dtype."""

    def __init__(self, dtype: Any, width: int) -> None:
        self.dtype, self.width = dtype, width
        super().__init__(name=f"Lanes({dtype}, {width})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, lanes: Any) -> None:
        super().__init__(manager, lanes, _vector(lanes))


@intrinsic  # type: ignore[untyped-decorator]
def at(_context: Any, array: Any, place: Any) -> Any:
    """The address of an element, counted from the start of a C-contiguous array of any shape."""

    def generate(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
        data = context.make_array(types_.args[0])(context, builder, arguments[0]).data
        return builder.gep(data, [arguments[1]])

    return types.CPointer(array.dtype)(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def moved(_context: Any, address: Any, step: Any) -> Any:
    """The address so many elements on."""

    def generate(_target: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return address(address, types.intp), generate


@compiled
def fill(row: Any, value: Any, width: int) -> None:
    """Set the elements 0..width-1 to one value."""
    for k in range(width):
        row[k] = value


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def load(_context: Any, address: Any, place: Any, width: Any) -> Any:
    """The elements place..place+width-1."""
    lanes = Lanes(address.dtype, width.literal_value)

    def generate(context: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        place = builder.gep(arguments[0], [arguments[1]])
        return builder.load(builder.bitcast(place, _vector(lanes).as_pointer()), align=address.dtype.bitwidth // 8)

    return lanes(address, types.intp, width), generate


@intrinsic  # type: ignore[untyped-decorator]
def store(_context: Any, lanes: Any, address: Any, place: Any) -> Any:
    """Write the lanes to place..place+width-1."""

    def generate(context: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        pointer = builder.bitcast(builder.gep(arguments[1], [arguments[2]]), _vector(lanes).as_pointer())
        builder.store(arguments[0], pointer, align=lanes.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(lanes, address, types.intp), generate


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def spread(_context: Any, address: Any, place: Any, width: Any) -> Any:
    """One element in all lanes."""
    lanes = Lanes(address.dtype, width.literal_value)

    def generate(context: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        value = builder.load(builder.gep(arguments[0], [arguments[1]]))
        return _splat(builder, lanes, value)

    return lanes(address, types.intp, width), generate


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def zeros(_context: Any, address: Any, width: Any) -> Any:
    """Zeros of the array's dtype."""
    lanes = Lanes(address.dtype, width.literal_value)

    def generate(_target: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:
        return ir.Constant(_vector(lanes), None)

    return lanes(address, width), generate


@intrinsic  # type: ignore[untyped-decorator]
def clamped(_context: Any, lanes: Any, limit: Any) -> Any:
    """The lanes moved into -limit..limit; what is not a number stays so."""

    def generate(_target: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        value, high = arguments[0], _splat(builder, lanes, arguments[1])
        low = builder.fneg(high)
        value = builder.select(builder.fcmp_ordered(">", value, high), high, value)
        return builder.select(builder.fcmp_ordered("<", value, low), low, value)

    return lanes(lanes, lanes.dtype), generate


@intrinsic  # type: ignore[untyped-decorator]
def positive(_context: Any, lanes: Any, chosen: Any) -> Any:
    """The lanes of ``chosen`` where ``lanes`` are above 0, else 0."""

    def generate(_target: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        none = ir.Constant(_vector(lanes), None)
        is_off = builder.fcmp_ordered("<=", arguments[0], none)  # false for NaN, which therefore survives
        return builder.select(is_off, none, arguments[1])

    return lanes(lanes, chosen), generate


@intrinsic  # type: ignore[untyped-decorator]
def total(_context: Any, lanes: Any) -> Any:
    """The sum over all lanes."""

    def generate(_target: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        value, width = arguments[0], lanes.width
        while width > 1:
            width //= 2
            low, high = list(range(width)), list(range(width, 2 * width))
            value = builder.fadd(
                _shuffled(builder, value, value, low), _shuffled(builder, value, value, high), flags=FAST
            )
        return builder.extract_element(value, ir.Constant(_i32, 0))

    return lanes.dtype(lanes), generate


@intrinsic  # type: ignore[untyped-decorator]
def four_totals(_context: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
    """The sums over all lanes of four, in four lanes: a third of the work of four sums one by one."""
    width = first.width

    def generate(_target: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        pairs = [
            _added_neighbours(builder, arguments[0], arguments[1], width),
            _added_neighbours(builder, arguments[2], arguments[3], width),
        ]
        value, rest = _added_neighbours(builder, pairs[0], pairs[1], width, interleave=1), width
        while rest > 4:
            rest //= 2
            low, high = list(range(rest)), list(range(rest, 2 * rest))
            value = builder.fadd(
                _shuffled(builder, value, value, low), _shuffled(builder, value, value, high), flags=FAST
            )
        return value

    return Lanes(first.dtype, 4)(first, second, third, fourth), generate


@intrinsic  # type: ignore[untyped-decorator]
def add_at(_context: Any, value: Any, address: Any, place: Any) -> Any:
    """Add a number to one element."""

    def generate(context: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        element = builder.gep(arguments[1], [arguments[2]])
        builder.store(builder.fadd(builder.load(element), arguments[0], flags=FAST), element)
        return context.get_dummy_value()

    return types.void(value, address, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def add_scattered(_context: Any, lanes: Any, address: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
    """Add four lanes to the elements at four places."""

    def generate(context: Any, builder: Any, _types: Any, arguments: Any) -> Any:
        for number, place in enumerate(arguments[2:]):
            element = builder.gep(arguments[1], [place])
            value = builder.extract_element(arguments[0], ir.Constant(_i32, number))
            builder.store(builder.fadd(builder.load(element), value, flags=FAST), element)
        return context.get_dummy_value()

    return types.void(lanes, address, types.intp, types.intp, types.intp, types.intp), generate


def _define(operation: Any, instruction: str) -> None:
    """Let an operator work on lanes and lanes, and on lanes and a number."""

    @infer_global(operation)
    class _Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, arguments: Any, _keywords: Any) -> Any:
            if len(arguments) != 2 or not any(isinstance(kind, Lanes) for kind in arguments):
                return None
            lanes = arguments[0] if isinstance(arguments[0], Lanes) else arguments[1]
            return signature(lanes, *(kind if isinstance(kind, Lanes) else lanes.dtype for kind in arguments))

    def generate(_target: Any, builder: Any, types_: Any, arguments: Any) -> Any:
        lanes = types_.return_type
        values = [
            value if isinstance(kind, Lanes) else _splat(builder, lanes, value)
            for kind, value in zip(types_.args, arguments, strict=True)
        ]
        return getattr(builder, instruction)(*values, flags=FAST)

    for kinds in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(operation, *kinds)(generate)


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")


def _splat(builder: Any, lanes: Lanes, value: Any) -> Any:
    first = builder.insert_element(ir.Constant(_vector(lanes), ir.Undefined), value, ir.Constant(_i32, 0))
    return _shuffled(builder, first, first, [0] * lanes.width)


def _vector(lanes: Lanes) -> Any:
    return ir.VectorType(_ELEMENTS[lanes.dtype], lanes.width)


def _shuffled(builder: Any, first: Any, second: Any, lanes: list[int]) -> Any:
    """Lanes chosen from two vectors, those of the second numbered after those of the first."""
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_i32, len(lanes)), lanes))


def _added_neighbours(builder: Any, first: Any, second: Any, width: int, interleave: int = 2) -> Any:
    """Half sums of two vectors side by side, within each group of four lanes.

    With ``interleave`` 2, groups a b c d and p q r s give a+c b+d p+r q+s; with 1 they give a+b c+d p+q r+s.
    """
    picks = ((0, 1), (2, 3)) if interleave == 2 else ((0, 2), (1, 3))
    halves = []
    for pick in picks:
        lanes = []
        for group in range(0, width, 4):
            lanes += [group + lane for lane in pick] + [width + group + lane for lane in pick]
        halves.append(_shuffled(builder, first, second, lanes))
    return builder.fadd(*halves, flags=FAST)
