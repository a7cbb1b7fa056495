"""How much processor time each process of a tree uses, looked at several times a second while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import psutil

LOOK_S = 0.2
STARTING, DRIVER, OTHER_WORKER, NOBODY, ENDING = (
    "idle, before the first training",
    "idle, while the driver worked",
    "idle, while another worker worked",
    "idle, while nobody worked",
    "idle, after the last training",
)
IDLE = (STARTING, DRIVER, OTHER_WORKER, NOBODY, ENDING)
FIRST_WORK_S = 0.5  # of its own that a worker has used when its first training is under way
WORKS_SHARE = 0.5  # of an interval


@dataclass(frozen=True)
class Look:
    """One look at a tree: when, in seconds, and processor seconds so far by process id."""

    moment: float
    used_s: dict[int, float]


class Watch:
    """Looks at the processes below one, until it is left; those of the system besides.

    Attributes:
        looks: What was seen, from the moment it was entered.
        above_s: Processor seconds of the process itself.
        elsewhere_s: Processor seconds of all other processes of the machine, once it is left.
    """

    def __init__(self, process: int) -> None:
        """Watch the descendants of a process, but not that process itself."""
        self._above = psutil.Process(process)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch")
        self.looks = [Look(time.monotonic(), {})]
        self.above_s = self.elsewhere_s = 0.0

    def __enter__(self) -> Watch:
        self._machine_s = _busy_s()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        own_s = sum(self.looks[-1].used_s.values())
        self.elsewhere_s = _busy_s() - self._machine_s - own_s - self.above_s

    def _watch(self) -> None:
        used_s: dict[int, float] = {}
        while not self._over.wait(LOOK_S):
            try:
                processes = self._above.children(recursive=True)
                self.above_s = _processor_s(self._above)
            except psutil.Error:
                return
            alive = 0
            for process in processes:
                try:
                    used_s[process.pid] = _processor_s(process)
                    alive += process.status() != psutil.STATUS_ZOMBIE
                except psutil.Error:
                    continue
            if used_s and not alive:
                return  # what comes now is none of theirs
            self.looks.append(Look(time.monotonic(), dict(used_s)))


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy_s() -> float:
    """Processor seconds that the machine has worked since it was started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def idle_seconds(looks: Sequence[Look], n_cores: int, driver: int, workers: Sequence[int]) -> dict[str, float]:
    """What the processes left of so many cores, by when that was, one of `IDLE`.

    It is negative where they used more cores than that.

    Args:
        looks: From the beginning to the end.
        n_cores: Cores there are for them.
        driver: The process that gives out work.
        workers: Those that train.
    """
    found = dict.fromkeys(IDLE, 0.0)
    spans = list(pairwise(looks))
    trains = [max((_used(span, worker) for worker in workers), default=0.0) for span in spans]
    last = max((i for i, span in enumerate(spans) if trains[i] > WORKS_SHARE * _length(span)), default=-1)
    for i, span in enumerate(spans):
        left_s = n_cores * _length(span) - sum(_used(span, process) for process in span[1].used_s)
        if max((span[1].used_s.get(worker, 0.0) for worker in workers), default=0.0) < FIRST_WORK_S:
            when = STARTING
        elif i > last:
            when = ENDING
        elif _used(span, driver) > WORKS_SHARE * _length(span):
            when = DRIVER
        else:
            when = OTHER_WORKER if trains[i] > WORKS_SHARE * _length(span) else NOBODY
        found[when] += left_s
    return found


def _length(span: tuple[Look, Look]) -> float:
    return span[1].moment - span[0].moment


def _used(span: tuple[Look, Look], process: int) -> float:
    return span[1].used_s.get(process, 0.0) - span[0].used_s.get(process, 0.0)
