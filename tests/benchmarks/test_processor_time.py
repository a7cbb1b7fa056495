"""Processor time is what the system counts, and idle time is put where it belongs."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from processor_time import DRIVER, ENDING, IDLE, LOOK_S, NOBODY, OTHER_WORKER, STARTING, Look, Watch, idle_seconds

BURN = "import time\nwhile time.process_time() < 1.0: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])"


def test_what_children_of_children_use_is_seen_and_the_parent_is_apart() -> None:
    process = subprocess.Popen([sys.executable, "-c", PARENT])
    with Watch(process.pid) as watch:
        assert process.wait() == 0
    used_s = watch.looks[-1].used_s
    assert process.pid not in used_s
    # The last look is at most an interval before the end; a second is used by then but for that.
    assert 1.0 - 2 * LOOK_S < sum(used_s.values()) < 1.5
    assert 0.0 <= watch.above_s < 0.5
    moments = [look.moment for look in watch.looks]
    assert moments == sorted(moments)


def test_what_others_use_is_elsewhere() -> None:
    waiting = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with Watch(waiting.pid) as watch:
        begin = time.process_time()
        while time.process_time() - begin < 0.5:
            pass
        waiting.communicate()
    assert watch.elsewhere_s > 0.4
    assert sum(watch.looks[-1].used_s.values()) == 0.0


def test_a_process_that_is_over_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(Exception, match=str(process.pid)):
        Watch(process.pid)
    with Watch(os.getpid()) as watch:
        pass
    assert watch.looks[0].used_s == {}


def test_idle_time_is_told_by_what_the_others_did() -> None:
    """Driver 1, workers 2 and 3, two cores; every interval is a second."""
    steps = [  # what each used in an interval: driver, first worker, second worker
        (0.9, 0.1, 0.0),  # starting: 1.0 idle
        (0.0, 1.0, 1.0),  # the first training: 0.0, already training by its end
        (0.1, 1.0, 0.2),  # 0.7 idle while a worker worked
        (0.8, 0.1, 0.1),  # 1.0 idle while the driver worked
        (0.1, 0.2, 0.1),  # 1.6 idle while nobody did
        (0.0, 1.0, 0.9),  # 0.1 idle while a worker worked
        (1.0, 0.0, 0.0),  # the end: 1.0 idle
        (0.5, 0.0, 0.0),  # 1.5 idle
    ]
    looks, used = [Look(0.0, {})], [0.0, 0.0, 0.0]
    for moment, step in enumerate(steps, start=1):
        used = [before + now for before, now in zip(used, step, strict=True)]
        looks.append(Look(float(moment), dict(enumerate(used, start=1))))
    found = idle_seconds(looks, 2, driver=1, workers=[2, 3])
    expected = {STARTING: 1.0, OTHER_WORKER: 0.8, DRIVER: 1.0, NOBODY: 1.6, ENDING: 2.5}
    assert found == {when: pytest.approx(expected[when]) for when in IDLE}
    assert sum(found.values()) == pytest.approx(2 * len(steps) - sum(map(sum, steps)))


def test_without_workers_all_is_the_start() -> None:
    found = idle_seconds([Look(0.0, {}), Look(2.0, {1: 1.0})], 2, driver=1, workers=[])
    assert found[STARTING] == pytest.approx(3.0)
