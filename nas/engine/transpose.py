"""Between the batch-first layout of torch and the feature-major layout of the kernels.

Moving one number at a time takes longer than the products of a sparse layer. Squares of 16 by 16 are turned in
registers instead, so that memory is read and written in whole cache lines.
"""

from __future__ import annotations

from typing import Any

from nas.engine.compiler import compiled
from nas.engine.lanes import moved

from llvmlite import ir  # isort: skip
from numba import types  # isort: skip
from numba.extending import intrinsic  # isort: skip

SIDE = 16  # of a square; a cache line of float32

_ELEMENTS = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}
_DOUBLINGS = 4  # SIDE = 2^4


@intrinsic  # type: ignore[untyped-decorator]
def _turn_square(_context: Any, source: Any, source_stride: Any, target: Any, target_stride: Any) -> Any:
    """Write a square as its transpose, from an address with a row stride to another."""
    vector, n_bytes = ir.VectorType(_ELEMENTS[source.dtype], SIDE), source.dtype.bitwidth // 8

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        def row(address: Any, stride: Any, number: int) -> Any:
            place = builder.mul(stride, ir.Constant(stride.type, number))
            return builder.bitcast(builder.gep(address, [place]), vector.as_pointer())

        source_address, source_step, target_address, target_step = arguments
        rows = [builder.load(row(source_address, source_step, r), align=n_bytes) for r in range(SIDE)]
        for r, turned in enumerate(_turned(builder, rows)):
            builder.store(turned, row(target_address, target_step, r), align=n_bytes)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def scale_square(
    _context: Any, source: Any, rows: Any, source_stride: Any, scale: Any, shift: Any, target: Any, target_stride: Any
) -> Any:
    """Write a square of chosen rows as its transpose, as float32: each value times ``scale`` plus ``shift``.

    Args:
        source: Address of float32 or uint8, of the first column of the square.
        rows: Address of the numbers of sixteen rows, int32.
        source_stride: From one row to the next.
        scale, shift: Addresses of one float32 a column.
        target: Address of float32.
        target_stride: From one row of the target to the next.
    """
    is_bytes, float32 = source.dtype == types.uint8, ir.FloatType()
    vector, word = ir.VectorType(float32, SIDE), ir.IntType(64)
    loaded = ir.VectorType(ir.IntType(8), SIDE) if is_bytes else vector

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        source_address, row_numbers, source_step, scales, shifts, target_address, target_step = arguments
        rows_of_square = []
        for r in range(SIDE):
            number = builder.sext(builder.load(builder.gep(row_numbers, [ir.Constant(word, r)])), word)
            place = builder.gep(source_address, [builder.mul(number, source_step)])
            rows_of_square.append(builder.load(builder.bitcast(place, loaded.as_pointer()), align=1 if is_bytes else 4))
        for c, turned in enumerate(
            _turned(builder, rows_of_square)
        ):  # bytes while they are turned: a fourth of the work
            column = builder.uitofp(turned, vector) if is_bytes else turned
            factor, offset = (
                _spread(builder, builder.load(builder.gep(address, [ir.Constant(word, c)])), vector)
                for address in (scales, shifts)
            )
            value = builder.fadd(builder.fmul(column, factor, flags=("contract",)), offset, flags=("contract",))
            place = builder.gep(target_address, [builder.mul(target_step, ir.Constant(word, c))])
            builder.store(value, builder.bitcast(place, vector.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(source, rows, types.intp, scale, shift, target, types.intp), generate


def _turned(builder: Any, rows: list[Any]) -> list[Any]:
    """The columns of sixteen vectors."""
    lanes = ir.VectorType(ir.IntType(32), SIDE)
    # Lanes of two rows taken in turn, of their first and of their second halves.
    halves = [
        ir.Constant(lanes, [(half + lane // 2) + SIDE * (lane % 2) for lane in range(SIDE)]) for half in (0, SIDE // 2)
    ]
    # Number an element by the bits of its row and then of its lane. Each pass rotates these eight bits by one.
    for _ in range(_DOUBLINGS):
        rows = [builder.shuffle_vector(rows[r // 2], rows[r // 2 + SIDE // 2], halves[r % 2]) for r in range(SIDE)]
    return rows


def _spread(builder: Any, value: Any, vector: Any) -> Any:
    lanes = ir.VectorType(ir.IntType(32), SIDE)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, ir.Constant(lanes, [0] * SIDE))


@compiled
def transpose(source: Any, n_rows: int, n_columns: int, source_stride: int, target: Any, target_stride: int) -> None:
    """Write a matrix as its transpose.

    Args:
        source: Address of (n_rows, n_columns), of float32 or float64, at any alignment.
        n_rows, n_columns: Its shape.
        source_stride: From one row to the next.
        target: Address of (n_columns, n_rows), of the same dtype.
        target_stride: From one row of the target to the next.
    """
    whole_rows, whole_columns = n_rows - n_rows % SIDE, n_columns - n_columns % SIDE
    for c in range(0, whole_columns, SIDE):
        for r in range(0, whole_rows, SIDE):
            _turn_square(
                moved(source, r * source_stride + c), source_stride, moved(target, c * target_stride + r), target_stride
            )
    for c in range(n_columns):
        for r in range(whole_rows if c < whole_columns else 0, n_rows):
            target[c * target_stride + r] = source[r * source_stride + c]
