from __future__ import annotations

import numpy as np
import pytest

from nas.engine.compiler import compiled
from nas.engine.denormals import FLUSH_BITS, IS_X86, floating_point_control, set_floating_point_control


@compiled
def halved(values, flush):
    """Halve values in place, with subnormal numbers flushed or not; give the control word before, during and after."""
    before = floating_point_control()
    if flush:
        set_floating_point_control(np.int32(before | FLUSH_BITS))
    during = floating_point_control()
    for k in range(values.shape[0]):
        values[k] *= np.float32(0.5)
    set_floating_point_control(before)
    return before, during, floating_point_control()


def tiny() -> np.ndarray:
    smallest = np.finfo(np.float32).smallest_normal
    return np.array([1.0, 4 * smallest, smallest, smallest / 4], np.float32)


@pytest.mark.skipif(not IS_X86, reason="no such register")
def test_results_and_operands_below_the_normal_range_become_zero_while_flushed() -> None:
    values = tiny()
    before, during, after = halved(values, True)
    assert during == before | FLUSH_BITS
    assert after == before
    np.testing.assert_array_equal(values, [0.5, 2 * np.finfo(np.float32).smallest_normal, 0.0, 0.0])


def test_without_flushing_they_stay() -> None:
    values = tiny()
    before, during, after = halved(values, False)
    assert before == during == after
    np.testing.assert_array_equal(values, tiny() / 2)
    assert (values > 0).all()


def test_the_interpreter_is_left_as_it_was() -> None:
    halved(tiny(), True)
    values = tiny()
    assert (values / np.float32(2) > 0).all()
