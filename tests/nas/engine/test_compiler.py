from __future__ import annotations

import importlib
import math
import os
import pkgutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import nas.engine
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


TOY = """
from nas.engine.compiler import compiled, compiled_for

def adding(constant):
    @compiled_for(constant)
    def add(x):
        return x + constant
    return add

one, two = adding(1), adding(2)

@compiled
def alone(x):
    return one(x)

@compiled
def both(x):
    return one(x), two(x)
"""


def test_a_process_that_finds_some_of_the_kernels_compiled_links_the_right_ones(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    # Names of machine code depend on the order of a set, and so on the seed of hashes, which workers share.
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path / "kernels"),
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(nas.engine.__file__).parents[2])]),
    }

    def printed(call: str) -> str:
        command = [sys.executable, "-c", f"import toy; print({call})"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    assert printed("toy.alone(0)") == "1"
    assert printed("toy.both(0)") == "(1, 2)"


def test_no_two_kernels_have_the_same_name() -> None:
    kernels = {}
    for module in pkgutil.iter_modules(nas.engine.__path__, "nas.engine."):
        for value in vars(importlib.import_module(module.name)).values():
            if hasattr(value, "nopython_signatures"):
                kernels[id(value)] = value.py_func
    names = Counter((function.__module__, function.__qualname__) for function in kernels.values())
    assert len(names) > 20
    assert [name for name, count in names.items() if count > 1] == []


def test_kept_kernels_are_seen_by_the_indices_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not compiler.has_kept_kernels()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kernel-1.py311.nbi").touch()
    assert compiler.has_kept_kernels()


def test_kernels_are_kept_in_the_users_folder_for_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert compiler._cache_home(tmp_path) == tmp_path / "caches" / "sparsewright"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert compiler._cache_home(tmp_path) == tmp_path / "home" / ".cache" / "sparsewright"


def test_where_there_is_no_such_folder_they_are_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert compiler._cache_home(tmp_path / "other") == tmp_path / "other"
