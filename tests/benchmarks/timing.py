"""What the benchmarks share: sides timed in turns, one thread, a header, Markdown tables.

Import it first: how many threads numpy and torch use is settled when they are loaded.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

# For processes that are to run as a user's would.
USERS_ENVIRONMENT = dict(os.environ)
# For processes that are not to see how the engine has its kernels compiled.
ENVIRONMENT = dict(os.environ) | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ.update(ENVIRONMENT)

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

Seconds = NDArray[np.float64]
Call = Callable[[], object]

FEWEST_CALLS = 5


@dataclass(frozen=True)
class Effort:
    """How long sides are timed.

    Attributes:
        turns: How often each has its turn.
        seconds: How long a turn lasts, if that is more than FEWEST_CALLS calls.
    """

    turns: int
    seconds: float

    def __str__(self) -> str:
        return f"medians of {self.turns} turns, each about {self.seconds:g} s and at least {FEWEST_CALLS} calls a side"


FULL, QUICK = Effort(7, 0.4), Effort(2, 0.02)


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--quick", action="store_true", help="seconds instead of minutes: to see that it works")
    return result


def median_seconds(call: Call, seconds: float) -> float:
    """Median time of a call, of as many as fit into so many seconds."""
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < FEWEST_CALLS or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def in_turns(sides: Mapping[str, Call], effort: Effort) -> dict[str, Seconds]:
    """Time sides one after the other, several times over, each time in the reverse order, so that drift meets all.

    Returns:
        For each side its median seconds a call in each turn, float64 (turns,).
    """
    for call in sides.values():
        call()  # compiles, allocates, fills caches
    medians: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(effort.turns):
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            medians[name].append(median_seconds(sides[name], effort.seconds))
    return {name: np.array(turns) for name, turns in medians.items()}


def three_digits(value: float) -> str:
    """A number with three significant digits, or all those before the point."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def spread(ratios: Seconds) -> str:
    """The median of the turns, and the lowest and the highest."""
    middle, lowest, highest = (three_digits(float(x)) for x in (np.median(ratios), ratios.min(), ratios.max()))
    return f"{middle} ({lowest} to {highest})"


def milliseconds(seconds: Seconds) -> str:
    """The median of the turns in milliseconds."""
    return three_digits(1e3 * float(np.median(seconds)))


@cache
def peer(name: str) -> ModuleType | None:
    """A package to compare with; None, and a line that says why, where it cannot be loaded."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # a compiled peer raises whatever its loader comes upon
        print(f"{name} is not there: {error} (tests/benchmarks/requirements.txt lists peers)", file=sys.stderr)
        return None


def header(*packages: str, note: object = "", threads: str = "1 thread") -> str:
    """The line above a table: date, processor, versions, threads, and how it was measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = f"{processor()}, {os.cpu_count()} cores, {threads}"
    parts = [datetime.date.today().isoformat(), cores, f"Python {platform.python_version()}, {versions}", str(note)]
    return "; ".join(part for part in parts if part) + "\n"


def processor() -> str:
    """What the processor calls itself."""
    information = Path("/proc/cpuinfo")
    for line in information.read_text().splitlines() if information.exists() else ():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)
