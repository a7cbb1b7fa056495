"""How kernels are compiled: the only place that configures numba."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

# Without "nnan" and "ninf": a loss that is no longer finite has to stay visible.
FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "afn"}


def _has_wide_registers() -> bool:
    return bool(llvm.get_host_cpu_features().get("avx512f"))


REGISTER_LANES = 16 if _has_wide_registers() else 8  # float32 of a register
N_REGISTERS = 32 if _has_wide_registers() else 16


def _use_full_vectors() -> None:
    """Let the compiler use 512-bit registers where the processor has them.

    LLVM prefers 256 bits on most of these processors; measured here, full width trains 15 to 20 % faster. A choice made
    through ``NUMBA_CPU_FEATURES`` is left alone.
    """
    if _has_wide_registers():
        features = llvm.get_host_cpu_features().flatten()
        os.environ.setdefault("NUMBA_CPU_FEATURES", features + ",-prefer-256-bit")


def _cache_by_content() -> None:
    """Keep compiled kernels in a folder named for the content of all sources here.

    Numba looks for changes only in the file of the kernel itself, not in those of the functions that it calls, so after
    an update it would run old code. A choice made through ``NUMBA_CACHE_DIR`` is left alone.
    """
    here = Path(__file__).parent
    sources = b"".join(source.read_bytes() for source in sorted(here.glob("*.py")))
    folder = _cache_home(here / "__pycache__") / f"kernels-{hashlib.sha256(sources).hexdigest()[:16]}"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))


def _cache_home(otherwise: Path) -> Path:
    """The user's folder for caches, or another where that cannot be written.

    Kernels that lie in the package would be left behind when it is removed, and a folder without sources then hides
    another installation of it.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sparsewright"
        home.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return otherwise
    return home if os.access(home, os.W_OK) else otherwise


# Numba reads the environment when it is first imported, which is why that comes below.
_use_full_vectors()
_cache_by_content()

from numba import njit  # noqa: E402

compiled: Callable[[Callable[..., Any]], Any] = njit(fastmath=FAST_MATH, nogil=True, error_model="numpy", cache=True)


def has_kept_kernels() -> bool:
    """Whether an earlier process on this machine has left compiled kernels of these sources."""
    return any(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbi"))


def compiled_for(constant: int) -> Callable[[Callable[..., Any]], Any]:
    """`compiled` for one of several functions that share their source and differ by a constant.

    Numba names machine code after the function and after a number that each process counts for itself. Two functions
    of one name, one compiled here and one kept by another process, may get the same name, and the linker then takes
    the first for both. So the constant becomes part of the name.
    """

    def with_a_name_of_its_own(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"_{constant}"
        return compiled(function)

    return with_a_name_of_its_own
