"""When this process began: starting Python and loading libraries is part of a budget."""

from __future__ import annotations

import os
import time
from pathlib import Path

MAX_SLOWNESS = 5.0  # of loading, on a busy machine


def process_age_s() -> float:
    """Seconds since this process began; 0 where the system does not say.

    A shell may become this process after it has done other work, which must not count: so the age is at most a few
    times the processor time that was used.
    """
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        began_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # since boot; proc(5), field 22
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - began_s
        return min(age_s, MAX_SLOWNESS * time.process_time())
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
