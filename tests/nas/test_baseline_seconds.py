from __future__ import annotations

import subprocess
import sys

import pytest

from nas.baseline_seconds import boosting_seconds, least_seconds


def test_boosting_is_expected_to_take_time_by_classes_rows_and_columns() -> None:
    def seconds(n_inputs: int, n_rows: int, n_classes: int) -> float:
        return boosting_seconds(n_inputs, n_rows, n_classes) - least_seconds(n_inputs, n_rows)

    assert seconds(10, 1000, 1) == seconds(10, 1000, 2)  # one tree an iteration
    assert seconds(10, 1000, 5) == pytest.approx(5 * seconds(10, 1000, 1))
    assert seconds(10, 2000, 1) > seconds(10, 1000, 1)
    # As many values in more columns take longer: each column has a histogram in each leaf.
    assert seconds(1000, 100, 1) > 10 * seconds(10, 10_000, 1)
    assert least_seconds(784, 60_000) > least_seconds(784, 6_000) > 0


def test_a_run_begins_without_loading_what_learns_baselines() -> None:
    code = "import sys, nas.run; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"sklearn", "pandas", "scipy.stats", "torch"} & set(result.stdout.split()) == set()
