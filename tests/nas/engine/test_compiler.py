from __future__ import annotations

import math
import os

import numpy as np
import pytest

from nas.engine import compiler
from nas.engine.compiler import FAST_MATH, compiled


@compiled
def is_finite_sum(values):
    total = np.float32(0)
    for k in range(values.shape[0]):
        total += values[k]
    return total, math.isfinite(total)


@compiled
def quotient(a, b):
    return a / b


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_visible(wrong: float) -> None:
    values = np.ones(100, np.float32)
    assert is_finite_sum(values) == (100.0, True)
    values[37] = wrong
    total, is_finite = is_finite_sum(values)
    assert not is_finite
    np.testing.assert_equal(float(total), wrong)
    assert FAST_MATH.isdisjoint({"nnan", "ninf", "fast"})


def test_division_by_zero_gives_infinity_rather_than_an_error() -> None:
    assert quotient(1.0, 0.0) == math.inf
    assert math.isnan(quotient(0.0, 0.0))


class Features(dict):
    def flatten(self) -> str:
        return ",".join(f"+{name}" for name in self)


@pytest.mark.parametrize(
    ("features", "before", "after"),
    [
        (Features(avx2=True, avx512f=True), None, "+avx2,+avx512f,-prefer-256-bit"),
        (Features(avx2=True), None, None),
        (Features(avx2=True, avx512f=True), "+sse2", "+sse2"),
    ],
)
def test_full_vectors_are_asked_for_where_there_are_any_and_nobody_chose(
    monkeypatch: pytest.MonkeyPatch, features: Features, before: str | None, after: str | None
) -> None:
    monkeypatch.setattr(compiler.llvm, "get_host_cpu_features", lambda: features)
    monkeypatch.setenv("NUMBA_CPU_FEATURES", before or "")
    if before is None:
        monkeypatch.delenv("NUMBA_CPU_FEATURES")
    compiler._use_full_vectors()
    assert os.environ.get("NUMBA_CPU_FEATURES") == after


def test_compiled_kernels_are_kept_by_the_content_of_all_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    compiler._cache_by_content()
    before = os.environ["NUMBA_CACHE_DIR"]
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(compiler.Path, "read_bytes", lambda path: path.name.encode())
    compiler._cache_by_content()
    assert os.environ["NUMBA_CACHE_DIR"] != before
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    compiler._cache_by_content()
    assert os.environ["NUMBA_CACHE_DIR"] == "elsewhere"
